//! Logs of the demo: warnings alone, above the bars, unless logs or traces were asked for.

use std::io::{self, IsTerminal as _, Write};

use anyhow::Context as _;
use indicatif::MultiProgress;
use service_runtime::config::process_environment;
use telemetry::{Telemetry, TelemetrySettings};

/// Variables that ask for more than warnings.
const ASKED_FOR: [&str; 2] = ["DOSSIER_LOG", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// The embedded S3 calls it an error when it is asked for what it does not know, which provisioning does and expects.
const FILTER: &str = "warn,s3s=off";

/// Sets logs up; gives telemetry where it was asked for, to be shut down at the end.
pub(super) fn start(bars: &MultiProgress) -> anyhow::Result<Option<Telemetry>> {
    let environment = process_environment();
    let set = |name: &&str| environment.get(*name).is_some_and(|value| !value.trim().is_empty());
    if ASKED_FOR.iter().any(set) {
        return Ok(Some(Telemetry::start(
            "dossier-local",
            &TelemetrySettings::with_default_filter(&process_environment(), FILTER)?,
        )?));
    }
    let bars = bars.clone();
    tracing_subscriber::fmt()
        .with_env_filter(FILTER)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(move || Above(bars.clone()))
        .try_init()
        .map_err(|error| anyhow::anyhow!(error))
        .context("logs were set up before in this process")?;
    Ok(None)
}

/// Standard error with the bars out of the way while a line is written.
struct Above(MultiProgress);

impl Write for Above {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
