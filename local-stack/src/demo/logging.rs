//! Logs of the demo: only errors, printed above the progress bars, unless the environment configures logs
//! or traces. The outage of the demo makes the services warn, and the story says so in its own words.

use std::io::{self, IsTerminal as _, Write};

use anyhow::Context as _;
use indicatif::MultiProgress;
use service_runtime::config::process_environment;
use telemetry::{Telemetry, TelemetrySettings};

/// Environment variables that turn on logs or traces beyond errors.
const TELEMETRY_VARIABLES: [&str; 2] = ["DOSSIER_LOG", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Default log filter. The embedded S3 logs an error for operations it does not implement. Provisioning makes
/// such requests and expects that answer, so the filter drops these errors.
const LOG_FILTER: &str = "error,s3s=off";

/// Sets up logging. Returns telemetry if the environment configures it; the caller shuts it down at the end.
pub(super) fn start(bars: &MultiProgress) -> anyhow::Result<Option<Telemetry>> {
    let environment = process_environment();
    let set = |name: &&str| environment.get(*name).is_some_and(|value| !value.trim().is_empty());
    if TELEMETRY_VARIABLES.iter().any(set) {
        return Ok(Some(Telemetry::start(
            "dossier-local",
            &TelemetrySettings::with_default_filter(&process_environment(), LOG_FILTER)?,
        )?));
    }
    let bars = bars.clone();
    tracing_subscriber::fmt()
        .with_env_filter(LOG_FILTER)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(move || AboveBars(bars.clone()))
        .try_init()
        .map_err(|error| anyhow::anyhow!(error))
        .context("logging is already set up in this process")?;
    Ok(None)
}

/// A writer to standard error that hides the progress bars while it writes a line.
struct AboveBars(MultiProgress);

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
