//! Risk from the evidence alone: versioned rules give a minimum level and a score that anybody can reproduce
//! offline. The rules themselves are defined by the sources; this module applies them.

mod rulebook;
mod rules;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::{
    rulebook::{Rulebook, RulebookError, RulebookPart},
    rules::{Rules, RulesError},
};
use super::{
    evidence::SourceName,
    unknown::{UnknownName, serialized_by_name},
};

/// The risk of doing business with a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskLevel {
    /// The evidence shows nothing significant, and every mandatory source answered.
    Low,
    /// The evidence shows something that a person should weigh.
    Medium,
    /// The evidence shows something that speaks against doing business.
    High,
    /// A mandatory source did not answer, so no level can be given.
    Undetermined,
    /// A level that only a later version knows.
    Unknown(UnknownName),
}

serialized_by_name!(RiskLevel, "The risk of doing business with a company.");

impl RiskLevel {
    /// Every level of this version.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Undetermined];

    /// Returns the level as reports, the API and metrics show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Undetermined => "UNDETERMINED",
            Self::Unknown(name) => name.as_str(),
        }
    }
}

impl fmt::Display for RiskLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A level that evidence can support: the scale of the rules' floor and of the model's opinion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Grade {
    /// See [`RiskLevel::Low`].
    #[default]
    Low,
    /// See [`RiskLevel::Medium`].
    Medium,
    /// See [`RiskLevel::High`].
    High,
}

impl Grade {
    /// Returns the grade as reports show it.
    pub fn as_str(self) -> &'static str {
        RiskLevel::from(self).as_str()
    }
}

impl From<Grade> for RiskLevel {
    fn from(grade: Grade) -> Self {
        match grade {
            Grade::Low => Self::Low,
            Grade::Medium => Self::Medium,
            Grade::High => Self::High,
        }
    }
}

/// A rule that applied, and the evidence that triggered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppliedRule {
    /// The rule's id.
    #[cfg_attr(feature = "openapi", schema(example = "sanctions.match"))]
    pub rule: String,
    /// The rule's effect on the report, in the report's language.
    pub effect: String,
    /// The evidence that triggered it.
    #[cfg_attr(feature = "openapi", schema(example = json!(["E3"])))]
    pub because: Vec<String>,
}

/// What a person has to decide before the report is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenDecision {
    /// What is to be decided, in the report's language.
    pub text: String,
    /// The rule that asks for it; absent if a check or the outcome of a source does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "sanctions.match"))]
    pub rule: Option<String>,
    /// The evidence that it is about; absent if it is about none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(example = json!(["E3"])))]
    pub evidence: Vec<String>,
}

impl OpenDecision {
    /// Returns a decision that no rule asks for.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), rule: None, evidence: Vec::new() }
    }
}

/// The result of applying the rules to a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesAssessment {
    /// The minimum level of the report if every mandatory source answered.
    pub floor: Grade,
    /// The risk score, from 0 to 100.
    pub score: u8,
    /// The rules that applied, in the order of the rules.
    pub rules: Vec<AppliedRule>,
    /// The mandatory sources without an answer. If there are any, the level is UNDETERMINED.
    pub missing: Vec<SourceName>,
    /// What the rules and the outcomes of the sources leave to a person. Mandatory sources without an answer are not
    /// among it.
    pub review: Vec<OpenDecision>,
}

impl RulesAssessment {
    /// Returns the level of the report, given the model's `opinion`: at least the floor, and UNDETERMINED
    /// if a mandatory source is missing.
    pub fn level(&self, opinion: Option<Grade>) -> RiskLevel {
        if self.missing.is_empty() {
            self.floor.max(opinion.unwrap_or_default()).into()
        } else {
            RiskLevel::Undetermined
        }
    }
}

#[cfg(test)]
mod tests;
