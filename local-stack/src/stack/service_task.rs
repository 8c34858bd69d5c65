//! The API or a worker as a task of this process. A token stops the task, and the stack can wait for its
//! unexpected end.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Maximum wait for readiness. The first check of the table and the queue usually takes milliseconds; the
/// limit is for a debug build on a machine under load.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A running API or worker. Dropping it asks the service to stop without waiting.
#[derive(Debug)]
pub struct ServiceTask {
    name: &'static str,
    stop: CancellationToken,
    /// `None` once the service has ended.
    task: Option<JoinHandle<anyhow::Result<()>>>,
}

impl ServiceTask {
    /// Runs `service`, which shuts down when `stop` is cancelled.
    pub(super) fn spawn(
        name: &'static str,
        stop: CancellationToken,
        service: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) -> Self {
        Self { name, stop, task: Some(tokio::spawn(service)) }
    }

    /// Asks the service to stop and waits until it has drained.
    ///
    /// # Errors
    /// Returns an error if the service panicked or ended with an error, even if that happened before this
    /// call. An error that `ended` has returned is not returned again.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.outcome().await
    }

    /// Waits until the service ends unexpectedly, and returns the reason.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        let name = self.name;
        self.outcome().await.err().unwrap_or_else(|| anyhow!("{name} ended unexpectedly"))
    }

    async fn outcome(&mut self) -> anyhow::Result<()> {
        let Some(task) = &mut self.task else { return Ok(()) };
        let ended = task.await;
        self.task = None;
        ended
            .with_context(|| format!("{} panicked", self.name))?
            .with_context(|| format!("{} ended with an error", self.name))
    }
}

impl Drop for ServiceTask {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Waits until the API at `base_url` reports ready.
pub(super) async fn wait_until_ready(base_url: &str, api: &mut ServiceTask) -> anyhow::Result<()> {
    let url = format!("{base_url}/readyz");
    let http = super::client::loopback_http()?;
    let deadline = Instant::now() + READY_TIMEOUT;
    let mut last = "no request was sent".to_owned();
    while Instant::now() < deadline {
        match http.get(&url).timeout(REQUEST_TIMEOUT).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => last = format!("it answered {}", answer.status()),
            Err(error) => last = error.to_string(),
        }
        tokio::select! {
            error = api.ended() => return Err(error),
            () = sleep(POLL_INTERVAL) => {}
        }
    }
    bail!("the API was not ready after {} s: {url}: {last}", READY_TIMEOUT.as_secs())
}
