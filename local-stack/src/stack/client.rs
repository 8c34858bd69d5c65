//! A small client of the API for the demo, the soak and the tests. It returns responses of any status with
//! their headers, and does not follow redirects.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder, Response, StatusCode, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

/// Value of `Prefer: wait` in one poll, in seconds. The API allows up to 30.
const WAIT_SECONDS: u64 = 10;
/// Timeout of one request. Longer than [`WAIT_SECONDS`], so that a poll that waits does not time out.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum time for a report to end. Longer than the slowest report of a test takes on a machine under load.
const REPORT_TIMEOUT: Duration = Duration::from_secs(120);
/// Maximum length of a quoted error body, in characters.
const MAX_ERROR_CHARS: usize = 500;

/// Returns an HTTP client for loopback addresses. It ignores the proxies that the environment sets, and it
/// trusts no certificate, because loading those of the system would take longer than most tests' requests.
///
/// # Errors
/// Returns an error if TLS cannot be set up.
pub fn loopback_http() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .build()
        .context("the HTTP client could not be built")
}

/// An API client with the key of one tenant.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    key: SecretString,
}

/// A report at the time of a poll, with the entity tag of that state.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The resource.
    pub report: Value,
    etag: Option<String>,
}

impl Snapshot {
    /// Returns the report's status, or an empty string if the response has none.
    pub fn status(&self) -> &str {
        self.report["status"].as_str().unwrap_or_default()
    }

    /// Returns whether the report is in a terminal state.
    pub fn is_terminal(&self) -> bool {
        matches!(self.status(), "COMPLETED" | "FAILED" | "CANCELLED")
    }
}

impl Client {
    /// Returns a client of the API at `base_url`, which has no trailing slash.
    ///
    /// # Errors
    /// Returns an error if the HTTP client cannot be built.
    pub fn new(base_url: &str, key: SecretString) -> anyhow::Result<Self> {
        Ok(Self { http: loopback_http()?, base_url: base_url.to_owned(), key })
    }

    /// Returns a request to `path` with the key, to which the caller can add headers and a body.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base_url);
        self.http.request(method, url).bearer_auth(self.key.expose_secret())
    }

    /// Sends `POST /v1/reports` and returns the response, whatever its status.
    ///
    /// # Errors
    /// Returns an error if no response arrives.
    pub async fn submit(&self, request: &Value) -> reqwest::Result<Response> {
        self.request(Method::POST, "/v1/reports").json(request).send().await
    }

    /// Sends `POST /v1/reports`, requires 202, and returns the report id.
    ///
    /// # Errors
    /// Returns an error if no response arrives, if its status is not 202 (with the response body), or if it
    /// contains no report id.
    pub async fn submit_accepted(&self, request: &Value) -> anyhow::Result<String> {
        let response = self.submit(request).await.context("the API did not respond")?;
        let report = json_with_status(response, StatusCode::ACCEPTED).await?;
        report["reportId"].as_str().map(str::to_owned).context("the API's response has no reportId")
    }

    /// Sends `GET` to `path` and returns the response, whatever its status.
    ///
    /// # Errors
    /// Returns an error if no response arrives.
    pub async fn get(&self, path: &str) -> reqwest::Result<Response> {
        self.request(Method::GET, path).send().await
    }

    /// Sends `POST` without a body to `path`, such as `/v1/reports/{id}/cancel`, and returns the response,
    /// whatever its status.
    ///
    /// # Errors
    /// Returns an error if no response arrives.
    pub async fn post(&self, path: &str) -> reqwest::Result<Response> {
        self.request(Method::POST, path).send().await
    }

    /// Downloads the bytes behind a signed link. Sends no API key, because the link authorises the request.
    ///
    /// # Errors
    /// Returns an error if no response arrives or its status is not 200. The error does not contain the link.
    pub async fn download(&self, link: &str) -> anyhow::Result<Vec<u8>> {
        let response = self.http.get(link).send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(reqwest::Error::without_url)?;
        if status != StatusCode::OK {
            let body = String::from_utf8_lossy(&bytes).chars().take(MAX_ERROR_CHARS).collect::<String>();
            bail!("the signed link was answered with {status}: {body}");
        }
        Ok(bytes.into())
    }

    /// Reads the report `id`. With a `last` snapshot, waits until the report differs from it, at most ten
    /// seconds.
    ///
    /// # Errors
    /// Returns an error if no response arrives, or if the API does not return the report (with the response
    /// body).
    pub async fn poll(&self, id: &str, last: Option<Snapshot>) -> anyhow::Result<Snapshot> {
        let mut request = self.request(Method::GET, &format!("/v1/reports/{id}"));
        if let Some(etag) = last.as_ref().and_then(|last| last.etag.as_ref()) {
            request = request.header(IF_NONE_MATCH, etag).header("prefer", format!("wait={WAIT_SECONDS}"));
        }
        let response =
            request.send().await.with_context(|| format!("report {id}: the API did not respond"))?;
        if let (StatusCode::NOT_MODIFIED, Some(last)) = (response.status(), last) {
            return Ok(last);
        }
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let report =
            json_with_status(response, StatusCode::OK).await.with_context(|| format!("report {id}"))?;
        Ok(Snapshot { report, etag })
    }

    /// Polls the report `id` until it is in a terminal state, and returns it.
    ///
    /// # Errors
    /// Returns an error with the last state if the report has not ended after two minutes, or if the API does
    /// not return the report.
    pub async fn wait_for_end(&self, id: &str) -> anyhow::Result<Value> {
        let deadline = Instant::now() + REPORT_TIMEOUT;
        let mut snapshot = self.poll(id, None).await?;
        while !snapshot.is_terminal() {
            let last = snapshot.report.clone();
            snapshot = timeout_at(deadline, self.poll(id, Some(snapshot))).await.with_context(|| {
                format!("report {id} has not ended after {} s: {last}", REPORT_TIMEOUT.as_secs())
            })??;
        }
        Ok(snapshot.report)
    }
}

/// Parses the JSON body of a response that must have the status `expected`.
async fn json_with_status(response: Response, expected: StatusCode) -> anyhow::Result<Value> {
    let status = response.status();
    let text = response.text().await.context("the API's response broke off")?;
    if status != expected {
        bail!("the API answered {status}: {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("the API's response is not JSON: {text}"))
}
