//! A small client of the API, as the demo and the tests need it: JSON in, status and headers seen, redirects shown and
//! not followed.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder, Response, StatusCode, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

/// One wait of `Prefer: wait`, seconds; the API allows 30.
const WAIT_SECONDS: u64 = 10;
/// Beyond a wait that was asked for.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);
/// As long as the slowest test of a report may take on a machine under load.
const END_WITHIN: Duration = Duration::from_secs(120);

/// An HTTP client for addresses of this machine: proxies of the environment do not apply.
pub(super) fn http() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(ANSWER_WITHIN)
        .build()
        .context("no HTTP client could be made")
}

/// A client with the key of one tenant.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    key: SecretString,
}

/// A report as it was read, with the entity tag of that state.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The resource.
    pub report: Value,
    tag: Option<String>,
}

impl Seen {
    /// The report's status; empty when the answer has none.
    pub fn status(&self) -> &str {
        self.report["status"].as_str().unwrap_or_default()
    }

    /// Whether the report has ended.
    pub fn has_ended(&self) -> bool {
        matches!(self.status(), "COMPLETED" | "FAILED" | "CANCELLED")
    }
}

impl Client {
    /// A client of the API at `base_url`, which has no slash at the end.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base_url: &str, key: SecretString) -> anyhow::Result<Self> {
        Ok(Self { http: http()?, base_url: base_url.to_owned(), key })
    }

    /// A request to `path` of the API with the key; for headers and bodies that the other methods do not know.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base_url);
        self.http.request(method, url).bearer_auth(self.key.expose_secret())
    }

    /// `POST /v1/reports`.
    ///
    /// # Errors
    /// When there is no answer. An answer of any status is one.
    pub async fn submit(&self, request: &Value) -> reqwest::Result<Response> {
        self.request(Method::POST, "/v1/reports").json(request).send().await
    }

    /// `POST /v1/reports`, which must be accepted; gives the report's id.
    ///
    /// # Errors
    /// When it is not accepted, with the API's words.
    pub async fn submitted(&self, request: &Value) -> anyhow::Result<String> {
        let answer = self.submit(request).await.context("the API did not answer")?;
        let report = accepted(answer, StatusCode::ACCEPTED).await?;
        report["reportId"].as_str().map(str::to_owned).context("the API's answer has no reportId")
    }

    /// `GET` of `path`.
    ///
    /// # Errors
    /// When there is no answer. An answer of any status is one.
    pub async fn get(&self, path: &str) -> reqwest::Result<Response> {
        self.request(Method::GET, path).send().await
    }

    /// `POST` to `path` without a body, such as `/v1/reports/{id}/cancel`.
    ///
    /// # Errors
    /// When there is no answer. An answer of any status is one.
    pub async fn post(&self, path: &str) -> reqwest::Result<Response> {
        self.request(Method::POST, path).send().await
    }

    /// The bytes behind a signed link, which must be there. The key is not sent: the link is enough.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn download(&self, link: &str) -> anyhow::Result<Vec<u8>> {
        let answer = self.http.get(link).send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(reqwest::Error::without_url)?;
        if status != StatusCode::OK {
            let words = String::from_utf8_lossy(&bytes).chars().take(500).collect::<String>();
            bail!("the signed link was answered with {status}: {words}");
        }
        Ok(bytes.into())
    }

    /// The report `id`: as it is, or, after it was `seen`, as soon as it differs or after some seconds.
    ///
    /// # Errors
    /// When the API does not give it, with its words.
    pub async fn look(&self, id: &str, seen: Option<Seen>) -> anyhow::Result<Seen> {
        let mut request = self.request(Method::GET, &format!("/v1/reports/{id}"));
        if let Some(tag) = seen.as_ref().and_then(|seen| seen.tag.as_ref()) {
            request = request.header(IF_NONE_MATCH, tag).header("prefer", format!("wait={WAIT_SECONDS}"));
        }
        let answer = request.send().await.with_context(|| format!("report {id}: the API did not answer"))?;
        if let (StatusCode::NOT_MODIFIED, Some(seen)) = (answer.status(), seen) {
            return Ok(seen);
        }
        let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let report = accepted(answer, StatusCode::OK).await.with_context(|| format!("report {id}"))?;
        Ok(Seen { report, tag })
    }

    /// The report `id` once it has ended.
    ///
    /// # Errors
    /// When it has not after two minutes, with how far it was; when the API does not give it.
    pub async fn wait_for_end(&self, id: &str) -> anyhow::Result<Value> {
        let deadline = Instant::now() + END_WITHIN;
        let mut seen = self.look(id, None).await?;
        while !seen.has_ended() {
            let last = seen.report.clone();
            seen = timeout_at(deadline, self.look(id, Some(seen))).await.with_context(|| {
                format!("report {id} has not ended after {} s: {last}", END_WITHIN.as_secs())
            })??;
        }
        Ok(seen.report)
    }
}

/// The JSON of an answer that must have `status`.
async fn accepted(answer: Response, status: StatusCode) -> anyhow::Result<Value> {
    let given = answer.status();
    let text = answer.text().await.context("the API's answer broke off")?;
    if given != status {
        bail!("the API answered {given}: {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("the API's answer is not JSON: {text}"))
}
