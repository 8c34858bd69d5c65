//! Asks sources over HTTP: bounded in time and size, tried again where that helps, never led
//! elsewhere by a redirect.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use super::SourceError;
use crate::retry::full_jitter;

/// Most bytes of an answer.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// Tries of one question, the first included.
const TRIES: u32 = 3;

const RETRY_BASE: Duration = Duration::from_millis(300);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// The client for every source.
#[derive(Clone, Debug)]
pub(super) struct Http(Client);

impl Http {
    pub(super) fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        Client::builder()
            .user_agent(concat!("Dossier/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeout.min(Duration::from_secs(3)))
            .timeout(timeout)
            // A redirect could lead into the private network.
            .redirect(redirect::Policy::none())
            .build()
            .map(Self)
    }

    pub(super) fn client(&self) -> &Client {
        &self.0
    }
}

/// Sends `request` and reads the answer as JSON.
pub(super) async fn json<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, SourceError> {
    let mut tries = 0;
    loop {
        // Only streamed bodies cannot be cloned; none of ours is.
        let Some(again) = request.try_clone() else {
            return Err(SourceError::Unreadable("the question cannot be repeated".to_owned()));
        };
        match once(again).await {
            Err(SourceError::Unavailable(_)) if tries + 1 < TRIES => {
                sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
                tries += 1;
            }
            answer => return answer,
        }
    }
}

async fn once<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, SourceError> {
    // Addresses hold what was asked: they stay out of errors and logs.
    let lost = |error: reqwest::Error| SourceError::Unavailable(error.without_url().to_string());
    let mut response = request.send().await.map_err(lost)?;
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
        || status.is_server_error()
    {
        return Err(SourceError::Unavailable(format!("HTTP status {status}")));
    }
    if !status.is_success() {
        return Err(SourceError::Refused(format!("HTTP status {status}")));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if bytes.len() + chunk.len() > ANSWER_MAX {
            return Err(SourceError::Unreadable(format!("it has more than {ANSWER_MAX} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).map_err(|error| SourceError::Unreadable(error.to_string()))
}
