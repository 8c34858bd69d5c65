//! An answer of the model, as the journal keeps it.

use domain::{
    document::{ModelParameters, PassedOver},
    report::Usage,
    usage::{Day, MicroUsd},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::catalogue::Tokens;

/// An answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelAnswer {
    /// Who answered.
    pub model: String,
    /// How it was asked.
    #[serde(default)]
    pub parameters: ModelParameters,
    /// The prompt that was answered: version and SHA-256.
    pub prompt: String,
    /// What.
    pub content: Content,
    /// Why the model stopped.
    pub stop_reason: String,
    /// What it cost.
    pub usage: Usage,
    /// Its tokens by kind.
    #[serde(default)]
    pub tokens: Tokens,
    /// The call that it is paid by, while it may not be settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Paid>,
    /// Whether it is the report's first.
    #[serde(default)]
    pub first: bool,
    /// Models that were to answer before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
}

/// What an answer holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// What is to follow the schema.
    Structured(Value),
    /// Prose.
    Text(String),
}

/// The reservation that an answer is settled against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paid {
    /// The attempt that made the call.
    pub attempt: u32,
    /// Which of the attempt's calls it was.
    pub number: u32,
    /// The day that it is counted on.
    pub day: Day,
    /// What was reserved for it.
    pub reserved: MicroUsd,
}

impl ModelAnswer {
    /// How many claims it makes, where it has the form of the schema.
    pub fn claims(&self) -> usize {
        match &self.content {
            Content::Structured(value) => value["findings"].as_array().map_or(0, Vec::len),
            Content::Text(_) => 0,
        }
    }

    /// Whether it ended at a limit of tokens.
    pub fn is_cut_off(&self) -> bool {
        matches!(self.stop_reason.as_str(), "max_tokens" | "model_context_window_exceeded")
    }

    /// Whether the model, or a guardrail before it, declined to answer. Converse names no stop reason for a
    /// refusal of the model's own: `refusal` is what Anthropic's Messages API calls it.
    pub fn is_refusal(&self) -> bool {
        matches!(self.stop_reason.as_str(), "content_filtered" | "guardrail_intervened" | "refusal")
    }
}
