//! Sends a call-back: bounded in time and size, by https, never into the private network, never where it is redirected to.

use std::time::Duration;

use aws_adapters::error::chain;
use domain::time::UtcTime;
use egress_guard::Guard;
use reqwest::{Client, StatusCode, Url, header, redirect};

/// How long an attempt may take: 15 to 30 seconds by the Standard Webhooks specification.
const WITHIN: Duration = Duration::from_secs(15);
/// What a receiver may ask to be left alone for.
const RETRY_AFTER_MAX: u64 = 12 * 3600;

/// Sends call-backs.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    guard: Guard,
}

/// How a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    /// It took the call-back.
    Taken {
        /// Its answer's status.
        status: u16,
    },
    /// It did not.
    Refused {
        /// Its answer's status; none where there was no answer.
        status: Option<u16>,
        /// Why, without the address.
        why: String,
        /// Whether to try again is no use.
        for_good: bool,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
}

impl DeliveryResult {
    /// The status of the answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Taken { status } => Some(*status),
            Self::Refused { status, .. } => *status,
        }
    }

    /// Why it was no success.
    pub fn error(&self) -> Option<String> {
        match self {
            Self::Taken { .. } => None,
            Self::Refused { why, .. } => Some(why.clone()),
        }
    }
}

impl Sender {
    /// A sender that reaches the hosts `private` wherever they are, and by http too.
    ///
    /// # Errors
    /// When there is no TLS.
    pub fn new(private: Vec<String>) -> Result<Self, reqwest::Error> {
        let guard = Guard::new(private, "DOSSIER_PRIVATE_CALLBACKS");
        let client = Client::builder()
            .user_agent(concat!("Dossier/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(5))
            .timeout(WITHIN)
            // A proxy would resolve names itself, past the guard.
            .no_proxy()
            .dns_resolver(guard.clone())
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { client, guard })
    }

    /// Posts `body` to `url`, once.
    pub async fn send(
        &self,
        url: &str,
        id: &str,
        at: UtcTime,
        signature: &str,
        body: String,
    ) -> DeliveryResult {
        let refused = |why: &str, for_good| DeliveryResult::Refused {
            status: None,
            why: why.to_owned(),
            for_good,
            retry_after: None,
        };
        let Ok(url) = Url::parse(url) else { return refused("the address is no URL", true) };
        let may_be_plain = self.guard.is_listed(&url);
        if url.scheme() != "https" && !may_be_plain {
            return refused("the address is not https", true);
        }
        // Names are judged when they are resolved, addresses here.
        if !self.guard.allows(&url) {
            return refused("the receiver gave no answer, or is not on the public Internet", true);
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
            // What else the answer says does not matter, and is not read.
            Ok(answer) => judged(answer.status(), retry_after(answer.headers())),
            Err(error) => {
                // What a name leads to is the operator's business: a tenant could ask for names of the private network.
                tracing::info!(error = %chain(&error.without_url()), "a receiver of call-backs gave no answer");
                refused("the receiver gave no answer, or is not on the public Internet", false)
            }
        }
    }
}

/// What an answer means ("Standard Webhooks", operational considerations): 2xx is success, 410 ends it, everything else,
/// redirects included, is a failure that is tried again.
fn judged(status: StatusCode, retry_after: Option<Duration>) -> DeliveryResult {
    if status.is_success() {
        return DeliveryResult::Taken { status: status.as_u16() };
    }
    let why = match status {
        StatusCode::GONE => "the receiver is gone for good (410)".to_owned(),
        status if status.is_redirection() => {
            format!("the receiver redirects ({}), which is not followed", status.as_u16())
        }
        status => format!("the receiver answered {}", status.as_u16()),
    };
    let for_good = status == StatusCode::GONE;
    DeliveryResult::Refused { status: Some(status.as_u16()), why, for_good, retry_after }
}

fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX)))
}
