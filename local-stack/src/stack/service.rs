//! The API or a worker as a task of this process: stopped by its token, watched for an end that nobody asked for.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// A first look at the table and the queue takes milliseconds; a machine under load gets this long.
const READY_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A running API or worker. Dropping it asks it to stop without waiting for it.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    stop: CancellationToken,
    /// None once it has ended.
    task: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Service {
    /// Runs `service`, which winds down when `stop` is cancelled.
    pub(super) fn spawn(
        name: &'static str,
        stop: CancellationToken,
        service: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) -> Self {
        Self { name, stop, task: Some(tokio::spawn(service)) }
    }

    /// Asks it to stop and waits until it has drained.
    ///
    /// # Errors
    /// When it ended with an error, or had before.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.outcome().await
    }

    /// Why it ended although nobody stopped it; waits for as long as it runs.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        let name = self.name;
        self.outcome().await.err().unwrap_or_else(|| anyhow!("{name} ended although nobody stopped it"))
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

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Waits until the API at `base_url` says that it is ready.
pub(super) async fn until_ready(base_url: &str, api: &mut Service) -> anyhow::Result<()> {
    let url = format!("{base_url}/readyz");
    let http = super::client::http()?;
    let deadline = Instant::now() + READY_WITHIN;
    let mut last = "it was not asked yet".to_owned();
    while Instant::now() < deadline {
        match http.get(&url).timeout(ANSWER_WITHIN).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => last = format!("it answered {}", answer.status()),
            Err(error) => last = error.to_string(),
        }
        tokio::select! {
            error = api.ended() => return Err(error),
            () = sleep(LOOK_EVERY) => {}
        }
    }
    bail!("the API was not ready after {} s: {url}: {last}", READY_WITHIN.as_secs())
}
