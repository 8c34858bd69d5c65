//! The `local-stack` binary as a process with an environment of its own.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const TIMEOUT: Duration = Duration::from_secs(90);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Returns the command with `arguments`. It inherits only the variables that every program needs.
pub(crate) fn local_stack_command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-stack"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Runs the command until it ends.
pub(crate) fn run(arguments: &[&str]) -> Output {
    local_stack_command(arguments).output().unwrap()
}

/// Calls `poll` until it returns a value; panics with `problem` after [`TIMEOUT`].
pub(crate) fn wait_for<T>(problem: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(value) = poll() {
            return value;
        }
        assert!(Instant::now() < deadline, "{problem} after {} s", TIMEOUT.as_secs());
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// A running `local-stack`. Dropping it kills the process.
pub(crate) struct RunningStack {
    child: Child,
    pub(crate) ready_path: PathBuf,
    pub(crate) ready: Value,
    _directory: TempDir,
}

impl RunningStack {
    /// Starts `local-stack` with `arguments` and waits for its ready file.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ready_path = directory.path().join("ready.json");
        // A ready file that a killed stack left behind. The test must not take it for the new one.
        std::fs::write(&ready_path, r#"{"api": "http://stale.invalid"}"#).unwrap();
        let mut all = vec!["--ready-file", ready_path.to_str().unwrap()];
        all.extend(arguments);
        let mut child = local_stack_command(&all)
            .env("DOSSIER_LOG", "info")
            // Files that a killed stack leaves behind are deleted with the test's directory.
            .env("TMPDIR", directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let ready = wait_for("no ready file appeared", || {
            if child.try_wait().unwrap().is_some() {
                let mut stderr = String::new();
                child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
                panic!("local-stack ended before it was ready: {stderr}");
            }
            let text = std::fs::read_to_string(&ready_path).ok()?;
            // The file appears atomically, so a partial read is a failure and is not repeated.
            let ready: Value = serde_json::from_str(&text).unwrap();
            (ready["api"] != "http://stale.invalid").then_some(ready)
        });
        Self { child, ready_path, ready, _directory: directory }
    }

    /// Returns the string at `pointer` in the ready file.
    pub(crate) fn ready_text(&self, pointer: &str) -> &str {
        self.ready.pointer(pointer).unwrap_or(&Value::Null).as_str().unwrap_or_else(|| panic!("no {pointer}"))
    }

    /// Sends SIGTERM, waits for the end, and returns exit code, standard output and standard error.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = wait_for("local-stack did not stop", || self.child.try_wait().unwrap());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (status.code(), stdout, stderr)
    }
}

impl Drop for RunningStack {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
