//! Asks ECS not to stop this task while it processes reports ("Protect your Amazon ECS tasks from
//! being terminated by scale-in events").

use std::time::Duration;

use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::json;
use service_runtime::{
    config::{Presence, Reader},
    settings,
};
use thiserror::Error;
use tokio::time::{Instant, sleep_until};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

settings! {
    /// The setting of task protection, whose value ECS provides.
    ECS_SETTINGS:
    ECS_AGENT = "ECS_AGENT_URI", Presence::Optional,
        "URL of the ECS agent, set by ECS: with it the worker protects its task from scale-in while it processes reports";
}

/// Duration of one protection, in minutes.
const PROTECTION_MINUTES: u64 = 60;
/// Time after which a protection is renewed: half of its duration.
const RENEW_AFTER: Duration = Duration::from_secs(PROTECTION_MINUTES * 60 / 2);
/// Time between two checks for reports in progress.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Time before a failed request is repeated.
const RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// Reads the URL of the ECS agent. Returns `None` if it is not set, or if `reader` noted an error.
pub(crate) fn read_agent_url(reader: &mut Reader<'_>) -> Option<Url> {
    reader.parse(&ECS_AGENT)
}

/// The agent's answer ("Amazon ECS task scale-in protection endpoint"). Its status is 200 also if ECS rejects
/// the request: then it has a failure, or several in the form of the API, and no protection in the wanted state.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    protection: Option<Protection>,
    failure: Option<Reason>,
    failures: Vec<Reason>,
    error: Option<Reason>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Protection {
    protection_enabled: bool,
}

/// Why a request was rejected.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reason {
    #[serde(rename = "Reason", alias = "reason", alias = "Code", alias = "code")]
    reason: Option<String>,
    #[serde(rename = "Detail", alias = "detail", alias = "Message", alias = "message")]
    detail: Option<String>,
}

/// Why the protection was not changed.
#[derive(Debug, Error)]
enum ProtectionError {
    /// The agent did not answer, or not with 200 and JSON.
    #[error("the ECS agent gave no usable answer: {0}")]
    NoAnswer(reqwest::Error),
    /// ECS rejected the request.
    #[error("ECS rejected the request: {reason} {detail}")]
    Rejected { reason: String, detail: String },
    /// The answer shows another state than the requested one.
    #[error("the ECS agent does not confirm the requested state")]
    Unconfirmed,
}

impl From<reqwest::Error> for ProtectionError {
    fn from(error: reqwest::Error) -> Self {
        Self::NoAnswer(error.without_url())
    }
}

impl Answer {
    /// Returns an error unless the answer confirms that the protection is in the `wanted` state.
    fn confirms(self, wanted: bool) -> Result<(), ProtectionError> {
        if let Some(Reason { reason, detail }) =
            self.failure.or(self.error).or(self.failures.into_iter().next())
        {
            let (reason, detail) = (reason.unwrap_or_default(), detail.unwrap_or_default());
            return Err(ProtectionError::Rejected { reason, detail });
        }
        match self.protection {
            Some(Protection { protection_enabled }) if protection_enabled == wanted => Ok(()),
            _ => Err(ProtectionError::Unconfirmed),
        }
    }
}

/// A client of the ECS agent of this task.
#[derive(Clone, Debug)]
pub(crate) struct EcsAgent {
    client: Client,
    url: Url,
}

impl EcsAgent {
    /// Creates a client for the agent at `base`, the value of `ECS_AGENT_URI`, which ECS sets in every
    /// container.
    ///
    /// # Errors
    /// Returns the [`reqwest::Error`] if the HTTP client cannot be built.
    pub(crate) fn new(base: &Url) -> Result<Self, reqwest::Error> {
        let mut url = base.clone();
        url.set_path(&format!("{}/task-protection/v1/state", base.path().trim_end_matches('/')));
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        Ok(Self { client, url })
    }

    async fn set(&self, protected: bool) -> Result<(), ProtectionError> {
        let mut state = json!({"ProtectionEnabled": protected});
        if protected {
            state["ExpiresInMinutes"] = json!(PROTECTION_MINUTES);
        }
        let request = self.client.put(self.url.clone()).json(&state);
        request.send().await?.error_for_status()?.json::<Answer>().await?.confirms(protected)
    }

    /// Keeps the task protected while `running` holds jobs. When `stop` is cancelled, ends the protection and
    /// returns.
    pub(crate) async fn keep_protected(self, running: TaskTracker, stop: CancellationToken) {
        let (mut protected, mut renew_at) = (false, None::<Instant>);
        let mut next_check = Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep_until(next_check) => {}
            }
            next_check = Instant::now() + CHECK_INTERVAL;
            let wanted = !running.is_empty();
            let renewal_due = wanted && renew_at.is_none_or(|at| Instant::now() >= at);
            if wanted == protected && !renewal_due {
                continue;
            }
            match self.set(wanted).await {
                Ok(()) => {
                    protected = wanted;
                    renew_at = wanted.then(|| Instant::now() + RENEW_AFTER);
                }
                Err(error) => {
                    tracing::warn!(error = %error, wanted, "task protection could not be changed; retrying");
                    next_check = Instant::now() + RETRY_INTERVAL;
                }
            }
        }
        if protected && let Err(error) = self.set(false).await {
            tracing::warn!(error = %error, "task protection could not be ended; it expires by itself");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confirms(answer: &str, wanted: bool) -> Result<(), String> {
        let answer: Answer = serde_json::from_str(answer).map_err(|error| error.to_string())?;
        answer.confirms(wanted).map_err(|error| error.to_string())
    }

    #[test]
    fn only_a_confirmed_state_counts() {
        let protected = r#"{"protection": {"ExpirationDate": "2026-01-05T12:00:00Z", "ProtectionEnabled": true, "TaskArn": "arn"}}"#;
        assert_eq!(confirms(protected, true), Ok(()));
        assert!(confirms(protected, false).is_err());
        for rejected in [
            r#"{"failure": {"Arn": "arn", "Detail": null, "Reason": "TASK_NOT_VALID"}}"#,
            r#"{"failures": [{"arn": "arn", "reason": "DEPLOYMENT_BLOCKED", "detail": "later"}], "protectedTasks": []}"#,
            r#"{"error": {"Arn": "arn", "Code": "AccessDeniedException", "Message": "no"}}"#,
            "{}",
            r#"{"protection": {}}"#,
            "[]",
        ] {
            assert!(confirms(rejected, true).is_err(), "{rejected}");
        }
        let reason = confirms(r#"{"failures": [{"reason": "DEPLOYMENT_BLOCKED"}]}"#, true).unwrap_err();
        assert_eq!(reason.trim_end(), "ECS rejected the request: DEPLOYMENT_BLOCKED");
    }
}
