//! Forwards a conversation to a server that speaks the OpenAI chat completions API, such as a model on this machine,
//! and gives its answer back as Bedrock would.

use std::time::Duration;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::forward_wire;
use super::wire::{Billed, ConverseError, ConverseRequest, ErrorKind};

/// A slow model on a small machine takes minutes; Bedrock's own limit is in this order too.
const ANSWER_WITHIN: Duration = Duration::from_secs(10 * 60);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// As much of the other server's words as fit in an error message, characters.
const MAX_DETAIL_CHARS: usize = 500;

/// Where to forward to.
#[derive(Debug, Clone)]
pub struct Forward {
    /// The base URL up to the version, `http://127.0.0.1:11434/v1`; `/chat/completions` is added.
    pub base_url: String,
    /// The model's name there; the model id of the request is Bedrock's and not sent.
    pub model: String,
    /// Sent as a bearer token.
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
            .timeout(ANSWER_WITHIN)
            .connect_timeout(CONNECT_WITHIN)
            .build()
            .context("no HTTP client could be made for forwarding")?;
        Ok(Self { target, url, client })
    }

    pub(super) async fn converse(&self, request: &ConverseRequest) -> Result<Billed, ConverseError> {
        let body = forward_wire::request(request, &self.target.model)?;
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
            .and_then(|answer| forward_wire::response(&answer))
            .map_err(|problem| {
                let message = format!("{} gave an answer that is no chat completion: {problem}", self.url);
                ConverseError::new(ErrorKind::ModelError, message)
            })
    }

    fn unreachable(&self, error: &reqwest::Error) -> ConverseError {
        let kind = if error.is_timeout() { ErrorKind::ModelTimeout } else { ErrorKind::ServiceUnavailable };
        // The URL is ours to show; reqwest's chain of causes is not part of its own message.
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        ConverseError::new(kind, format!("{} cannot be reached: {}", self.url, causes.join(": ")))
    }
}

/// The message of an OpenAI error, or the beginning of whatever came.
fn detail(text: &str) -> String {
    let message = serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|value| Some(value.pointer("/error/message")?.as_str()?.to_owned()));
    message.as_deref().unwrap_or(text).chars().take(MAX_DETAIL_CHARS).collect()
}
