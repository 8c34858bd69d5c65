//! The services as processes: started as in production, killed with SIGKILL when their lifetime is over, and
//! restarted at once on the same address.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use service_runtime::config::Environment;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::options::Options;
use crate::stack::Stack;

/// Ports of the APIs. They lie below the ports that the system gives to outgoing connections. Otherwise such
/// a connection could take the port of an API while the API is down.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// Number of unexpected ends of one process after which the soak fails.
const MAX_UNEXPECTED_ENDS: usize = 5;
const RESTART_DELAY: Duration = Duration::from_millis(500);

/// Paths of the services' binaries.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    api: PathBuf,
    worker: PathBuf,
}

impl Binaries {
    /// Finds the binaries next to this one.
    pub(super) fn find() -> anyhow::Result<Self> {
        let this = std::env::current_exe().context("the path of the soak's own binary is unknown")?;
        let directory = this.parent().context("the soak's own binary has no directory")?;
        let binaries = Self { api: directory.join("api-service"), worker: directory.join("worker-service") };
        for path in [&binaries.api, &binaries.worker] {
            if !path.is_file() {
                let release = if directory.ends_with("release") { " --release" } else { "" };
                bail!(
                    "the soak runs the real services, but {} does not exist. Build them first:\n\n    \
                     cargo build{release} -p api-service -p worker-service -p local-stack",
                    path.display()
                );
            }
        }
        Ok(binaries)
    }
}

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
    logs: Logs,
}

#[derive(Debug)]
enum Logs {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Logs {
    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }
}

impl FleetHistory {
    /// Returns the directory of the logs. Deletes temporary logs and returns `None` if `keep` is false.
    pub(super) fn keep_logs(self, keep: bool) -> Option<PathBuf> {
        match self.logs {
            Logs::Kept(path) => Some(path),
            Logs::Temporary(directory) => keep.then(|| directory.keep()),
        }
    }
}

/// The running processes. Dropping the fleet kills them.
pub(super) struct Fleet {
    tasks: JoinSet<anyhow::Result<ProcessHistory>>,
    api_urls: Vec<String>,
    kills: Arc<AtomicU64>,
    stop_killing: CancellationToken,
    stop: CancellationToken,
    logs: Logs,
}

impl Fleet {
    /// Starts every process, and the kills of each by its schedule.
    pub(super) fn start(options: &Options, stack: &Stack, binaries: &Binaries) -> anyhow::Result<Self> {
        let logs = match &options.logs {
            Some(path) => {
                std::fs::create_dir_all(path).with_context(|| {
                    format!("the directory {} for the logs cannot be created", path.display())
                })?;
                Logs::Kept(path.clone())
            }
            None => Logs::Temporary(
                tempfile::Builder::new()
                    .prefix("dossier-soak-")
                    .tempdir()
                    .context("the temporary directory for the logs could not be created")?,
            ),
        };
        let (stop_killing, stop) = (CancellationToken::new(), CancellationToken::new());
        let kills = Arc::new(AtomicU64::new(0));
        let mut fleet = Self { tasks: JoinSet::new(), api_urls: Vec::new(), kills, stop_killing, stop, logs };
        let mut addresses: Vec<SocketAddr> = Vec::new();
        while addresses.len() < usize::from(options.apis) {
            let address = free_address()?;
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        for (number, address) in (1..).zip(addresses) {
            let mut environment = stack.environment().clone();
            environment.insert("DOSSIER_BIND".to_owned(), address.to_string());
            fleet.api_urls.push(format!("http://{address}"));
            fleet.add(options, format!("api-{number}"), &binaries.api, environment);
        }
        for number in 1..=options.workers {
            let environment = stack.environment().clone();
            fleet.add(options, format!("worker-{number}"), &binaries.worker, environment);
        }
        Ok(fleet)
    }

    fn add(&mut self, options: &Options, name: String, binary: &Path, environment: Environment) {
        let lifetimes = options.kill_every.lifetimes(options.stack.seed, &name);
        let process = SupervisedProcess {
            log: self.logs.path().join(format!("{name}.log")),
            binary: binary.to_owned(),
            environment,
            name,
        };
        let (kills, stop_killing, stop) =
            (Arc::clone(&self.kills), self.stop_killing.clone(), self.stop.clone());
        self.tasks.spawn(process.keep_running(lifetimes, kills, stop_killing, stop));
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

fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..100 {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::rng().random_range(PORTS)));
        if std::net::TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("127.0.0.1 has no free port between {} and {}", PORTS.start, PORTS.end)
}

struct SupervisedProcess {
    name: String,
    binary: PathBuf,
    environment: Environment,
    log: PathBuf,
}

impl SupervisedProcess {
    /// Runs the process, kills it after each of its `lifetimes` and restarts it, until `stop` is cancelled.
    async fn keep_running(
        self,
        mut lifetimes: impl Iterator<Item = Duration> + Send,
        kills: Arc<AtomicU64>,
        stop_killing: CancellationToken,
        stop: CancellationToken,
    ) -> anyhow::Result<ProcessHistory> {
        let mut history = ProcessHistory { name: self.name.clone(), kills: 0, unexpected_ends: Vec::new() };
        loop {
            let mut child = self.start()?;
            let lifetime = lifetimes.next();
            let kill_due = async {
                match lifetime {
                    Some(lifetime) if !stop_killing.is_cancelled() => tokio::select! {
                        () = sleep(lifetime) => {}
                        () = stop_killing.cancelled() => std::future::pending().await,
                    },
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                ended = child.wait() => {
                    let status = ended.with_context(|| format!("waiting for {} failed", self.name))?;
                    let ends = &mut history.unexpected_ends;
                    ends.push(format!("{status}; the last log line is: {}", self.last_log_line()));
                    if ends.len() >= MAX_UNEXPECTED_ENDS {
                        bail!("{} does not keep running: {}", self.name, ends.join("\n  "));
                    }
                    sleep(RESTART_DELAY).await;
                }
                () = kill_due => {
                    child.kill().await.with_context(|| format!("{} cannot be killed", self.name))?;
                    history.kills += 1;
                    kills.fetch_add(1, Ordering::Relaxed);
                }
                () = stop.cancelled() => {
                    child.kill().await.with_context(|| format!("{} cannot be stopped", self.name))?;
                    return Ok(history);
                }
            }
        }
    }

    fn start(&self) -> anyhow::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("the log {} cannot be written", self.log.display()))?;
        Command::new(&self.binary)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_or_else(|_| Stdio::null(), File::into))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started from {}", self.name, self.binary.display()))
    }

    fn last_log_line(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("(nothing)").to_owned()
    }
}
