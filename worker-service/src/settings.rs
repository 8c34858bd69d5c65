//! The settings of a worker.

use std::{net::SocketAddr, time::Duration};

use aws_adapters::settings::{AWS_SETTINGS, AwsSettings};
use domain::usage::MicroUsd;
use reqwest::Url;
use service_runtime::{
    config::{ConfigErrors, Environment, Presence, Reader, Setting, concatenate, parts},
    settings,
};
use telemetry::{TELEMETRY_SETTINGS, TelemetrySettings};

use crate::assess::{
    catalogue::{Catalogue, Tier},
    model_budget::Budgets,
    prompt::Prompt,
};

settings! {
    /// The settings of the worker without those of the sources.
    OWN_SETTINGS:
    CONCURRENCY = "DOSSIER_WORKER_CONCURRENCY", Presence::Default("4"), "reports that one worker works on at a time, 1 to 256";
    TENANT_MAX = "DOSSIER_TENANT_MAX_IN_PROGRESS", Presence::Default("0"),
        "reports of one tenant that all workers together work on at a time, so that one tenant's thousand do not hold up another's one; 0 sets no bound";
    DRAIN_SECONDS = "DOSSIER_WORKER_DRAIN_SECONDS", Presence::Default("60"),
        "seconds that reports in work get after SIGTERM before they are given back, 0 to 3600";
    SWEEP_SECONDS = "DOSSIER_SWEEP_SECONDS", Presence::Default("30"),
        "seconds between two looks for reports that nobody works on, 1 to 3600";
    CALLBACK_DLQ_URL = "DOSSIER_CALLBACK_DLQ_URL", Presence::Required, "URL of the SQS dead-letter queue of call-backs";
    PRIVATE_CALLBACKS = "DOSSIER_PRIVATE_CALLBACKS", Presence::Optional,
        "hosts that may get call-backs although their names lead into the private network, separated by commas; all others are refused there";
    DLQ_URL = "DOSSIER_DLQ_URL", Presence::Required, "URL of the SQS dead-letter queue of reports";
    ECS_AGENT = "ECS_AGENT_URI", Presence::Optional,
        "URL of the ECS agent, which ECS sets: with it the worker asks not to be scaled in while it works on reports";
    HEALTH_BIND = "DOSSIER_HEALTH_BIND", Presence::Optional,
        "address and port at which the worker tells whether it is alive, for worker-service healthcheck; container images set it";
    MODEL_ID = "DOSSIER_MODEL_ID", Presence::Required,
        "ids or inference profiles of the Bedrock models that assess, separated by commas: the first answers, the next one where it declines, fails the checks twice or is out of order";
    MODELS = "DOSSIER_MODELS", Presence::Optional,
        "what is to be known of models beside what is built in, as TOML in the form of models.toml: a file's path, or the text itself, which is told from a path by an equals sign";
    MODEL_MAX_TOKENS = "DOSSIER_MODEL_MAX_TOKENS", Presence::Default("4096"), "tokens that one answer of the model may have, 256 to 64000";
    MODEL_SECONDS = "DOSSIER_MODEL_SECONDS", Presence::Default("120"), "seconds that one answer of the model may take, 1 to 3600";
    MODEL_TIER = "DOSSIER_MODEL_SERVICE_TIER", Presence::Default("default"), "service tier of Bedrock: default, priority, flex or reserved";
    GUARDRAIL_ID = "DOSSIER_GUARDRAIL_ID", Presence::Optional, "id or ARN of the guardrail of Bedrock that question and answer go through";
    GUARDRAIL_VERSION = "DOSSIER_GUARDRAIL_VERSION", Presence::Optional, "version of that guardrail, a number or DRAFT";
    PROMPT = "DOSSIER_PROMPT", Presence::Optional, "version of the prompt; without it the newest";
    BUDGET_REPORT = "DOSSIER_BUDGET_REPORT_USD", Presence::Default("1"),
        "US dollars that the model may cost for one report; over it the report ends as budget_exceeded; 0 sets no bound";
    BUDGET_TENANT_DAY = "DOSSIER_BUDGET_TENANT_DAY_USD", Presence::Default("0"),
        "US dollars that the model may cost for all reports of a tenant on one day (UTC); 0 sets no bound";
}

/// The settings that only a worker has: its own, and those of the sources of evidence.
pub const WORKER_SETTINGS: &[Setting] =
    &concatenate::<{ OWN_SETTINGS.len() + sources::SETTINGS.len() }>(&[OWN_SETTINGS, sources::SETTINGS]);

/// Every setting that a worker reads.
pub const ALL: &[&[Setting]] = &[WORKER_SETTINGS, AWS_SETTINGS, TELEMETRY_SETTINGS];

