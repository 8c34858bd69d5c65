//! The services as processes: started as in production, killed with SIGKILL when their lifetime is over, and
//! restarted at once on the same address.
//!
//! A lifetime is a time, and an amount of work of all processes together. On a slow or busy machine, processes that
//! are killed by the clock alone do little but start.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use service_runtime::config::Environment;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::options::Options;
use crate::fault_proxy::Plan;
use crate::service_processes::{Binaries, LogDirectory, ServiceProcess, free_addresses};
use crate::stack::Stack;

/// Number of unexpected ends of one process after which the soak fails.
const MAX_UNEXPECTED_ENDS: usize = 5;
const RESTART_DELAY: Duration = Duration::from_millis(500);

/// Minimum number of exchanges with AWS, of all processes together, during the life of a process. A report takes about
/// fifty with the default faults.
const EXCHANGES_PER_LIFE: u64 = 1_000;

/// Interval at which the number of exchanges is read.
const EXCHANGES_POLL: Duration = Duration::from_millis(100);

/// The kills and unexpected ends of one process.
#[derive(Debug, Clone)]
pub(super) struct ProcessHistory {
    pub(super) name: String,
    pub(super) kills: u64,
    /// Exit status and last log line of every end that was not a kill.
    pub(super) unexpected_ends: Vec<String>,
}

/// The histories of all processes, and their logs.
#[derive(Debug)]
pub(super) struct FleetHistory {
    pub(super) processes: Vec<ProcessHistory>,
    logs: LogDirectory,
}

impl FleetHistory {
    /// Returns the directory of the logs. Deletes temporary logs and returns `None` if `keep` is false.
    pub(super) fn keep_logs(self, keep: bool) -> Option<PathBuf> {
        self.logs.keep(keep)
    }
}

/// The running processes. Dropping the fleet kills them.
pub(super) struct Fleet {
    tasks: JoinSet<anyhow::Result<ProcessHistory>>,
    api_urls: Vec<String>,
    kills: Arc<AtomicU64>,
    stop_killing: CancellationToken,
    stop: CancellationToken,
    logs: LogDirectory,
}

impl Fleet {
    /// Starts every process, and the kills of each by its schedule.
    pub(super) fn start(options: &Options, stack: &Stack, binaries: &Binaries) -> anyhow::Result<Self> {
        let plan = stack.fault_proxy().context("a soak has a fault proxy")?.plan();
        let logs = LogDirectory::new(options.logs.as_deref(), "dossier-soak-")?;
        let (stop_killing, stop) = (CancellationToken::new(), CancellationToken::new());
        let kills = Arc::new(AtomicU64::new(0));
        let mut fleet = Self { tasks: JoinSet::new(), api_urls: Vec::new(), kills, stop_killing, stop, logs };
        for (number, address) in (1..).zip(free_addresses(options.apis)?) {
            let mut environment = stack.environment().clone();
            environment.insert("DOSSIER_BIND".to_owned(), address.to_string());
            fleet.api_urls.push(format!("http://{address}"));
            fleet.add(options, plan, format!("api-{number}"), &binaries.api, environment);
        }
        for number in 1..=options.workers {
            let environment = stack.environment().clone();
            fleet.add(options, plan, format!("worker-{number}"), &binaries.worker, environment);
        }
        Ok(fleet)
    }

    fn add(
        &mut self,
        options: &Options,
        plan: &Arc<Plan>,
        name: String,
        binary: &Path,
        environment: Environment,
    ) {
        let lifetimes = options.kill_every.lifetimes(options.stack.seed, &name);
        let process = ServiceProcess::new(name, binary, environment, &self.logs);
        let (kills, stop_killing, stop) =
            (Arc::clone(&self.kills), self.stop_killing.clone(), self.stop.clone());
        let plan = Arc::clone(plan);
        self.tasks.spawn(keep_running(process, lifetimes, plan, kills, stop_killing, stop));
    }

    /// Returns the base URLs of the APIs.
    pub(super) fn api_urls(&self) -> &[String] {
        &self.api_urls
    }

    /// Returns the number of kills so far, of all processes together.
    pub(super) fn kills(&self) -> u64 {
        self.kills.load(Ordering::Relaxed)
    }

    /// Waits until some process cannot be kept running, and returns the reason.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => anyhow::Error::new(error).context("the supervisor of a process panicked"),
            Some(Ok(Ok(history))) => anyhow::anyhow!("{} is no longer supervised", history.name),
            None => std::future::pending().await,
        }
    }

    /// Ends the scheduled kills. The processes keep running.
    pub(super) fn stop_killing(&self) {
        self.stop_killing.cancel();
    }

    /// Kills every process and returns their histories.
    pub(super) async fn stop(mut self) -> anyhow::Result<FleetHistory> {
        self.stop.cancel();
        let mut processes = Vec::new();
        while let Some(ended) = self.tasks.join_next().await {
            processes.push(ended.context("the supervisor of a process panicked")??);
        }
        processes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(FleetHistory { processes, logs: self.logs })
    }
}

/// Waits for a `lifetime`, and until the processes have made [`EXCHANGES_PER_LIFE`] exchanges since `first`.
async fn live(lifetime: Duration, plan: &Plan, first: u64) {
    sleep(lifetime).await;
    while plan.exchanges_total() < first + EXCHANGES_PER_LIFE {
        sleep(EXCHANGES_POLL).await;
    }
}

/// Runs `process`, kills it after each of its `lifetimes` and restarts it, until `stop` is cancelled.
async fn keep_running(
    process: ServiceProcess,
    mut lifetimes: impl Iterator<Item = Duration> + Send,
    plan: Arc<Plan>,
    kills: Arc<AtomicU64>,
    stop_killing: CancellationToken,
    stop: CancellationToken,
) -> anyhow::Result<ProcessHistory> {
    let mut history =
        ProcessHistory { name: process.name().to_owned(), kills: 0, unexpected_ends: Vec::new() };
    loop {
        let mut child = process.start()?;
        let (lifetime, first) = (lifetimes.next(), plan.exchanges_total());
        let kill_due = async {
            match lifetime {
                Some(lifetime) if !stop_killing.is_cancelled() => tokio::select! {
                    () = live(lifetime, &plan, first) => {}
                    () = stop_killing.cancelled() => std::future::pending().await,
                },
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = child.wait() => {
                let status = ended.with_context(|| format!("waiting for {} failed", process.name()))?;
                let ends = &mut history.unexpected_ends;
                ends.push(format!("{status}; the last log line is: {}", process.last_log_line()));
                if ends.len() >= MAX_UNEXPECTED_ENDS {
                    bail!("{} does not keep running: {}", process.name(), ends.join("\n  "));
                }
                sleep(RESTART_DELAY).await;
            }
            () = kill_due => {
                child.kill().await.with_context(|| format!("{} cannot be killed", process.name()))?;
                history.kills += 1;
                kills.fetch_add(1, Ordering::Relaxed);
            }
            () = stop.cancelled() => {
                child.kill().await.with_context(|| format!("{} cannot be stopped", process.name()))?;
                return Ok(history);
            }
        }
    }
}
