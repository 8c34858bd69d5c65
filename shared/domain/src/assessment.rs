//! What a model is asked to write about a company.

use serde::{Deserialize, Serialize};

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Sanctions and watch lists.
    Sanctions,
    /// News of wrongdoing or distress.
    AdverseMedia,
    /// What the register says.
    Registry,
    /// The company's country.
    Country,
    /// Anything else.
    Other,
}

impl Category {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sanctions => "sanctions",
            Self::AdverseMedia => "adverse_media",
            Self::Registry => "registry",
            Self::Country => "country",
            Self::Other => "other",
        }
    }
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth weighing.
    Medium,
    /// Stands against doing business.
    High,
}

impl Severity {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A span of evidence that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Citation {
    /// The evidence.
    #[cfg_attr(feature = "openapi", schema(example = "E1"))]
    pub evidence_id: String,
    /// Words that stand in its text.
    pub quote: String,
}

/// One claim with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// What it is about.
    pub category: Category,
    /// How much it weighs.
    pub severity: Severity,
    /// The claim.
    pub statement: String,
    /// Its proof.
    pub citations: Vec<Citation>,
}

/// The short text at the head of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Summary {
    /// The text.
    pub text: String,
    /// The evidence it rests on.
    #[cfg_attr(feature = "openapi", schema(example = json!(["E1"])))]
    pub citations: Vec<String>,
}
