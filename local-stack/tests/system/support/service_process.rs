//! The real binaries of the services, started as in production.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context as _, Result, ensure};
use service_runtime::config::Environment;
use tokio::{io::AsyncReadExt as _, process::Child, task::JoinHandle};

/// Builds the services and returns the directory of their binaries. Cargo passes a test the path of its own
/// package's binary only, so the directory is derived from the path of the test itself.
fn built_binaries() -> &'static PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let test = std::env::current_exe().expect("the path of the test binary is known");
        let directory = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST").to_owned();
        let mut build = Command::new(env!("CARGO"));
        // Builds the whole workspace, as the test itself was built. Parts of it would need their dependencies
        // with other features.
        build.args(["build", "--quiet", "--offline", "--workspace", "--bins"]);
        build.arg("--target-dir").arg(directory.parent().expect("target"));
        if directory.ends_with("release") {
            build.arg("--release");
        }
        let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
        assert!(built.success(), "building the services failed");
        directory
    })
}

/// Builds the services' binaries next to the command, for a command that runs them.
pub(crate) fn build_services() {
    built_binaries();
}

/// Returns the command of the binary `name` with exactly the variables of `environment`.
pub(crate) fn service_command(name: &str, environment: &Environment) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(built_binaries().join(name));
    command.env_clear().envs(environment).stdin(Stdio::null());
    command
}

/// A service as a process. Dropping it kills the process.
pub(crate) struct ServiceProcess {
    child: Child,
    log: JoinHandle<std::io::Result<String>>,
}

impl ServiceProcess {
    /// Starts the binary `name` with exactly the variables of `environment`.
    pub(crate) fn start(name: &str, environment: &Environment) -> Result<Self> {
        let child = service_command(name, environment).stderr(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = child.with_context(|| format!("{name} cannot be started"))?;
        let mut stderr = child.stderr.take().context("standard error is not piped")?;
        // Reads while the process runs, because a full pipe would block it.
        let log = tokio::spawn(async move {
            let mut text = String::new();
            stderr.read_to_string(&mut text).await.map(|_| text)
        });
        Ok(Self { child, log })
    }

    /// Returns the process id, or `None` if the process has ended.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends SIGTERM, waits for a successful exit, and returns the log.
    pub(crate) async fn terminate(mut self) -> Result<String> {
        let id = self.child.id().context("the process has already ended")?;
        ensure!(Command::new("kill").args(["-TERM", &id.to_string()]).status()?.success(), "kill failed");
        let status = self.child.wait().await?;
        let log = self.log.await??;
        ensure!(status.success(), "the process ended with {status}: {log}");
        Ok(log)
    }
}

/// Returns the peak memory of a process, in KiB.
pub(crate) fn peak_memory(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
