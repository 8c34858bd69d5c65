//! The demo: starts a stack and tells a story in two parts. Three companies show what evidence does to a report; then
//! the model fails for a while, and no report feels it. Shows the progress, and saves the files.

mod display;
mod follow;
mod logging;
pub(crate) mod samples;
mod save;
mod story;
mod table;

use std::path::Path;

use anyhow::{Context as _, anyhow};
use indicatif::MultiProgress;
use tokio_util::sync::CancellationToken;

use crate::ready::PendingReadyFile;
use crate::stack::{Options, Stack};
use display::Display;
use story::Story;

/// The longest wait between two attempts in the demo, unless the environment sets another.
const RETRY_MAX: (&str, &str) = ("DOSSIER_RETRY_MAX_SECONDS", "4");

/// Starts a stack, requests reports on the samples, prints the results, and saves the files under `out`.
///
/// # Errors
/// Returns an error if the stack does not start, a report does not end COMPLETED, a file cannot be saved, or
/// `stop` is cancelled first.
pub(crate) async fn run(
    mut options: Options,
    ready: Option<PendingReadyFile>,
    out: &Path,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| {
        format!(
            "the directory {} for the reports cannot be created: give --out another directory",
            out.display()
        )
    })?;
    options.settings.entry(RETRY_MAX.0.to_owned()).or_insert_with(|| RETRY_MAX.1.to_owned());
    let bars = MultiProgress::new();
    let telemetry = logging::start(&bars)?;
    let outcome = with_stack(options, ready, out, stop, bars).await;
    if let Some(telemetry) = telemetry {
        // The exporter sends the last traces with blocking requests, which must not block a runtime thread.
        tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    }
    outcome
}

async fn with_stack(
    options: Options,
    ready: Option<PendingReadyFile>,
    out: &Path,
    stop: CancellationToken,
    bars: MultiProgress,
) -> anyhow::Result<()> {
    let interrupted = || anyhow!("interrupted before the reports were finished");
    let has_faults = !options.faults.is_empty() || options.fault_proxy.is_some();
    let fault_seed = has_faults.then_some(options.seed);
    let is_stand_in = options.forward.is_none();
    let mut stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        () = stop.cancelled() => return Err(interrupted()),
    };
    let ready_file = ready.map(|ready| ready.publish(&stack)).transpose();
    let story = Story::of(&stack, is_stand_in, out, Display::new(bars));
    let telling = async {
        let _ready_file = ready_file?;
        story?.tell(fault_seed).await
    };
    let outcome = tokio::select! {
        outcome = telling => outcome,
        () = stop.cancelled() => Err(interrupted()),
        error = stack.ended() => Err(error),
    };
    let stopped = stack.stop().await;
    outcome.and(stopped)
}
