//! Asks ECS not to stop this task while it processes reports ("Protect your Amazon ECS tasks from
//! being terminated by scale-in events").

use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::json;
use service_runtime::{
    config::{Presence, Reader},
    settings,
};
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

    async fn set(&self, protected: bool) -> Result<(), reqwest::Error> {
        let mut state = json!({"ProtectionEnabled": protected});
        if protected {
            state["ExpiresInMinutes"] = json!(PROTECTION_MINUTES);
        }
        self.client.put(self.url.clone()).json(&state).send().await?.error_for_status().map(|_| ())
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
                    tracing::warn!(error = %error.without_url(), wanted, "the ECS agent rejected the request for task protection; retrying");
                    next_check = Instant::now() + RETRY_INTERVAL;
                }
            }
        }
        if protected && let Err(error) = self.set(false).await {
            tracing::warn!(error = %error.without_url(), "task protection could not be ended; it expires by itself");
        }
    }
}
