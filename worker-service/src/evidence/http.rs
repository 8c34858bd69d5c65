//! Asks sources over HTTP: bounded in time and size, tried again where that helps, never led into the
//! private network.

use std::{io, sync::Arc, time::Duration};

use aws_adapters::error::chain;
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde::de::DeserializeOwned;
use service_runtime::clock::Clock;
use tokio::time::sleep;

use super::{SourceError, breaker::Breaker};
use crate::{guard::Guard, retry::full_jitter};

/// Most bytes of an answer.
pub(super) const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// Most redirects of a download.
const REDIRECTS_MAX: usize = 5;

/// Tries of one question, the first included.
const TRIES: u32 = 3;

const RETRY_BASE: Duration = Duration::from_millis(300);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// The client for every source.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    guard: Guard,
    clock: Clock,
    breaker: Arc<Breaker>,
}

impl Http {
    /// A client that gives each answer `timeout` and follows no redirect.
    ///
    /// # Errors
    /// When there is no TLS.
    pub fn new(timeout: Duration, guard: Guard, clock: Clock) -> Result<Self, reqwest::Error> {
        Self::with(timeout, guard, clock, redirect::Policy::none())
    }

    /// The same for `service`, which is left alone by itself when it fails again and again.
    #[must_use]
    pub fn of(&self, service: &'static str) -> Self {
        Self { breaker: Arc::new(Breaker::new(service, self.clock.clone())), ..self.clone() }
    }

    /// A client for downloads, which their publishers redirect: each step is judged like the first, and
    /// none leads from https to http.
    ///
    /// # Errors
    /// When there is no TLS.
    pub fn for_downloads(timeout: Duration, guard: Guard, clock: Clock) -> Result<Self, reqwest::Error> {
        let judge = guard.clone();
        let policy = redirect::Policy::custom(move |attempt| {
            let downgraded = attempt.url().scheme() != "https"
                && attempt.previous().last().is_some_and(|url| url.scheme() == "https");
            if attempt.previous().len() > REDIRECTS_MAX {
                attempt.error("it redirects again and again")
            } else if downgraded || !judge.allows(attempt.url()) {
                attempt.error("it redirects to where no source is asked")
            } else {
                attempt.follow()
            }
        });
        Self::with(timeout, guard, clock, policy)
    }

    fn with(
        timeout: Duration,
        guard: Guard,
        clock: Clock,
        policy: redirect::Policy,
    ) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("Dossier/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeout.min(Duration::from_secs(3)))
            .timeout(timeout)
            // A proxy would resolve names itself, past the guard.
            .no_proxy()
            .dns_resolver(guard.clone())
            .redirect(policy)
            .build()?;
        let breaker = Arc::new(Breaker::new("http", clock.clone()));
        Ok(Self { client, guard, clock, breaker })
    }

    /// For making requests; they are sent by [`bytes`](Self::bytes), which judges their addresses.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends `request` and reads the answer as JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, SourceError> {
        let bytes = self.bytes(request, ANSWER_MAX).await?;
        serde_json::from_slice(&bytes).map_err(|error| misread(&error))
    }

    /// Sends `request` and reads the answer, `most` bytes at most.
    ///
    /// # Errors
    /// [`SourceError`] when there is none that can be used.
    pub async fn bytes(&self, request: RequestBuilder, most: usize) -> Result<Vec<u8>, SourceError> {
        if !self.breaker.may_ask() {
            let left_alone = "it failed again and again and is left alone for a while";
            return Err(SourceError::Unavailable(left_alone.to_owned()));
        }
        let answer = self.tried(request, most).await;
        match answer {
            Err(SourceError::Unavailable(_)) => self.breaker.failed(),
            _ => self.breaker.answered(),
        }
        answer
    }

    async fn tried(&self, request: RequestBuilder, most: usize) -> Result<Vec<u8>, SourceError> {
        let mut tries = 0;
        loop {
            // Only streamed bodies cannot be cloned; none of ours is.
            let Some(again) = request.try_clone() else {
                return Err(SourceError::Unreadable("the question cannot be repeated".to_owned()));
            };
            match self.once(again, most).await {
                Err(SourceError::Unavailable(_)) if tries + 1 < TRIES => {
                    sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
                    tries += 1;
                }
                answer => return answer,
            }
        }
    }

    async fn once(&self, request: RequestBuilder, most: usize) -> Result<Vec<u8>, SourceError> {
        let (client, request) = request.build_split();
        // Addresses hold what was asked: they stay out of errors and logs.
        let lost = |error: reqwest::Error| {
            let refused = error.is_redirect() || is_refusal(&error);
            let why = chain(&error.without_url());
            if refused { SourceError::Refused(why) } else { SourceError::Unavailable(why) }
        };
        let request = request.map_err(lost)?;
        if !self.guard.allows(request.url()) {
            return Err(SourceError::Refused(
                "its address is in the private network, where no source is asked unless \
                 DOSSIER_PRIVATE_SOURCES names its host"
                    .to_owned(),
            ));
        }
        let mut response = client.execute(request).await.map_err(lost)?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT
            || status.is_server_error()
        {
            return Err(SourceError::Unavailable(format!("HTTP status {status}")));
        }
        if status == StatusCode::NOT_FOUND {
            return Err(SourceError::NotFound);
        }
        if !status.is_success() {
            return Err(SourceError::Refused(format!("HTTP status {status}")));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if bytes.len() + chunk.len() > most {
                return Err(SourceError::Unreadable(format!("it has more than {most} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// Where JSON cannot be read. What stands there is a stranger's text and stays out of logs.
pub(super) fn misread(error: &serde_json::Error) -> SourceError {
    let (line, column) = (error.line(), error.column());
    SourceError::Unreadable(format!("{:?} error at line {line}, column {column}", error.classify()))
}

/// Whether the guard refused the address.
fn is_refusal(error: &dyn std::error::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        {
            return true;
        }
        cause = error.source();
    }
    false
}
