//! Sends a webhook: by https only, within a timeout, never to the private network, and without following
//! redirects.

use std::time::Duration;

use aws_adapters::error::chain;
use domain::time::UtcTime;
use egress_guard::Guard;
use reqwest::{Client, StatusCode, Url, header, redirect};
use service_runtime::retry;

/// Timeout of an attempt. The Standard Webhooks specification recommends 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Maximum delay by `Retry-After` that is honoured.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(12 * 3600);

/// A client that sends webhooks.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    guard: Guard,
}

/// The result of one delivery attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    /// The receiver accepted the webhook.
    Accepted {
        /// HTTP status of the response.
        status: u16,
    },
    /// The receiver rejected the webhook, or could not be reached.
    Rejected {
        /// HTTP status of the response; `None` if there was no response.
        status: Option<u16>,
        /// The reason, which does not contain the receiver's address.
        reason: String,
        /// Whether a retry is pointless.
        permanent: bool,
        /// The delay that the `Retry-After` header asked for, if the response had one.
        retry_after: Option<Duration>,
    },
}

impl DeliveryResult {
    /// Returns the HTTP status of the response.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Accepted { status } => Some(*status),
            Self::Rejected { status, .. } => *status,
        }
    }

    /// Returns why the attempt failed, or `None` if it succeeded.
    pub(crate) fn error(&self) -> Option<String> {
        match self {
            Self::Accepted { .. } => None,
            Self::Rejected { reason, .. } => Some(reason.clone()),
        }
    }
}

impl Sender {
    /// Creates a sender. Only `private_hosts` may be in the private network and may be reached by http.
    ///
    /// # Errors
    /// Returns the [`reqwest::Error`] if the HTTP client cannot be built.
    pub fn new(private_hosts: Vec<String>) -> Result<Self, reqwest::Error> {
        let guard = Guard::new(private_hosts, "DOSSIER_PRIVATE_CALLBACKS");
        let client = Client::builder()
            .user_agent(concat!("Dossier/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(5))
            .timeout(TIMEOUT)
            // A proxy would resolve names itself and bypass the guard.
            .no_proxy()
            .dns_resolver(guard.clone())
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { client, guard })
    }

    /// Sends `body` to `url` in one POST request, with the event's `id`, the time `at` and the `signature` as
    /// headers.
    pub async fn send(
        &self,
        url: &str,
        id: &str,
        at: UtcTime,
        signature: &str,
        body: String,
    ) -> DeliveryResult {
        let rejected = |reason: &str, permanent| DeliveryResult::Rejected {
            status: None,
            reason: reason.to_owned(),
            permanent,
            retry_after: None,
        };
        let Ok(url) = Url::parse(url) else { return rejected("the address is not a URL", true) };
        let http_allowed = self.guard.is_listed(&url);
        if url.scheme() != "https" && !http_allowed {
            return rejected("the address is not https", true);
        }
        // The guard checks names when they are resolved; literal addresses are checked here.
        if !self.guard.allows(&url) {
            return rejected("the receiver gave no answer, or is not on the public Internet", true);
        }
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at.epoch_seconds())
            .header("webhook-signature", signature)
            .body(body);
        match request.send().await {
            // The body of the response does not matter and is not read.
            Ok(response) => result_of(response.status(), retry_after(response.headers(), at)),
            Err(error) => {
                // Details go only to the log. Otherwise a tenant could find out what names in the private
                // network resolve to.
                tracing::info!(error = %chain(&error.without_url()), "a webhook receiver gave no answer");
                rejected("the receiver gave no answer, or is not on the public Internet", false)
            }
        }
    }
}

/// Returns the result of a response ("Standard Webhooks", operational considerations). 2xx is a success, 410
/// ends the deliveries, and everything else, including a redirect, is a failure that is retried.
fn result_of(status: StatusCode, retry_after: Option<Duration>) -> DeliveryResult {
    if status.is_success() {
        return DeliveryResult::Accepted { status: status.as_u16() };
    }
    let reason = match status {
        StatusCode::GONE => "the receiver is permanently gone (410)".to_owned(),
        status if status.is_redirection() => {
            format!("the receiver redirects ({}), which is not followed", status.as_u16())
        }
        status => format!("the receiver answered {}", status.as_u16()),
    };
    let permanent = status == StatusCode::GONE;
    DeliveryResult::Rejected { status: Some(status.as_u16()), reason, permanent, retry_after }
}

/// Returns the delay that `Retry-After` asks for at `now`, capped at [`RETRY_AFTER_MAX`].
fn retry_after(headers: &header::HeaderMap, now: UtcTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    retry::retry_after(value, now).map(|delay| delay.min(RETRY_AFTER_MAX))
}
