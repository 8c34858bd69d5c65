//! The services as processes: started as in production, killed with SIGKILL at the times of their schedule, and
//! started again at once where they were.

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

use super::Options;
use crate::stack::Stack;

/// Below the ports that the system gives to outgoing connections: one of these would hold a port while its API is
/// dead.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// A process that ends by itself so often does not run at all.
const ENDS_MAX: usize = 5;
const PAUSE_AFTER_END: Duration = Duration::from_millis(500);

/// Where the services' binaries are.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    api: PathBuf,
    worker: PathBuf,
}

impl Binaries {
    /// The binaries beside this one.
    pub(super) fn find() -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("the soak does not know where its own binary is")?;
        let directory = own.parent().context("the soak's own binary has no directory")?;
        let binaries = Self { api: directory.join("api-service"), worker: directory.join("worker-service") };
        for path in [&binaries.api, &binaries.worker] {
            if !path.is_file() {
                let release = if directory.ends_with("release") { " --release" } else { "" };
                bail!(
                    "the soak runs the real services, and {} is not there. Build them first:\n\n    \
                     cargo build{release} -p api-service -p worker-service -p local-stack",
                    path.display()
                );
            }
        }
        Ok(binaries)
    }
}

/// How a process fared.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) name: String,
    pub(super) kills: u64,
    /// How it ended although nobody killed it.
    pub(super) ends: Vec<String>,
}

/// How every process fared, with their logs.
#[derive(Debug)]
pub(super) struct Lives {
    pub(super) lives: Vec<Life>,
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

impl Lives {
    /// Keeps the logs if they are wanted, and tells where they are.
    pub(super) fn keep(self, wanted: bool) -> Option<PathBuf> {
        match self.logs {
            Logs::Kept(path) => Some(path),
            Logs::Temporary(directory) => wanted.then(|| directory.keep()),
        }
    }
}

/// The running processes. Dropping it kills them.
pub(super) struct Fleet {
    tasks: JoinSet<anyhow::Result<Life>>,
    api_urls: Vec<String>,
    kills: Arc<AtomicU64>,
    calm: CancellationToken,
    stop: CancellationToken,
    logs: Logs,
}

impl Fleet {
    /// Starts every process.
    pub(super) fn start(options: &Options, stack: &Stack, binaries: &Binaries) -> anyhow::Result<Self> {
        let logs = match &options.logs {
            Some(path) => {
                std::fs::create_dir_all(path).with_context(|| {
                    format!("the directory {} for the logs cannot be made", path.display())
                })?;
                Logs::Kept(path.clone())
            }
            None => Logs::Temporary(
                tempfile::Builder::new()
                    .prefix("dossier-soak-")
                    .tempdir()
                    .context("no temporary directory could be made for the logs")?,
            ),
        };
        let (calm, stop) = (CancellationToken::new(), CancellationToken::new());
        let kills = Arc::new(AtomicU64::new(0));
        let mut fleet = Self { tasks: JoinSet::new(), api_urls: Vec::new(), kills, calm, stop, logs };
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
        let lives = options.kill_every.lives(options.stack.seed, &name);
        let program = Program {
            log: self.logs.path().join(format!("{name}.log")),
            binary: binary.to_owned(),
            environment,
            name,
        };
        let (kills, calm, stop) = (Arc::clone(&self.kills), self.calm.clone(), self.stop.clone());
        self.tasks.spawn(program.keep_running(lives, kills, calm, stop));
    }

    /// The base URLs of the APIs.
    pub(super) fn api_urls(&self) -> &[String] {
        &self.api_urls
    }

    /// How often a process was killed so far.
    pub(super) fn kills(&self) -> u64 {
        self.kills.load(Ordering::Relaxed)
    }

    /// Why a process cannot be kept running; waits for as long as all can.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => anyhow::Error::new(error).context("whoever looks after a process panicked"),
            Some(Ok(Ok(life))) => anyhow::anyhow!("{} is not looked after any more", life.name),
            None => std::future::pending().await,
        }
    }

    /// From now on no process is killed.
    pub(super) fn calm(&self) {
        self.calm.cancel();
    }

    /// Ends every process.
    pub(super) async fn stop(mut self) -> anyhow::Result<Lives> {
        self.stop.cancel();
        let mut lives = Vec::new();
        while let Some(ended) = self.tasks.join_next().await {
            lives.push(ended.context("whoever looks after a process panicked")??);
        }
        lives.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Lives { lives, logs: self.logs })
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..100 {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::rng().random_range(PORTS)));
        if std::net::TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no free port could be had on 127.0.0.1 between {} and {}", PORTS.start, PORTS.end)
}

struct Program {
    name: String,
    binary: PathBuf,
    environment: Environment,
    log: PathBuf,
}

impl Program {
    async fn keep_running(
        self,
        mut lives: impl Iterator<Item = Duration> + Send,
        kills: Arc<AtomicU64>,
        calm: CancellationToken,
        stop: CancellationToken,
    ) -> anyhow::Result<Life> {
        let mut life = Life { name: self.name.clone(), kills: 0, ends: Vec::new() };
        loop {
            let mut child = self.start()?;
            let until = lives.next();
            let end_of_life = async {
                match until {
                    Some(until) if !calm.is_cancelled() => tokio::select! {
                        () = sleep(until) => {}
                        () = calm.cancelled() => std::future::pending().await,
                    },
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                ended = child.wait() => {
                    let status = ended.with_context(|| format!("{} cannot be waited for", self.name))?;
                    life.ends.push(format!("{status}; its log ends with: {}", self.last_words()));
                    if life.ends.len() >= ENDS_MAX {
                        bail!("{} does not keep running: {}", self.name, life.ends.join("\n  "));
                    }
                    sleep(PAUSE_AFTER_END).await;
                }
                () = end_of_life => {
                    child.kill().await.with_context(|| format!("{} cannot be killed", self.name))?;
                    life.kills += 1;
                    kills.fetch_add(1, Ordering::Relaxed);
                }
                () = stop.cancelled() => {
                    child.kill().await.with_context(|| format!("{} cannot be stopped", self.name))?;
                    return Ok(life);
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
            .with_context(|| format!("{} cannot be started as {}", self.name, self.binary.display()))
    }

    fn last_words(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("(nothing)").to_owned()
    }
}
