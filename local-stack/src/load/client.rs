//! The client that submits. It prepares what every request has in common, keeps its connections open, and reads
//! no more of an answer than the test needs.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Response, StatusCode, Url, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::submission::{Answer, NoAnswer};
use crate::company_names::NAMES;
use crate::stack::client::loopback_http;

/// Time for one answer. It is longer than the API's own limit (`DOSSIER_REQUEST_SECONDS`, 20 by default).
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Number of different corporate numbers.
const CORPORATE_NUMBERS: u64 = 10_000_000;

/// A client of one or several API processes with the keys of one or several tenants.
#[derive(Debug, Clone)]
pub(super) struct LoadClient {
    http: reqwest::Client,
    /// Base URLs.
    apis: Vec<Url>,
    /// The value of `Authorization` of each tenant.
    tenants: Vec<HeaderValue>,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

impl LoadClient {
    /// Returns a client of API processes on loopback.
    ///
    /// # Errors
    /// Returns an error if a URL is invalid, a key cannot be a header, or TLS cannot be set up.
    pub(super) fn on_loopback(apis: &[String], keys: &[SecretString]) -> anyhow::Result<Self> {
        let apis = apis.iter().map(|url| url.parse().with_context(|| format!("{url} is not a URL")));
        Self::new(loopback_http()?, apis.collect::<anyhow::Result<_>>()?, keys)
    }

    /// Returns a client of the API of a deployment.
    ///
    /// # Errors
    /// Returns an error if a key cannot be a header, or TLS cannot be set up.
    pub(super) fn of_deployment(api: &Url, keys: &[SecretString]) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .context("the HTTP client could not be built")?;
        Self::new(http, vec![api.clone()], keys)
    }

    fn new(http: reqwest::Client, mut apis: Vec<Url>, keys: &[SecretString]) -> anyhow::Result<Self> {
        for api in &mut apis {
            // Without a slash at the end, a path replaces the last segment of a URL instead of following it.
            if !api.path().ends_with('/') {
                api.set_path(&format!("{}/", api.path()));
            }
        }
        let tenants = keys.iter().zip(1..).map(|(key, number)| {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
                .ok()
                .with_context(|| format!("key {number} contains characters that no API key has"))?;
            value.set_sensitive(true);
            anyhow::Ok(value)
        });
        let tenants = tenants.collect::<anyhow::Result<_>>()?;
        Ok(Self { http, apis, tenants })
    }

    /// Returns the number of tenants.
    pub(super) fn tenants(&self) -> usize {
        self.tenants.len()
    }

    /// Returns the tenant of the submission `number`. Tenants submit in turn.
    pub(super) fn tenant_of(&self, number: u64) -> usize {
        index(number, self.tenants.len())
    }

    /// Returns the API of the submission `number`. Neighbours use different ones, and every tenant uses every one.
    fn api_of(&self, number: u64) -> usize {
        let tenants = self.tenants.len().max(1) as u64;
        index(number % tenants + number / tenants, self.apis.len())
    }

    /// Sends the submission `number` and returns the answer.
    pub(super) async fn submit(&self, number: u64) -> Answer {
        let tenant = self.tenant_of(number);
        let api = self.api_of(number);
        let Ok(url) = self.apis[api].join("v1/reports") else {
            return Answer::None(NoAnswer::ConnectionFailed);
        };
        let request = self
            .http
            .post(url)
            .header(AUTHORIZATION, self.tenants[tenant].clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .timeout(ANSWER_TIMEOUT)
            .body(body(number));
        match request.send().await {
            Ok(response) => answer(response).await.unwrap_or_else(|error| Answer::None(reason(&error))),
            Err(error) => Answer::None(reason(&error)),
        }
    }

    /// Sends `GET` to `path` with `query` and the key of `tenant`.
    ///
    /// # Errors
    /// Returns an error if no response arrives. It does not contain the URL.
    pub(super) async fn get(
        &self,
        tenant: usize,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<Response> {
        let url = self.apis[0].join(path).with_context(|| format!("{path} is not a path"))?;
        let request = self.http.get(url).header(AUTHORIZATION, self.tenants[tenant].clone());
        let response = request.query(query).timeout(ANSWER_TIMEOUT).send().await;
        response.map_err(reqwest::Error::without_url).context("the API did not respond")
    }
}

/// Returns `number` modulo `length`.
fn index(number: u64, length: usize) -> usize {
    let length = length.max(1);
    usize::try_from(number % length as u64).unwrap_or_default()
}

fn body(number: u64) -> String {
    let name = NAMES[index(number, NAMES.len())];
    let corporate_number = 90_000_000 + number % CORPORATE_NUMBERS;
    format!(r#"{{"companyName":"{name}","corporateNumber":"{corporate_number}","country":"GB"}}"#)
}

/// Reads the whole response, so that its connection can be used again.
async fn answer(response: Response) -> reqwest::Result<Answer> {
    let status = response.status();
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let id = location.and_then(|location| location.rsplit('/').next()).filter(|id| !id.is_empty());
    let id = id.map(str::to_owned);
    let body = response.bytes().await?;
    Ok(match (status, id) {
        (StatusCode::ACCEPTED, Some(id)) => Answer::Accepted(id),
        (StatusCode::ACCEPTED, None) => Answer::None(NoAnswer::LocationMissing),
        _ => {
            let problem = serde_json::from_slice::<Problem>(&body).ok();
            Answer::Refused { status: status.as_u16(), code: problem.map(|problem| problem.code) }
        }
    })
}

fn reason(error: &reqwest::Error) -> NoAnswer {
    if error.is_connect() {
        NoAnswer::ConnectionFailed
    } else if error.is_timeout() {
        NoAnswer::TimedOut
    } else {
        NoAnswer::ConnectionLost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tenant_uses_every_api() {
        let keys: Vec<SecretString> = vec!["a".into(), "b".into()];
        let apis = ["http://127.0.0.1:1".to_owned(), "http://127.0.0.1:2".to_owned()];
        let client = LoadClient::on_loopback(&apis, &keys).unwrap();
        let tenants: Vec<_> = (0..4).map(|number| client.tenant_of(number)).collect();
        assert_eq!((tenants, client.tenants()), (vec![0, 1, 0, 1], 2));
        assert!(!format!("{client:?}").contains("Bearer"));
    }

    #[test]
    fn a_key_that_cannot_be_a_header_is_named_by_its_number() {
        let keys: Vec<SecretString> = vec!["a".into(), "b\nc".into()];
        let error = LoadClient::on_loopback(&[], &keys).unwrap_err().to_string();
        assert!(error.contains("key 2") && !error.contains("b\nc"), "{error}");
    }

    #[test]
    fn each_report_is_about_another_company() {
        assert_eq!(
            body(5),
            r#"{"companyName":"Larch Hollow Instruments Ltd","corporateNumber":"90000005","country":"GB"}"#
        );
    }
}
