//! The services of a load test, each in a process of its own, so that CPU time and memory are theirs alone.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use service_runtime::config::Environment;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::options::LocalStackOptions;
use super::process_usage::{self, ProcessUsage};
use crate::aws::Service;
use crate::service_processes::{Binaries, LogDirectory, ServiceProcess, free_addresses};
use crate::stack::Stack;
use crate::stack::client::loopback_http;

/// Maximum wait until every process is ready, for a debug build on a machine under load.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The running services. Dropping them kills the processes.
pub(super) struct Services {
    /// Each ends with the reason why its process ended, or with `None` when it was stopped.
    tasks: JoinSet<Option<anyhow::Error>>,
    stop: CancellationToken,
    api_urls: Vec<String>,
    api_pids: Vec<u32>,
    worker_pids: Vec<u32>,
    /// Kills the first worker process.
    kill: CancellationToken,
    logs: LogDirectory,
}

impl Services {
    /// Starts the processes, without workers if only the acceptance is measured, and waits until the APIs
    /// report ready and the workers answer their health check.
    ///
    /// # Errors
    /// Returns an error if a binary does not exist, or a process does not become ready.
    pub(super) async fn start(
        options: &LocalStackOptions,
        stack: &Stack,
        accept_only: bool,
    ) -> anyhow::Result<Self> {
        let binaries = Binaries::find()?;
        let mut services = Self {
            tasks: JoinSet::new(),
            stop: CancellationToken::new(),
            api_urls: Vec::new(),
            api_pids: Vec::new(),
            worker_pids: Vec::new(),
            kill: CancellationToken::new(),
            logs: LogDirectory::new(None, "dossier-load-")?,
        };
        for (number, address) in (1..).zip(free_addresses(options.api_processes)?) {
            let mut environment = stack.environment().clone();
            environment.insert("DOSSIER_BIND".to_owned(), address.to_string());
            let name = format!("api-{number}");
            let process = ServiceProcess::new(name, &binaries.api, environment, &services.logs);
            let pid = services.spawn(process, CancellationToken::new())?;
            services.api_pids.push(pid);
            services.api_urls.push(format!("http://{address}"));
        }
        let receives_before = receives(stack);
        let workers = if accept_only { 0 } else { options.worker_processes };
        let mut ready_urls: Vec<String> =
            services.api_urls.iter().map(|url| format!("{url}/readyz")).collect();
        for (number, address) in (1..).zip(free_addresses(workers)?) {
            let mut environment: Environment = stack.environment().clone();
            environment.insert("DOSSIER_HEALTH_BIND".to_owned(), address.to_string());
            ready_urls.push(format!("http://{address}/healthz"));
            let name = format!("worker-{number}");
            let kill = if number == 1 { services.kill.clone() } else { CancellationToken::new() };
            let process = ServiceProcess::new(name, &binaries.worker, environment, &services.logs);
            let pid = services.spawn(process, kill)?;
            services.worker_pids.push(pid);
        }
        let ready = async {
            for url in &ready_urls {
                wait_until_ready(url).await?;
            }
            // A worker answers when everything that it needs is loaded, and then begins to receive.
            while receives(stack) < receives_before + u64::from(workers) {
                sleep(POLL_INTERVAL).await;
            }
            anyhow::Ok(())
        };
        tokio::select! {
            ready = tokio::time::timeout(READY_TIMEOUT, ready) => ready.with_context(|| {
                format!("the services were not ready after {} s", READY_TIMEOUT.as_secs())
            })??,
            error = services.failed() => return Err(error),
        }
        Ok(services)
    }

