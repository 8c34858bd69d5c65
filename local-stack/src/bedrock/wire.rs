//! The Converse API on the wire: the relevant parts of a request, answers, and errors in the format of AWS.

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, http::HeaderName};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// A Converse request. Content blocks stay JSON, because they are unions with one key.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConverseRequest {
    #[serde(default)]
    pub(super) messages: Vec<Message>,
    #[serde(default)]
    pub(super) system: Vec<Value>,
    pub(super) inference_config: Option<InferenceConfig>,
    pub(super) tool_config: Option<ToolConfig>,
    pub(super) output_config: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) role: Role,
    pub(super) content: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    User,
    Assistant,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InferenceConfig {
    pub(super) max_tokens: Option<u64>,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) stop_sequences: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig {
    #[serde(default)]
    tools: Vec<Value>,
    pub(super) tool_choice: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolSpec {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) input_schema: InputSchema,
}

#[derive(Debug, Deserialize)]
pub(super) struct InputSchema {
    pub(super) json: Value,
}

impl ToolConfig {
    /// Returns the specifications of the tools. Skips the cache points between them.
    pub(super) fn specs(&self) -> Result<Vec<ToolSpec>, ConverseError> {
        self.tools
            .iter()
            .filter_map(|tool| tool.get("toolSpec"))
            .map(|spec| {
                serde_json::from_value(spec.clone()).map_err(|error| {
                    ConverseError::validation(format!("toolConfig.tools: toolSpec: {error}"))
                })
            })
            .collect()
    }
}

impl Message {
    /// Returns the text blocks, one per line.
    pub(super) fn text(&self) -> String {
        let texts: Vec<_> = self.content.iter().filter_map(|block| block.get("text")?.as_str()).collect();
        texts.join("\n")
    }
}

/// Token counts as Bedrock bills them. `input` excludes cached input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cache_read: u64,
}

/// The answer of the model.
#[derive(Debug, PartialEq)]
pub(super) struct ConverseAnswer {
    pub(super) stop_reason: &'static str,
    pub(super) content: Vec<Value>,
}

impl ConverseAnswer {
    pub(super) fn text(stop_reason: &'static str, text: impl Into<String>) -> Self {
        Self { stop_reason, content: vec![json!({ "text": text.into() })] }
    }

    pub(super) fn tool_use(id: &str, name: &str, input: &Value) -> Self {
        Self { stop_reason: "tool_use", content: vec![tool_use_block(id, name, input)] }
    }

    /// Returns the response, with usage estimated at four bytes per token.
    pub(super) fn into_json(self, request: &[u8], latency_ms: u64) -> Value {
        let answer_bytes = Value::Array(self.content.clone()).to_string().len();
        let (input, output) = (estimated_tokens(request.len()), estimated_tokens(answer_bytes));
        let usage = Usage { input, output, cache_read: 0 };
        BilledAnswer { answer: self, usage }.into_json(latency_ms)
    }
}

/// An answer with its token usage.
#[derive(Debug)]
pub(super) struct BilledAnswer {
    pub(super) answer: ConverseAnswer,
    pub(super) usage: Usage,
}

impl BilledAnswer {
    pub(super) fn into_json(self, latency_ms: u64) -> Value {
        let Usage { input, output, cache_read } = self.usage;
        json!({
            "output": { "message": { "role": "assistant", "content": self.answer.content } },
            "stopReason": self.answer.stop_reason,
            "usage": {
                "inputTokens": input,
                "outputTokens": output,
                "totalTokens": input + output + cache_read,
                "cacheReadInputTokens": cache_read,
                "cacheWriteInputTokens": 0,
            },
            "metrics": { "latencyMs": latency_ms },
        })
    }
}

/// Returns the estimated number of tokens in `bytes` of text.
pub(super) fn estimated_tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}

pub(super) fn tool_use_block(id: &str, name: &str, input: &Value) -> Value {
    json!({ "toolUse": { "toolUseId": id, "name": name, "input": input } })
}

/// Returns an id in the format of Bedrock's tool use ids.
pub(super) fn tool_use_id() -> String {
    format!("tooluse_{}", Uuid::now_v7().simple())
}

/// The errors of Converse that the stand-in returns, with the status and name of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorKind {
    Authentication(&'static str),
    AccessDenied,
    UnknownOperation,
    Validation,
    ResourceNotFound,
    Throttling,
    ModelTimeout,
    ModelError,
    InternalServer,
    ServiceUnavailable,
}

impl ErrorKind {
    fn status_and_name(self) -> (StatusCode, &'static str) {
        match self {
            // AWS answers 403 even without any authentication; it never sends 401.
            Self::Authentication(code) => (StatusCode::FORBIDDEN, code),
            Self::AccessDenied => (StatusCode::FORBIDDEN, "AccessDeniedException"),
            Self::UnknownOperation => (StatusCode::NOT_FOUND, "UnknownOperationException"),
            Self::Validation => (StatusCode::BAD_REQUEST, "ValidationException"),
            Self::ResourceNotFound => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            Self::Throttling => (StatusCode::TOO_MANY_REQUESTS, "ThrottlingException"),
            Self::ModelTimeout => (StatusCode::REQUEST_TIMEOUT, "ModelTimeoutException"),
            Self::ModelError => (StatusCode::FAILED_DEPENDENCY, "ModelErrorException"),
            Self::InternalServer => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerException"),
            Self::ServiceUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException"),
        }
    }
}

/// An error response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ConverseError {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
}

impl ConverseError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Validation, message)
    }
}

impl IntoResponse for ConverseError {
    fn into_response(self) -> Response {
        let (status, name) = self.kind.status_and_name();
        let headers = [(HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(name))];
        (status, headers, Json(json!({ "message": self.message }))).into_response()
    }
}
