//! Forwards a conversation to a server that speaks the OpenAI chat completions API, such as a local model,
//! and returns its answer in Bedrock's format.

use std::time::Duration;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::chat_completions;
use super::wire::{BilledAnswer, ConverseError, ConverseRequest, ErrorKind};

/// Maximum time for an answer. A slow model on a small machine needs minutes; Bedrock's own limit is of the
/// same order.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10 * 60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum length of a quoted error of the other server, in characters.
const MAX_DETAIL_CHARS: usize = 500;

/// The server to forward to.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Base URL up to the version, such as `http://127.0.0.1:11434/v1`. `/chat/completions` is appended.
    pub base_url: String,
    /// Name of the model on that server. The model id of the request is Bedrock's and is not sent.
    pub model: String,
    /// API key, sent as a bearer token.
    pub api_key: Option<SecretString>,
}

#[derive(Debug)]
pub(super) struct Forwarder {
    target: Forward,
    url: String,
    client: reqwest::Client,
}

impl Forwarder {
    pub(super) fn new(target: Forward) -> anyhow::Result<Self> {
        let url = format!("{}/chat/completions", target.base_url.trim_end_matches('/'));
        reqwest::Url::parse(&url)
            .with_context(|| format!("the base URL to forward to, {:?}, is not a URL", target.base_url))?;
        let client = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .context("the HTTP client for forwarding could not be built")?;
        Ok(Self { target, url, client })
    }

    pub(super) async fn converse(&self, request: &ConverseRequest) -> Result<BilledAnswer, ConverseError> {
        let body = chat_completions::request(request, &self.target.model)?;
        let mut call = self.client.post(&self.url).json(&body);
        if let Some(key) = &self.target.api_key {
            call = call.bearer_auth(key.expose_secret());
        }
        let response = call.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| self.unreachable(&error))?;
        if !status.is_success() {
            let kind = match status.as_u16() {
                400 | 413 | 422 => ErrorKind::Validation,
                401 | 403 => ErrorKind::AccessDenied,
                404 => ErrorKind::ResourceNotFound,
                408 | 504 => ErrorKind::ModelTimeout,
                429 => ErrorKind::Throttling,
                502 | 503 => ErrorKind::ServiceUnavailable,
                500..=599 => ErrorKind::InternalServer,
                _ => ErrorKind::ModelError,
            };
            return Err(ConverseError::new(
                kind,
                format!("{} answered {status}: {}", self.url, detail(&text)),
            ));
        }
        serde_json::from_str::<Value>(&text)
            .map_err(|error| format!("not JSON: {error}"))
            .and_then(|answer| chat_completions::response(&answer))
            .map_err(|problem| {
                let message = format!("the answer of {} is not a chat completion: {problem}", self.url);
                ConverseError::new(ErrorKind::ModelError, message)
            })
    }

    fn unreachable(&self, error: &reqwest::Error) -> ConverseError {
        let kind = if error.is_timeout() { ErrorKind::ModelTimeout } else { ErrorKind::ServiceUnavailable };
        // The URL is not secret. reqwest's message does not include its chain of causes.
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        ConverseError::new(kind, format!("{} cannot be reached: {}", self.url, causes.join(": ")))
    }
}

/// Returns the message of an OpenAI error, or the beginning of the response.
fn detail(text: &str) -> String {
    let message = serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|value| Some(value.pointer("/error/message")?.as_str()?.to_owned()));
    message.as_deref().unwrap_or(text).chars().take(MAX_DETAIL_CHARS).collect()
}
