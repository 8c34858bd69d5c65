//! What the model is to answer: the JSON Schema of the answer comes from these types.

use domain::{
    assessment::{Category, Citation, Finding, Severity, Summary},
    risk::Grade,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// An answer that follows the schema; its claims are not checked yet.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The risk of doing business with the company: not under the floor that the rules give.
    pub level: Level,
    /// Two to five sentences for a compliance officer.
    pub summary: AnsweredSummary,
    /// One claim for each thing that the evidence shows and that bears on the risk.
    pub findings: Vec<AnsweredFinding>,
}

/// A level.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Low,
    Medium,
    High,
}

/// The text at the report's head.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnsweredSummary {
    /// The sentences.
    pub text: String,
    /// Ids of the evidence that they rest on, such as E1.
    pub citations: Vec<String>,
}

/// A claim.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnsweredFinding {
    /// What it is about.
    pub category: AnsweredCategory,
    /// How much it weighs.
    pub severity: AnsweredSeverity,
    /// The claim, in one or two sentences.
    pub statement: String,
    /// The proof: at least one.
    pub citations: Vec<AnsweredCitation>,
}

/// A category.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum AnsweredCategory {
    Sanctions,
    AdverseMedia,
    Registry,
    Country,
    Other,
}

/// A severity.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum AnsweredSeverity {
    Low,
    Medium,
    High,
}

/// A proof.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnsweredCitation {
    /// Id of a piece of evidence, such as E1.
    pub evidence_id: String,
    /// A span copied letter by letter from its text.
    pub quote: String,
}

/// What is left of an answer after the checks.
#[derive(Clone, Debug)]
pub struct Opinion {
    /// The level that the model gives.
    pub level: Grade,
    /// Its summary, if that stood up.
    pub summary: Option<Summary>,
    /// Its claims that stood up.
    pub findings: Vec<Finding>,
}

/// The JSON Schema of an answer, without references, which not every model follows.
pub fn schema() -> Value {
    let mut settings = schemars::generate::SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings.into_generator().into_root_schema_for::<Answered>().to_value()
}

impl From<Level> for Grade {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
        }
    }
}

impl From<AnsweredFinding> for Finding {
    fn from(finding: AnsweredFinding) -> Self {
        let AnsweredFinding { category, severity, statement, citations } = finding;
        let category = match category {
            AnsweredCategory::Sanctions => Category::Sanctions,
            AnsweredCategory::AdverseMedia => Category::AdverseMedia,
            AnsweredCategory::Registry => Category::Registry,
            AnsweredCategory::Country => Category::Country,
            AnsweredCategory::Other => Category::Other,
        };
        let severity = match severity {
            AnsweredSeverity::Low => Severity::Low,
            AnsweredSeverity::Medium => Severity::Medium,
            AnsweredSeverity::High => Severity::High,
        };
        let citations = citations
            .into_iter()
            .map(|AnsweredCitation { evidence_id, quote }| Citation { evidence_id, quote });
        Self { category, severity, statement, citations: citations.collect() }
    }
}
