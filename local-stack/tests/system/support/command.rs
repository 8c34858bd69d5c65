//! What the tests of the command line share: the binary as a process with an environment of its own.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The command with `arguments`; of the variables of the tests it gets those alone that programs cannot do without.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-stack"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Runs the command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// Asks `what` until it gives something; panics with `problem` when it does not for too long.
pub(crate) fn until<T>(problem: &str, mut what: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(it) = what() {
            return it;
        }
        assert!(Instant::now() < deadline, "{problem} after {} s", PATIENCE.as_secs());
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A stack that serves, killed when a test forgets it.
pub(crate) struct Serving {
    child: Child,
    pub(crate) ready_path: PathBuf,
    pub(crate) ready: Value,
    _directory: TempDir,
}

impl Serving {
    /// Starts it with `arguments` and waits for its ready file.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ready_path = directory.path().join("ready.json");
        // Left over from a stack that was killed: whoever waits must not take it for the new one.
        std::fs::write(&ready_path, r#"{"api": "http://stale.invalid"}"#).unwrap();
        let mut all = vec!["--ready-file", ready_path.to_str().unwrap()];
        all.extend(arguments);
        let mut child = command(&all)
            .env("DOSSIER_LOG", "info")
            // What a stack that is killed leaves behind goes with the test.
            .env("TMPDIR", directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let ready = until("there was no ready file", || {
            if child.try_wait().unwrap().is_some() {
                let mut words = String::new();
                child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
                panic!("it ended before it was ready: {words}");
            }
            let text = std::fs::read_to_string(&ready_path).ok()?;
            // Whole or not there at all: no attempt is made to read half a file again.
            let ready: Value = serde_json::from_str(&text).unwrap();
            (ready["api"] != "http://stale.invalid").then_some(ready)
        });
        Self { child, ready_path, ready, _directory: directory }
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.ready.pointer(pointer).unwrap_or(&Value::Null).as_str().unwrap_or_else(|| panic!("no {pointer}"))
    }

    /// Sends SIGTERM and waits for the end: exit code, standard output, standard error.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = until("it did not stop", || self.child.try_wait().unwrap());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (status.code(), stdout, stderr)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
