//! The settings of the models, their prompt and their budgets.

use std::str::FromStr;

use domain::usage::MicroUsd;
use service_runtime::{
    config::{ConfigErrors, Environment, Presence, Reader, Setting},
    settings,
};

use super::{bedrock::Timeouts, catalogue::Catalogue, price::Tier, prompt::Prompt, residency::Residency};
use crate::list::comma_separated;

settings! {
    /// The settings of the models that assess reports.
    MODEL_SETTINGS:
    MODEL_ID = "DOSSIER_MODEL_ID", Presence::Required,
        "ids or inference profiles of the Bedrock models that assess, separated by commas, in order of preference: the next model is asked if the one before it declines, fails the checks twice or is unavailable";
    MODELS = "DOSSIER_MODELS", Presence::Optional,
        "models in addition to the built-in ones, as TOML in the format of models.toml: the path of a file, or the text itself (a value that contains an equals sign is text)";
    MODEL_MAX_TOKENS = "DOSSIER_MODEL_MAX_TOKENS", Presence::Default("4096"), "maximum number of tokens in one answer of the model, 256 to 64000";
    MODEL_SECONDS = "DOSSIER_MODEL_SECONDS", Presence::Default("120"), "timeout of one call of the model, in seconds, 1 to 3600";
    MODEL_FIRST_SECONDS = "DOSSIER_MODEL_FIRST_SECONDS", Presence::Default("300"), "timeout of the first call of a model with native structured output, during which Bedrock compiles the schema of the answer, in seconds, 1 to 3600; at least DOSSIER_MODEL_SECONDS applies";
    MODEL_CALLS = "DOSSIER_MODEL_CALLS_MAX", Presence::Default("12"), "maximum number of paid calls of models for one report over all its attempts, 1 to 1000: its answers, and its calls whose answers were lost, of today and, if it was submitted or resubmitted before today, of yesterday (UTC); a report that would exceed it fails with paid_calls_exceeded. The count begins anew when its evidence became too old and is gathered again";
    MODEL_TIER = "DOSSIER_MODEL_SERVICE_TIER", Presence::Default("default"), "service tier of Bedrock: default, priority, flex or reserved";
    MODEL_RESIDENCY = "DOSSIER_MODEL_RESIDENCY", Presence::Default("any"),
        "where models may process prompts: any, as their inference profiles say; geography, that of the Region, such as eu.; or region, without any profile and without the standard tier of guardrails";
    GUARDRAIL_ID = "DOSSIER_GUARDRAIL_ID", Presence::Optional, "id or ARN of the Bedrock guardrail that questions and answers pass through";
    GUARDRAIL_VERSION = "DOSSIER_GUARDRAIL_VERSION", Presence::Optional, "version of the guardrail, a number or DRAFT";
    VERIFIER = "DOSSIER_VERIFIER", Presence::Default("model"), "what verifies the claims of a report against the evidence that they cite: model, guardrail (Bedrock's contextual grounding check) or none";
    VERIFIER_MODEL_ID = "DOSSIER_VERIFIER_MODEL_ID", Presence::Optional, "id or inference profile of the Bedrock model that verifies claims; the cheapest of DOSSIER_MODEL_ID if not set";
    VERIFIER_GUARDRAIL_ID = "DOSSIER_VERIFIER_GUARDRAIL_ID", Presence::Optional, "id or ARN of the Bedrock guardrail that verifies claims; it needs a contextual grounding policy";
    VERIFIER_GUARDRAIL_VERSION = "DOSSIER_VERIFIER_GUARDRAIL_VERSION", Presence::Optional, "version of that guardrail, a number or DRAFT";
    VERIFIER_GUARDRAIL_TIER = "DOSSIER_VERIFIER_GUARDRAIL_TIER", Presence::Default("classic"), "safeguard tier of that guardrail's contextual grounding policy: classic, which judges only claims and evidence in English, French and Spanish, or standard";
    PROMPT = "DOSSIER_PROMPT", Presence::Optional, "version of the prompt; the newest if not set";
    BUDGET_REPORT = "DOSSIER_BUDGET_REPORT_USD", Presence::Default("1"),
        "maximum cost of the model for one report, in US dollars; a report that would exceed it fails with budget_exceeded; 0 means no limit";
    BUDGET_TENANT_DAY = "DOSSIER_BUDGET_TENANT_DAY_USD", Presence::Default("0"),
        "maximum cost of the model for all reports of a tenant in one day (UTC), in US dollars; 0 means no limit";
}

/// The settings of the models: which ones assess reports, and how they are called.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// Ids or inference profiles, as Bedrock names them, in order of preference.
    pub ids: Vec<String>,
    /// Capabilities, quotas and prices of models.
    pub catalogue: Catalogue,
    /// Maximum length of an answer, in tokens.
    pub max_tokens: u32,
    /// Timeouts of one call.
    pub(super) timeouts: Timeouts,
    /// Service tier of Bedrock.
    pub tier: Tier,
    /// Where models may process prompts.
    pub residency: Residency,
    /// Id and version of the guardrail.
    pub guardrail: Option<(String, String)>,
    /// What verifies the claims of a report.
    pub verifier: VerifierSettings,
    /// The prompt.
    pub prompt: &'static Prompt,
    /// Limits on spending.
    pub budgets: Budgets,
}

/// What verifies the claims of a report against the evidence that they cite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifierSettings {
    /// Nothing: only the checks apply.
    None,
    /// The model with this id, or the cheapest of the models that assess.
    Model(Option<String>),
    /// Bedrock's contextual grounding check, by this guardrail.
    Guardrail(VerifierGuardrail),
}

