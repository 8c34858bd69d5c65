//! The model's assessment of a company: findings with citations, and a summary.

use serde::{Deserialize, Serialize};

/// The subject of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Sanctions and watch lists.
    Sanctions,
    /// News about wrongdoing or financial distress.
    AdverseMedia,
    /// Facts from the company register.
    Registry,
    /// The country of the company.
    Country,
    /// Anything else.
    Other,
}

impl Category {
    /// Returns the name used in reports.
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

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For information.
    Low,
    /// To be considered in the decision.
    Medium,
    /// Speaks against doing business with the company.
    High,
}

impl Severity {
    /// Returns the name used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A quotation from the evidence that supports a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Citation {
    /// The id of the evidence.
    #[cfg_attr(feature = "openapi", schema(example = "E1"))]
    pub evidence_id: String,
    /// A verbatim quotation from the text of the evidence.
    pub quote: String,
}

/// One claim with the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// The subject.
    pub category: Category,
    /// The severity.
    pub severity: Severity,
    /// The claim.
    pub statement: String,
    /// The quotations that support it.
    pub citations: Vec<Citation>,
}

/// The summary at the beginning of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Summary {
    /// The text.
    pub text: String,
    /// The ids of the evidence that supports it.
    #[cfg_attr(feature = "openapi", schema(example = json!(["E1"])))]
    pub citations: Vec<String>,
}
