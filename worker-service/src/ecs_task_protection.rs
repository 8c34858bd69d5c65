//! Asks ECS not to stop this task while it works on reports ("Protect your Amazon ECS tasks from
//! being terminated by scale-in events").

use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::json;
use tokio::time::{Instant, sleep_until};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long one request protects, in minutes; it is made anew at half of that.
const MINUTES: u64 = 60;
const RENEW: Duration = Duration::from_secs(MINUTES * 60 / 2);
/// How often the worker's load is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// After an answer that was no success.
const AGAIN: Duration = Duration::from_secs(10);

/// The agent of the task that this process runs in.
#[derive(Clone, Debug)]
pub struct EcsAgent {
    client: Client,
    url: Url,
}

impl EcsAgent {
    /// The agent at `base`, the value of `ECS_AGENT_URI`, which ECS sets in every container.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn new(base: &Url) -> Result<Self, reqwest::Error> {
        let mut url = base.clone();
        url.set_path(&format!("{}/task-protection/v1/state", base.path().trim_end_matches('/')));
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        Ok(Self { client, url })
    }

    async fn set(&self, protected: bool) -> Result<(), reqwest::Error> {
        let mut state = json!({"ProtectionEnabled": protected});
        if protected {
            state["ExpiresInMinutes"] = json!(MINUTES);
        }
        self.client.put(self.url.clone()).json(&state).send().await?.error_for_status().map(|_| ())
    }

    /// Keeps the task protected exactly while `running` holds jobs, until `stop`; then gives it up.
    pub async fn follow(self, running: TaskTracker, stop: CancellationToken) {
        // What the agent was told last, and when it must be told again.
        let mut told = (false, None::<Instant>);
        let mut next_look = Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep_until(next_look) => {}
            }
            next_look = Instant::now() + LOOK;
            let wanted = !running.is_empty();
            let due = wanted && told.1.is_none_or(|at| Instant::now() >= at);
            if wanted == told.0 && !due {
                continue;
            }
            match self.set(wanted).await {
                Ok(()) => told = (wanted, wanted.then(|| Instant::now() + RENEW)),
                Err(error) => {
                    tracing::warn!(error = %error.without_url(), wanted, "ECS did not take the request for task protection");
                    next_look = Instant::now() + AGAIN;
                }
            }
        }
        if told.0
            && let Err(error) = self.set(false).await
        {
            tracing::warn!(error = %error.without_url(), "task protection was not given up; it ends by itself");
        }
    }
}