    /// Starts a process, which is killed when `kill` is cancelled, and returns its id.
    fn spawn(&mut self, process: ServiceProcess, kill: CancellationToken) -> anyhow::Result<u32> {
        let mut child = process.start()?;
        let pid = child.id().with_context(|| format!("{} ended at once", process.name()))?;
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                // A process that has ended is noticed even if it is to be stopped at the same time.
                biased;
                ended = child.wait() => Some(match ended {
                    Ok(status) => anyhow!(
                        "{} ended unexpectedly with {status}; the last log line is: {}",
                        process.name(),
                        process.last_log_line()
                    ),
                    Err(error) => anyhow!(error).context(format!("waiting for {} failed", process.name())),
                }),
                () = async { tokio::select! { () = stop.cancelled() => (), () = kill.cancelled() => () } } => {
                    child.kill().await.err().map(|error| {
                        anyhow!(error).context(format!("{} cannot be stopped", process.name()))
                    })
                }
            }
        });
        Ok(pid)
    }

    /// Returns the base URLs of the APIs.
    pub(super) fn api_urls(&self) -> &[String] {
        &self.api_urls
    }

    /// Returns the process ids of the APIs.
    pub(super) fn api_pids(&self) -> &[u32] {
        &self.api_pids
    }

    /// Returns the process ids of the workers whose figures are measured: all of them, or all but the one that will
    /// be killed.
    pub(super) fn worker_pids(&self, one_is_killed: bool) -> &[u32] {
        &self.worker_pids[usize::from(one_is_killed).min(self.worker_pids.len())..]
    }

    /// Returns the token whose cancellation kills the first worker process with SIGKILL. It is not replaced.
    pub(super) fn kill_worker(&self) -> CancellationToken {
        self.kill.clone()
    }

    /// Waits until a process ends unexpectedly, and returns the reason.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(Some(error)) => return error,
                Ok(None) => {}
                Err(error) => return anyhow!(error).context("the supervisor of a process panicked"),
            }
        }
        std::future::pending().await
    }

    /// Kills every process. Adds to `failure` the end of a process that nobody has noticed. Without a failure,
    /// deletes the logs of the processes; otherwise returns their directory.
    pub(super) async fn stop(mut self, failure: &mut Option<String>) -> Option<PathBuf> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            let error = ended
                .unwrap_or_else(|error| Some(anyhow!(error).context("the supervisor of a process panicked")));
            if let Some(error) = error {
                failure.get_or_insert_with(|| format!("{error:#}"));
            }
        }
        self.logs.keep(failure.is_some())
    }
}

fn receives(stack: &Stack) -> u64 {
    stack.aws_calls().get(&(Service::Sqs, "ReceiveMessage".to_owned())).copied().unwrap_or(0)
}

async fn wait_until_ready(url: &str) -> anyhow::Result<()> {
    let http = loopback_http()?;
    let deadline = Instant::now() + READY_TIMEOUT;
    while Instant::now() < deadline {
        if http.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        sleep(POLL_INTERVAL).await;
    }
    bail!("{url} did not report ready within {} s", READY_TIMEOUT.as_secs())
}

/// The CPU time and memory of all processes of one service, when they are at rest.
#[derive(Debug, Clone)]
pub(super) struct ServiceAtRest {
    pids: Vec<u32>,
    /// `None` if the system does not tell it.
    usage: Option<Vec<ProcessUsage>>,
    /// Whether the peak memory begins with this measurement.
    peak_begins: bool,
}

/// What the processes of one service used during a load test, all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServiceUsage {
    pub(super) cpu: Duration,
    /// Memory at rest, in bytes.
    pub(super) memory_at_rest: u64,
    /// Sum of the peaks, in bytes; `None` if the system cannot tell a peak since a point in time.
    pub(super) memory_at_peak: Option<u64>,
}

impl ServiceAtRest {
    /// Measures the processes `pids` and lets their peak memory begin.
    pub(super) fn measure(pids: &[u32]) -> Self {
        let peak_begins = pids.iter().all(|pid| process_usage::reset_peak(*pid));
        Self { pids: pids.to_owned(), usage: usages(pids), peak_begins }
    }

    /// Returns the number of processes.
    pub(super) fn processes(&self) -> usize {
        self.pids.len()
    }

    /// Returns what the processes have used since they were at rest, or `None` if the system does not tell it
    /// or a process has ended.
    pub(super) fn used(&self) -> Option<ServiceUsage> {
        let before = self.usage.as_ref()?;
        let now = usages(&self.pids)?;
        let cpu = |usages: &[ProcessUsage]| usages.iter().map(|usage| usage.cpu).sum::<Duration>();
        Some(ServiceUsage {
            cpu: cpu(&now).saturating_sub(cpu(before)),
            memory_at_rest: before.iter().map(|usage| usage.memory).sum(),
            memory_at_peak: self.peak_begins.then(|| now.iter().map(|usage| usage.memory_peak).sum()),
        })
    }
}

fn usages(pids: &[u32]) -> Option<Vec<ProcessUsage>> {
    pids.iter().map(|pid| process_usage::of(*pid)).collect()
}
