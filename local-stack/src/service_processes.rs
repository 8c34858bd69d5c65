//! The services as processes, started as in production: their binaries, addresses and logs. The soak and the
//! load test run them.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use service_runtime::config::Environment;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Ports of the APIs. They lie below the ports that the system gives to outgoing connections. Otherwise such
/// a connection could take the port of an API while the API is down.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// Paths of the services' binaries.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    pub(crate) api: PathBuf,
    pub(crate) worker: PathBuf,
}

impl Binaries {
    /// Finds the binaries next to this one.
    ///
    /// # Errors
    /// Returns an error with the command that builds them if one of them does not exist.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let this = std::env::current_exe().context("the path of local-stack's own binary is unknown")?;
        let directory = this.parent().context("local-stack's own binary has no directory")?;
        let binaries = Self { api: directory.join("api-service"), worker: directory.join("worker-service") };
        for path in [&binaries.api, &binaries.worker] {
            if !path.is_file() {
                let release = if directory.ends_with("release") { " --release" } else { "" };
                bail!(
                    "this command runs the real services, but {} does not exist. Build them first:\n\n    \
                     cargo build{release} --workspace --bins",
                    path.display()
                );
            }
        }
        Ok(binaries)
    }
}

/// The directory of the logs of the processes. Dropping a temporary one deletes it.
#[derive(Debug)]
pub(crate) enum LogDirectory {
    /// A directory that the caller named.
    Named(PathBuf),
    /// A temporary directory.
    Temporary(TempDir),
}

impl LogDirectory {
    /// Creates the directory `named`, or a temporary one whose name begins with `prefix`.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be created.
    pub(crate) fn new(named: Option<&Path>, prefix: &str) -> anyhow::Result<Self> {
        Ok(match named {
            Some(path) => {
                std::fs::create_dir_all(path).with_context(|| {
                    format!("the directory {} for the logs cannot be created", path.display())
                })?;
                Self::Named(path.to_owned())
            }
            None => Self::Temporary(
                tempfile::Builder::new()
                    .prefix(prefix)
                    .tempdir()
                    .context("the temporary directory for the logs could not be created")?,
            ),
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }

    /// Returns the directory. Deletes a temporary one and returns `None` if `keep` is false.
    pub(crate) fn keep(self, keep: bool) -> Option<PathBuf> {
        match self {
            Self::Named(path) => Some(path),
            Self::Temporary(directory) => keep.then(|| directory.keep()),
        }
    }
}

/// Returns `count` different addresses on loopback that are free.
///
/// # Errors
/// Returns an error if too few ports are free.
pub(crate) fn free_addresses(count: u16) -> anyhow::Result<Vec<SocketAddr>> {
    let mut addresses = Vec::new();
    while addresses.len() < usize::from(count) {
        let address = free_address()?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..100 {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::rng().random_range(PORTS)));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("127.0.0.1 has no free port between {} and {}", PORTS.start, PORTS.end)
}

/// A service that can be started as a process, any number of times.
#[derive(Debug)]
pub(crate) struct ServiceProcess {
    name: String,
    binary: PathBuf,
    environment: Environment,
    log: PathBuf,
}

impl ServiceProcess {
    /// Returns a service that runs `binary` with exactly the variables of `environment`, and writes its log
    /// to a file with its `name` in `logs`.
    pub(crate) fn new(name: String, binary: &Path, environment: Environment, logs: &LogDirectory) -> Self {
        let log = logs.path().join(format!("{name}.log"));
        Self { name, binary: binary.to_owned(), environment, log }
    }

    /// Returns the name of the process, such as `worker-2`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Starts a process, which is killed when the child is dropped.
    ///
    /// # Errors
    /// Returns an error if the log cannot be opened or the process cannot be started.
    pub(crate) fn start(&self) -> anyhow::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("the log {} cannot be written", self.log.display()))?;
        Command::new(&self.binary)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_or_else(|_| Stdio::null(), File::into))
            .stderr(log)
            // Ctrl-C on a terminal reaches every process of a group. The services must run until this process
            // has read their figures.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started from {}", self.name, self.binary.display()))
    }

    /// Returns the last line of the log that is not empty.
    pub(crate) fn last_log_line(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("(nothing)").to_owned()
    }
}
