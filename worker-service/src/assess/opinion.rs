//! The form of a model's answer. The JSON Schema that the model receives is generated from these types, and
//! their doc comments are its descriptions: a changed comment is a changed prompt.

use std::sync::LazyLock;

use domain::{
    assessment::{Category, Citation, Finding, Severity, Summary},
    risk::Grade,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::form::AnswerForm;

/// An answer that follows the schema; its claims are not checked yet.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answered {
    /// The risk of doing business with the company: not under the floor that the rules give.
    pub(crate) level: Level,
    /// Two to five sentences for a compliance officer.
    pub(crate) summary: AnsweredSummary,
    /// One claim for each thing that the evidence shows and that bears on the risk.
    pub(crate) findings: Vec<AnsweredFinding>,
}

/// A level.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Level {
    Low,
    Medium,
    High,
}

/// The text at the report's head.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnsweredSummary {
    /// The sentences.
    pub(crate) text: String,
    /// Ids of the evidence that they rest on, such as E1.
    pub(crate) citations: Vec<String>,
}

/// A claim.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnsweredFinding {
    /// What it is about.
    pub(crate) category: AnsweredCategory,
    /// How much it weighs.
    pub(crate) severity: AnsweredSeverity,
    /// The claim, in one or two sentences.
    pub(crate) statement: String,
    /// The proof: at least one.
    pub(crate) citations: Vec<AnsweredCitation>,
}

/// A category.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnsweredCategory {
    Sanctions,
    AdverseMedia,
    Registry,
    Country,
    Other,
}

/// A severity.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AnsweredSeverity {
    Low,
    Medium,
    High,
}

/// A proof.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AnsweredCitation {
    /// Id of a piece of evidence, such as E1.
    pub(crate) evidence_id: String,
    /// A span copied letter by letter from its text.
    pub(crate) quote: String,
}

/// The part of an answer that passed the checks.
#[derive(Clone, Debug)]
pub(crate) struct Opinion {
    /// The level that the model proposes.
    pub(crate) level: Grade,
    /// The summary, if it passed.
    pub(crate) summary: Option<Summary>,
    /// The findings that passed.
    pub(crate) findings: Vec<Finding>,
}

/// The form of an assessment.
pub(super) static FORM: LazyLock<AnswerForm> = LazyLock::new(|| {
    AnswerForm::of::<Answered>("record_assessment", "Records the assessment of the company.")
});

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
