//! A finished report as data: the JSON artifact, from which the other forms are rendered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dropped {
    /// The claim.
    pub statement: String,
    /// The check it failed.
    pub reason: String,
}

/// What a report was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    /// The model as Bedrock names it; none where the summary was written from the rules alone.
    pub model: Option<String>,
    /// When the report was written.
    pub written_at: UtcTime,
}