/// A guardrail that verifies claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierGuardrail {
    /// Id or ARN.
    pub id: String,
    /// Version: a number or DRAFT.
    pub version: String,
    /// Tier of its contextual grounding policy.
    pub tier: SafeguardTier,
}

/// The safeguard tier of a policy ("Safeguard tiers for guardrails policies", Amazon Bedrock User Guide, 2026-11-28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SafeguardTier {
    /// Supports English, French and Spanish.
    Classic,
    /// Supports more languages, with cross-Region inference.
    Standard,
}

impl FromStr for SafeguardTier {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "classic" => Ok(Self::Classic),
            "standard" => Ok(Self::Standard),
            _ => Err("use classic or standard"),
        }
    }
}

/// Limits on what the models may cost.
#[derive(Clone, Copy, Debug)]
pub struct Budgets {
    /// Maximum number of paid calls for one report.
    pub calls: u32,
    /// Budget of one report; `None` means no limit.
    pub report: Option<MicroUsd>,
    /// Budget of a tenant for one day in UTC; `None` means no limit.
    pub tenant_day: Option<MicroUsd>,
}

impl ModelSettings {
    /// Reads the settings from `environment`, for a command that needs no other ones.
    ///
    /// # Errors
    /// Returns [`ConfigErrors`] with every error if any setting cannot be used.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(environment);
        let settings = Self::read(&mut reader);
        reader.finish(settings)
    }

    /// Reads the settings; errors are collected by `reader`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let listed = reader.text(&MODEL_ID);
        let ids = comma_separated(listed.as_deref().unwrap_or_default());
        if listed.is_some() && ids.is_empty() {
            reader.fail(&MODEL_ID, "names no model");
        }
        let catalogue = match reader.text(&MODELS) {
            Some(text) => reader.convert(&MODELS, text.parse()),
            None => Some(Catalogue::built_in().clone()),
        };
        let max_tokens = reader.number(&MODEL_MAX_TOKENS, 256, 64_000);
        let timeout = reader.seconds(&MODEL_SECONDS, 1, 3600);
        let tier = reader.parse(&MODEL_TIER);
        let first_timeout = reader.seconds(&MODEL_FIRST_SECONDS, 1, 3600);
        let calls = reader.number(&MODEL_CALLS, 1, 1_000);
        let residency = reader.parse(&MODEL_RESIDENCY);
        let guardrail = guardrail(reader, &GUARDRAIL_ID, &GUARDRAIL_VERSION);
        let verifier = verifier(reader);
        let is_standard = |guardrail: &VerifierGuardrail| guardrail.tier == SafeguardTier::Standard;
        if residency == Some(Residency::Region)
            && matches!(&verifier, Some(VerifierSettings::Guardrail(guardrail)) if is_standard(guardrail))
        {
            reader.fail(
                &MODEL_RESIDENCY,
                "is region, but the standard tier of a guardrail needs other Regions",
            );
        }
        let prompt = match reader.text(&PROMPT) {
            Some(version) => reader.convert(&PROMPT, Prompt::find(&version)),
            None => Some(Prompt::current()),
        };
        let report = budget(reader, &BUDGET_REPORT);
        let tenant_day = budget(reader, &BUDGET_TENANT_DAY);
        Some(Self {
            ids,
            catalogue: catalogue?,
            max_tokens: u32::try_from(max_tokens?).ok()?,
            timeouts: Timeouts { call: timeout?, first_call: first_timeout?.max(timeout?) },
            tier: tier?,
            residency: residency?,
            guardrail,
            verifier: verifier?,
            prompt: prompt?,
            budgets: Budgets { calls: u32::try_from(calls?).ok()?, report: report?, tenant_day: tenant_day? },
        })
    }
}

/// Reads the id and the version of a guardrail. Returns `None` if it is not set.
fn guardrail(reader: &mut Reader<'_>, id: &Setting, version: &Setting) -> Option<(String, String)> {
    match (reader.text(id), reader.text(version)) {
        (Some(_), None) => {
            reader.fail(version, format!("is not set, but {} is", id.name));
            None
        }
        (id, version) => id.zip(version),
    }
}

fn verifier(reader: &mut Reader<'_>) -> Option<VerifierSettings> {
    let guardrail = guardrail(reader, &VERIFIER_GUARDRAIL_ID, &VERIFIER_GUARDRAIL_VERSION);
    let tier = reader.parse(&VERIFIER_GUARDRAIL_TIER);
    let model = reader.text(&VERIFIER_MODEL_ID);
    match (reader.text(&VERIFIER)?.as_str(), guardrail) {
        ("none", _) => Some(VerifierSettings::None),
        ("model", _) => Some(VerifierSettings::Model(model)),
        ("guardrail", Some((id, version))) => {
            Some(VerifierSettings::Guardrail(VerifierGuardrail { id, version, tier: tier? }))
        }
        ("guardrail", None) => {
            reader.fail(&VERIFIER_GUARDRAIL_ID, "is not set, but DOSSIER_VERIFIER is guardrail");
            None
        }
        _ => {
            reader.fail(&VERIFIER, "is not a verifier: use model, guardrail or none");
            None
        }
    }
}

/// Reads a budget in US dollars. Returns `None` if it is not valid, and `Some(None)` for 0, which means no
/// limit.
fn budget(reader: &mut Reader<'_>, setting: &Setting) -> Option<Option<MicroUsd>> {
    let usd: f64 = reader.parse(setting)?;
    if (0.0..=1_000_000.0).contains(&usd) {
        return Some(Some(MicroUsd::from_usd(usd)).filter(|budget| *budget > MicroUsd::default()));
    }
    reader.fail(setting, "is not an amount: use a number from 0 to 1000000");
    None
}
