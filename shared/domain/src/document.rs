//! A finished report as data: the JSON artifact, from which the other formats are rendered.

use serde::{Deserialize, Serialize};

use super::{
    assessment::{Finding, Summary},
    evidence::{Evidence, SourceName, SourceOutcome},
    identity::ReportId,
    number_check::NumberCheck,
    report::Review,
    request::ReportRequest,
    risk::{AppliedRule, OpenDecision, RiskLevel},
    time::UtcTime,
};

/// A finished report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The id of the report.
    pub report_id: ReportId,
    /// The request, which names the company.
    pub company: ReportRequest,
    /// How far the company's number was verified, in the language of the report; absent in reports of version 0.2 and
    /// earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_check: Option<NumberCheck>,
    /// The risk level.
    pub risk_level: RiskLevel,
    /// The risk score from 0 to 100, computed by the rules alone.
    pub risk_score: u8,
    /// The rules that applied.
    pub rules: Vec<AppliedRule>,
    /// The summary.
    pub summary: Summary,
    /// The findings, each with its citations.
    pub findings: Vec<Finding>,
    /// The evidence that the findings cite.
    pub evidence: Vec<Evidence>,
    /// The outcome of each source.
    pub sources: Vec<SourceOutcome>,
    /// The mandatory sources without an answer, because of which the level is UNDETERMINED; absent if all answered, and in
    /// reports of version 0.2 and earlier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_sources: Vec<SourceName>,
    /// Findings of the model that failed a check.
    pub dropped: Vec<Dropped>,
    /// Whether a person must review the report, and why.
    pub review: Review,
    /// The reasons for the review with the rules and evidence that they are about, in the same order; absent if there are
    /// none, and in reports of version 0.2 and earlier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_decisions: Vec<OpenDecision>,
    /// The versions that the report was made with.
    pub versions: Versions,
}

/// A finding of the model that failed a check and was dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dropped {
    /// The statement of the finding.
    pub statement: String,
    /// The check that it failed.
    pub reason: String,
}

/// The versions of everything that a report was made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Versions {
    /// The version of Dossier.
    pub dossier: String,
    /// The version of the rules.
    pub rules: String,
    /// The lists, tables and vocabularies of the sources, with version, size and date.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Name, version and SHA-256 of the prompt.
    pub prompt: String,
    /// The Bedrock model id; null if the report contains no text of a model.
    pub model: Option<String>,
    /// The parameters of the model call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_parameters: Option<ModelParameters>,
    /// Models that were tried before, and why they were not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
    /// What verified the claims; absent if nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<VerifierVersion>,
    /// When the report was rendered.
    pub written_at: UtcTime,
}

/// The model or guardrail that verified the claims of a report against the evidence that they cite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct VerifierVersion {
    /// The Bedrock model id, or `guardrail ID:VERSION`.
    pub id: String,
    /// Name, version and SHA-256 of its prompt, or the name of the method.
    pub prompt: String,
    /// Whether the claims were verified, and if not, why.
    pub outcome: VerificationOutcome,
    /// The parameters of its last answer; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<ModelParameters>,
}

/// The outcome of a verification. After any but the first, a person must review the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerificationOutcome {
    /// Each claim has a verdict.
    Verified,
    /// The verifier declined to answer.
    Refused,
    /// The answers of the verifier could not be used.
    Unusable,
    /// The verifier did not answer.
    Unavailable,
    /// The verification would have exceeded a budget.
    BudgetExceeded,
    /// The verification would have exceeded the number of paid calls.
    PaidCallsExceeded,
    /// Some claims have no verdict, because the verifier does not support their language or that of the evidence
    /// that they cite.
    UnsupportedLanguage,
}

impl VerificationOutcome {
    /// Returns the name used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Refused => "refused",
            Self::Unusable => "unusable",
            Self::Unavailable => "unavailable",
            Self::BudgetExceeded => "budget_exceeded",
            Self::PaidCallsExceeded => "paid_calls_exceeded",
            Self::UnsupportedLanguage => "unsupported_language",
        }
    }
}

/// The parameters of a model call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ModelParameters {
    /// How the answer schema was enforced: `native` or `tool`.
    pub structured_output: String,
    /// The maximum number of tokens of an answer.
    pub max_tokens: u32,
    /// The temperature, if one was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Whether prompt caching was requested.
    pub prompt_cache: bool,
    /// The guardrail, as `id:version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail: Option<String>,
    /// The service tier.
    pub service_tier: String,
    /// The version of the price table.
    pub prices: String,
}

/// A model that was tried, but whose answer was missing or not usable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PassedOver {
    /// The Bedrock model id.
    pub model: String,
    /// Why the next model was tried.
    pub because: FallbackReason,
}

/// Why a model was passed over. Its name in published schemas is that of an earlier version, because clients
/// are generated from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PassedOverBecause, description = "Why a model was passed over."))]
#[serde(rename_all = "lowercase")]
pub enum FallbackReason {
    /// It declined to answer.
    Refusal,
    /// Its answers failed the checks twice.
    Invalid,
    /// It did not answer.
    Outage,
}

impl FallbackReason {
    /// Returns the name used in reports and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::Invalid => "invalid",
            Self::Outage => "outage",
        }
    }
}
