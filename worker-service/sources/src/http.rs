//! The HTTP client of the sources. It limits the time and size of answers, retries, has circuit breakers, and
//! refuses addresses in the private network.

use std::{io, sync::Arc, time::Duration};

use aws_adapters::error::chain;
use domain::time::UtcTime;
use egress_guard::Guard;
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName, LAST_MODIFIED, RETRY_AFTER},
    redirect,
};
use serde::de::DeserializeOwned;
use service_runtime::{
    clock::Clock,
    retry::{full_jitter, retry_after},
};
use tokio::time::sleep;

use crate::{
    breaker::{Breaker, Permit},
    error::SourceError,
};

/// Maximum size of an answer, in bytes.
pub const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// Maximum number of redirects of a download.
const REDIRECTS_MAX: usize = 5;

/// Maximum number of attempts per request, including the first.
const TRIES: u32 = 3;

const RETRY_BASE: Duration = Duration::from_millis(300);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Maximum time to wait for a service that states it in `Retry-After`. If it asks for more, the request fails.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(15);

/// The answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    /// The value of `Last-Modified`, if there is one.
    pub(crate) last_modified: Option<UtcTime>,
}

/// An answer with the value of its header `Content-Type`, if there is one.
#[derive(Debug)]
struct Received {
    answer: Answer,
    content_type: Option<String>,
}

/// The HTTP client of the sources. Clones share connections and the circuit breaker.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    guard: Guard,
    clock: Clock,
    breaker: Arc<Breaker>,
    /// Time limit of one answer.
    timeout: Duration,
}

impl Http {
    /// Builds a client that waits `timeout` for each answer and follows no redirect.
    ///
    /// # Errors
    /// Returns an error if TLS cannot be set up.
    pub fn new(timeout: Duration, guard: Guard, clock: Clock) -> Result<Self, reqwest::Error> {
        Self::with_redirects(timeout, guard, clock, redirect::Policy::none())
    }

    /// Returns this client with a circuit breaker of its own for `service`.
    #[must_use]
    pub fn for_service(&self, service: &'static str) -> Self {
        Self { breaker: Arc::new(Breaker::new(service, self.clock.clone())), ..self.clone() }
    }

    /// Builds a client for downloads. It follows redirects, because publishers use them. The guard checks the
    /// target of each redirect, and a redirect from https to http is refused.
    ///
    /// # Errors
    /// Returns an error if TLS cannot be set up.
    pub fn for_downloads(timeout: Duration, guard: Guard, clock: Clock) -> Result<Self, reqwest::Error> {
        let redirect_guard = guard.clone();
        let policy = redirect::Policy::custom(move |attempt| {
            let downgraded = attempt.url().scheme() != "https"
                && attempt.previous().last().is_some_and(|url| url.scheme() == "https");
            if attempt.previous().len() > REDIRECTS_MAX {
                attempt.error("it redirects too often")
            } else if downgraded || !redirect_guard.allows(attempt.url()) {
                attempt.error("it redirects to an address that is not allowed")
            } else {
                attempt.follow()
            }
        });
        Self::with_redirects(timeout, guard, clock, policy)
    }

    fn with_redirects(
        timeout: Duration,
        guard: Guard,
        clock: Clock,
        policy: redirect::Policy,
    ) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("Dossier/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeout.min(Duration::from_secs(3)))
            .timeout(timeout)
            // A proxy would resolve names itself and so bypass the guard.
            .no_proxy()
            .dns_resolver(guard.clone())
            .redirect(policy)
            .build()?;
        let breaker = Arc::new(Breaker::new("http", clock.clone()));
        Ok(Self { client, guard, clock, breaker, timeout })
    }

    /// Returns the client for building requests. Send them with [`bytes`](Self::bytes) or
    /// [`json`](Self::json), which apply the guard, the retries and the circuit breaker.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends `request` and parses the answer as JSON.
    ///
    /// # Errors
    /// Returns [`SourceError`] as [`bytes`](Self::bytes) does, or if the answer is not the expected JSON.
    pub async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, SourceError> {
        let bytes = self.bytes(request, ANSWER_MAX).await?;
        serde_json::from_slice(&bytes).map_err(|error| invalid_json(&error))
    }

    /// Sends `request` and returns the body of the answer, which must not exceed `max_bytes`.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the breaker is open, the address is not allowed, or there is no usable
    /// answer.
    pub async fn bytes(&self, request: RequestBuilder, max_bytes: usize) -> Result<Vec<u8>, SourceError> {
        self.download(request, max_bytes).await.map(|answer| answer.bytes)
    }

    /// Sends `request` and returns the answer, whose body must not exceed `max_bytes`. A service that is not
    /// available is asked up to [`TRIES`] times, not before the time that it states in `Retry-After`.
    ///
    /// # Errors
    /// Returns [`SourceError`] as [`bytes`](Self::bytes) does.
    pub(crate) async fn download(
        &self,
        request: RequestBuilder,
        max_bytes: usize,
    ) -> Result<Answer, SourceError> {
        self.receive(request, max_bytes).await.map(|received| received.answer)
    }

    /// Sends `request` as [`download`](Self::download) does. Returns the body of the answer and the value of
    /// its header `Content-Type`, which can state the encoding of the body.
    ///
    /// # Errors
    /// Returns [`SourceError`] as [`bytes`](Self::bytes) does.
    pub(crate) async fn bytes_and_type(
        &self,
        request: RequestBuilder,
        max_bytes: usize,
    ) -> Result<(Vec<u8>, Option<String>), SourceError> {
        let Received { answer, content_type } = self.receive(request, max_bytes).await?;
        Ok((answer.bytes, content_type))
    }

