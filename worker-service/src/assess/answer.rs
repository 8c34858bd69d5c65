//! An answer of a model, in the form in which the journal stores it.

use aws_adapters::spending::LedgerEntry;
use domain::{
    document::{ModelParameters, PassedOver},
    report::Usage,
    usage::{Day, MicroUsd},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::price::Tokens;

/// The stop reason of a call that a guardrail blocked or changed.
pub(super) const GUARDRAIL_INTERVENED: &str = "guardrail_intervened";

/// An answer of a model.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelAnswer {
    /// Id of the model.
    pub model: String,
    /// Parameters of the call.
    #[serde(default)]
    pub parameters: ModelParameters,
    /// Version and SHA-256 of the prompt.
    pub prompt: String,
    /// The answer itself.
    pub content: Content,
    /// Why the model stopped.
    pub stop_reason: String,
    /// Tokens and cost.
    pub usage: Usage,
    /// Tokens by kind.
    #[serde(default)]
    pub tokens: Tokens,
    /// The budget reservation that pays for the answer; it may not be settled yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Payment>,
    /// Whether this is the report's first answer.
    #[serde(default)]
    pub first: bool,
    /// SHA-256 of each claim that the answer judges, in the order of the claims' ids; empty for an assessment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
    /// Models that were skipped before this one answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
}

/// The content of an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// JSON that should follow the schema; it is not validated yet.
    Structured(Value),
    /// Prose.
    Text(String),
}

/// The budget reservation that the cost of an answer is settled against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// The attempt that made the call.
    pub attempt: u32,
    /// Number of the call within its attempt.
    pub number: u32,
    /// The day whose budget pays.
    pub day: Day,
    /// The reserved amount.
    pub reserved: MicroUsd,
    /// The place of the call in the ledgers of the day; `None` if a worker of version 0.2.0 or earlier made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<LedgerEntry>,
}

impl ModelAnswer {
    /// Returns the number of findings if the answer is structured, otherwise 0.
    pub(crate) fn finding_count(&self) -> usize {
        match &self.content {
            Content::Structured(value) => value["findings"].as_array().map_or(0, Vec::len),
            Content::Text(_) => 0,
        }
    }

    /// Returns whether the answer was cut off at a token limit.
    pub(crate) fn is_cut_off(&self) -> bool {
        matches!(self.stop_reason.as_str(), "max_tokens" | "model_context_window_exceeded")
    }

    /// Returns whether the model, or a guardrail, declined to answer. Converse has no stop reason for a
    /// refusal by the model itself; `refusal` is the one of Anthropic's Messages API.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.stop_reason.as_str(), "content_filtered" | GUARDRAIL_INTERVENED | "refusal")
    }

    /// Returns whether the model ended its answer by itself. A filter or guardrail may have changed or removed
    /// a part of any other answer, even if it looks complete.
    pub(crate) fn ended_normally(&self) -> bool {
        matches!(self.stop_reason.as_str(), "end_turn" | "tool_use" | "stop_sequence")
    }
}
