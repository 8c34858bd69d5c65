//! A finished report as data: the JSON artifact, from which the other forms are rendered.

use serde::{Deserialize, Serialize};

use super::{
    assessment::{Finding, Summary},
    evidence::{Evidence, SourceOutcome},
    identity::ReportId,
    report::Review,
    request::ReportRequest,
    risk::{AppliedRule, RiskLevel},
    time::UtcTime,
};

/// A finished report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The report's id.
    pub report_id: ReportId,
    /// The company as it was asked about.
    pub company: ReportRequest,
    /// The verdict.
    pub risk_level: RiskLevel,
    /// From 0 to 100, by the rules alone.
    pub risk_score: u8,
    /// The rules that were set off.
    pub rules: Vec<AppliedRule>,
    /// The short text at the head.
    pub summary: Summary,
    /// The claims, each with its proof.
    pub findings: Vec<Finding>,
    /// What they rest on.
    pub evidence: Vec<Evidence>,
    /// How each source went.
    pub sources: Vec<SourceOutcome>,
    /// Claims of the model that failed a check.
    pub dropped: Vec<Dropped>,
    /// Whether a person must look, and why.
    pub review: Review,
    /// What the report was made with.
    pub versions: Versions,
}

/// A claim of the model that failed a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dropped {
    /// The claim.
    pub statement: String,
    /// The check it failed.
    pub reason: String,
}

/// What a report was made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Versions {
    /// Dossier's own version.
    pub dossier: String,
    /// The version of the rules.
    pub rules: String,
    /// What the sources were made with: lists, tables and vocabularies with version, size and date.
    #[serde(default)]
    pub sources: Vec<String>,
    /// The prompt's name, version and SHA-256.
    pub prompt: String,
    /// The model as Bedrock names it; none where no words of a model were used.
    pub model: Option<String>,
    /// How that model was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_parameters: Option<ModelParameters>,
    /// Models that were to answer before, and why they did not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
    /// When the report was written.
    pub written_at: UtcTime,
}

/// How a model was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ModelParameters {
    /// How the schema was enforced: `native` or `tool`.
    pub structured_output: String,
    /// Most tokens of an answer.
    pub max_tokens: u32,
    /// The temperature that was sent, if one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Whether the prompt was marked for the prompt cache.
    pub prompt_cache: bool,
    /// The guardrail, as `id:version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail: Option<String>,
    /// The service tier.
    pub service_tier: String,
    /// The version of the price table.
    pub prices: String,
}

/// A model that was to answer and did not, or not well enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PassedOver {
    /// The model.
    pub model: String,
    /// Why another one was asked.
    pub because: PassedOverBecause,
}

/// Why another model was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PassedOverBecause {
    /// It declined to answer.
    Refusal,
    /// Its answers failed the checks twice.
    Invalid,
    /// It gave no answer.
    Outage,
}

impl PassedOverBecause {
    /// Its name in reports and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::Invalid => "invalid",
            Self::Outage => "outage",
        }
    }
}