/// How a worker is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Reports in work at a time.
    pub concurrency: usize,
    /// Reports of one tenant in work at a time, on all workers together; none sets no bound.
    pub tenant_max: Option<usize>,
    /// How long reports in work get when the worker stops.
    pub drain: Duration,
    /// How often to look for reports that nobody works on.
    pub sweep_interval: Duration,
    /// URL of the dead-letter queue.
    pub dlq_url: String,
    /// URL of the dead-letter queue of call-backs.
    pub callback_dlq_url: String,
    /// Hosts that may get call-backs in the private network.
    pub private_callbacks: Vec<String>,
    /// URL of the ECS agent.
    pub ecs_agent: Option<Url>,
    /// Where to tell whether the worker is alive.
    pub health_bind: Option<SocketAddr>,
    /// The models.
    pub model: ModelSettings,
    /// The sources of evidence.
    pub sources: sources::Settings,
    /// The adapters and the lifecycle.
    pub aws: AwsSettings,
    /// Logs, traces and metrics.
    pub telemetry: TelemetrySettings,
}

/// Which models assess, and how.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// Ids or inference profiles, as Bedrock names them, in the order in which they are asked.
    pub ids: Vec<String>,
    /// What is known of models.
    pub catalogue: Catalogue,
    /// Longest answer, in tokens.
    pub max_tokens: u32,
    /// How long one answer may take.
    pub timeout: Duration,
    /// The service tier.
    pub tier: Tier,
    /// Id and version of the guardrail.
    pub guardrail: Option<(String, String)>,
    /// The prompt.
    pub prompt: &'static Prompt,
    /// What may be spent.
    pub budgets: Budgets,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(environment);
        let concurrency = reader.number(&CONCURRENCY, 1, 256);
        let tenant_max = reader.number(&TENANT_MAX, 0, 100_000);
        let drain = reader.seconds(&DRAIN_SECONDS, 0, 3600);
        let sweep_interval = reader.seconds(&SWEEP_SECONDS, 1, 3600);
        let dlq_url = reader.parse::<Url>(&DLQ_URL).map(String::from);
        let callback_dlq_url = reader.parse::<Url>(&CALLBACK_DLQ_URL).map(String::from);
        let private_callbacks = reader.text(&PRIVATE_CALLBACKS).unwrap_or_default();
        let ecs_agent = reader.parse(&ECS_AGENT);
        let health_bind = reader.parse(&HEALTH_BIND);
        let model = ModelSettings::read(&mut reader);
        let sources = sources::Settings::read(&mut reader);
        let aws = AwsSettings::read(&mut reader);
        let telemetry = TelemetrySettings::read(&mut reader);
        let settings = || {
            Some(Self {
                concurrency: usize::try_from(concurrency?).ok()?,
                tenant_max: usize::try_from(tenant_max?).ok().filter(|most| *most > 0),
                drain: drain?,
                sweep_interval: sweep_interval?,
                dlq_url: dlq_url?,
                callback_dlq_url: callback_dlq_url?,
                private_callbacks: parts(&private_callbacks, ',').map(str::to_owned).collect(),
                ecs_agent,
                health_bind,
                model: model?,
                sources: sources?,
                aws: aws?,
                telemetry: telemetry?,
            })
        };
        reader.finish(settings())
    }
}

impl ModelSettings {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let listed = reader.text(&MODEL_ID);
        let ids: Vec<String> = parts(listed.as_deref().unwrap_or_default(), ',').map(str::to_owned).collect();
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
        let guardrail = match (reader.text(&GUARDRAIL_ID), reader.text(&GUARDRAIL_VERSION)) {
            (Some(_), None) => {
                reader.fail(&GUARDRAIL_VERSION, "is not set, and DOSSIER_GUARDRAIL_ID is");
                None
            }
            (id, version) => id.zip(version),
        };
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
            timeout: timeout?,
            tier: tier?,
            guardrail,
            prompt: prompt?,
            budgets: Budgets { report: report?, tenant_day: tenant_day? },
        })
    }
}

/// A budget in US dollars; zero sets no bound.
fn budget(reader: &mut Reader<'_>, setting: &Setting) -> Option<Option<MicroUsd>> {
    let usd: f64 = reader.parse(setting)?;
    if (0.0..=1_000_000.0).contains(&usd) {
        return Some(Some(MicroUsd::from_usd(usd)).filter(|budget| *budget > MicroUsd::default()));
    }
    reader.fail(setting, "is no amount: use a number from 0 to 1000000");
    None
}

/// Where a worker with the settings in `environment` tells whether it is alive; its other settings are not looked at.
///
/// # Errors
/// When the setting is no address.
pub fn health_bind(environment: &Environment) -> Result<Option<SocketAddr>, ConfigErrors> {
    let mut reader = Reader::new(environment);
    let bind = reader.parse(&HEALTH_BIND);
    reader.finish(Some(bind))
}