    async fn receive(&self, request: RequestBuilder, max_bytes: usize) -> Result<Received, SourceError> {
        let permit = self.permit()?;
        let mut tries = 0;
        let answer = loop {
            // Only requests with a streamed body cannot be cloned, and sources send none.
            let Some(attempt) = request.try_clone() else {
                return Err(SourceError::Unreadable("the request cannot be repeated".to_owned()));
            };
            match self.send(attempt, max_bytes).await {
                Err(error) if error.is_temporary() && tries + 1 < TRIES => {
                    let back_off = full_jitter(tries, RETRY_BASE, RETRY_MAX);
                    match error {
                        // The caller cannot wait for that long.
                        SourceError::Throttled { retry_after: Some(wait) } if wait > RETRY_AFTER_MAX => {
                            break Err(error);
                        }
                        SourceError::Throttled { retry_after: Some(wait) } => sleep(wait.max(back_off)).await,
                        _ => sleep(back_off).await,
                    }
                    tries += 1;
                }
                answer => break answer,
            }
        };
        settle(permit, &answer);
        answer
    }

    /// Sends `request` once and returns the body of the answer. For services whose requests, retries
    /// included, must keep a distance in time.
    ///
    /// # Errors
    /// Returns [`SourceError`] as [`bytes`](Self::bytes) does.
    pub(crate) async fn bytes_once(
        &self,
        request: RequestBuilder,
        max_bytes: usize,
    ) -> Result<Vec<u8>, SourceError> {
        let permit = self.permit()?;
        let answer = self.send(request, max_bytes).await;
        settle(permit, &answer);
        answer.map(|received| received.answer.bytes)
    }

    /// Returns an error while the circuit breaker of the service is open.
    ///
    /// # Errors
    /// Returns [`SourceError::Unavailable`].
    pub(crate) fn check_breaker(&self) -> Result<(), SourceError> {
        if self.breaker.is_open() { Err(breaker_open()) } else { Ok(()) }
    }

    fn permit(&self) -> Result<Permit, SourceError> {
        self.breaker.permit(self.timeout).ok_or_else(breaker_open)
    }

    async fn send(&self, request: RequestBuilder, max_bytes: usize) -> Result<Received, SourceError> {
        let (client, request) = request.build_split();
        let request = request.map_err(failure)?;
        if !self.guard.allows(request.url()) {
            return Err(SourceError::Refused(
                "its address is private; to allow the host, add it to DOSSIER_PRIVATE_SOURCES".to_owned(),
            ));
        }
        let mut response = client.execute(request).await.map_err(failure)?;
        check_status(&response, self.clock.now())?;
        let last_modified = header(&response, LAST_MODIFIED).and_then(http_date);
        let content_type = header(&response, CONTENT_TYPE).map(str::to_owned);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if bytes.len() + chunk.len() > max_bytes {
                return Err(SourceError::Unreadable(format!("it has more than {max_bytes} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Received { answer: Answer { bytes, last_modified }, content_type })
    }
}

fn breaker_open() -> SourceError {
    SourceError::Unavailable("it failed repeatedly and receives no requests for a while".to_owned())
}

/// Records the outcome of a request. A service that throttles works, but a request to it is not a success.
fn settle<T>(permit: Permit, answer: &Result<T, SourceError>) {
    match answer {
        Err(error) if error.is_temporary() => permit.failed(),
        _ => permit.succeeded(),
    }
}

/// Classifies a status. Throttling, timeouts and server errors are temporary; all other errors are permanent.
fn check_status(response: &Response, now: UtcTime) -> Result<(), SourceError> {
    let status = response.status();
    let retry_after = header(response, RETRY_AFTER).and_then(|value| retry_after(value, now));
    match status {
        StatusCode::TOO_MANY_REQUESTS => Err(SourceError::Throttled { retry_after }),
        // With Retry-After, the status means that the service limits the rate (RFC 9110, section 15.6.4).
        StatusCode::SERVICE_UNAVAILABLE if retry_after.is_some() => {
            Err(SourceError::Throttled { retry_after })
        }
        StatusCode::REQUEST_TIMEOUT => Err(SourceError::Unavailable(format!("HTTP status {status}"))),
        status if status.is_server_error() => Err(SourceError::Unavailable(format!("HTTP status {status}"))),
        StatusCode::NOT_FOUND => Err(SourceError::NotFound),
        status if !status.is_success() => Err(SourceError::Refused(format!("HTTP status {status}"))),
        _ => Ok(()),
    }
}

fn header(response: &Response, name: HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

/// Parses a date in one of the notations of HTTP (RFC 9110, section 5.6.7).
fn http_date(value: &str) -> Option<UtcTime> {
    httpdate::parse_http_date(value.trim()).ok().map(UtcTime::from)
}

/// Classifies a request that got no answer. The URL contains the name of the company, so it is kept out of
/// errors and logs.
fn failure(error: reqwest::Error) -> SourceError {
    let refused = error.is_redirect() || is_refused_by_guard(&error);
    let reason = chain(&error.without_url());
    if refused { SourceError::Refused(reason) } else { SourceError::Unavailable(reason) }
}

/// Describes a JSON error by its position. The JSON itself is untrusted, so it is kept out of logs.
pub(crate) fn invalid_json(error: &serde_json::Error) -> SourceError {
    let (line, column) = (error.line(), error.column());
    SourceError::Unreadable(format!("{:?} error at line {line}, column {column}", error.classify()))
}

/// Returns whether the guard refused the address. In that case, name resolution fails with
/// `PermissionDenied`.
fn is_refused_by_guard(error: &dyn std::error::Error) -> bool {
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
