//! The real binaries of the services, started as they start in production.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context as _, Result, ensure};
use service_runtime::config::Environment;
use tokio::{io::AsyncReadExt as _, process::Child, task::JoinHandle};

/// The directory of the binaries, after a build that makes them current. A test's own package can
/// name only its own binary, so they are found beside the test itself.
fn directory() -> &'static PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows where it is");
        let directory = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST").to_owned();
        let mut build = Command::new(env!("CARGO"));
        // The whole workspace, as the test itself was built: parts of it would want other features of their dependencies.
        build.args(["build", "--quiet", "--offline", "--workspace", "--bins"]);
        build.arg("--target-dir").arg(directory.parent().expect("target"));
        if directory.ends_with("release") {
            build.arg("--release");
        }
        let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
        assert!(built.success(), "the services cannot be built");
        directory
    })
}

/// A service as a process; killed when dropped.
pub(crate) struct Process {
    child: Child,
    log: JoinHandle<std::io::Result<String>>,
}

impl Process {
    /// Starts `name` with nothing but `environment` around it.
    pub(crate) fn start(name: &str, environment: &Environment) -> Result<Self> {
        let child = tokio::process::Command::new(directory().join(name))
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = child.with_context(|| format!("{name} cannot be started"))?;
        let mut stderr = child.stderr.take().context("its standard error is piped")?;
        // Read while it runs: a full pipe would hold it up.
        let log = tokio::spawn(async move {
            let mut text = String::new();
            stderr.read_to_string(&mut text).await.map(|_| text)
        });
        Ok(Self { child, log })
    }

    /// Its process id, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends SIGTERM, waits for the end, which must be a good one, and gives what was logged.
    pub(crate) async fn terminate(mut self) -> Result<String> {
        let id = self.child.id().context("it has ended already")?;
        ensure!(Command::new("kill").args(["-TERM", &id.to_string()]).status()?.success(), "kill failed");
        let status = self.child.wait().await?;
        let log = self.log.await??;
        ensure!(status.success(), "it ended with {status}: {log}");
        Ok(log)
    }
}
