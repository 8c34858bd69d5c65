//! The demo: starts a stack, requests reports on two sample companies, shows their progress, and saves the
//! files.

mod follow;
mod logging;
pub(crate) mod samples;
mod save;
mod table;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use indicatif::MultiProgress;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::console::print_line;
use crate::ready::PendingReadyFile;
use crate::stack::client::Client;
use crate::stack::{Options, Stack};
use follow::Display;
use samples::{SAMPLES, Sample};
use save::SavedFiles;
use table::Row;

/// The result of one sample company, when its report has ended.
struct SampleResult {
    row: Row,
    /// `None` if the report is not COMPLETED.
    saved: Option<SavedFiles>,
    /// The reason why the report is not COMPLETED. `None` if it is COMPLETED.
    failure: Option<String>,
}

/// Starts a stack, requests reports on the samples, prints the results, and saves the files under `out`.
///
/// # Errors
/// Returns an error if the stack does not start, a report does not end COMPLETED, a file cannot be saved, or
/// `stop` is cancelled first.
pub(crate) async fn run(
    options: Options,
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
    let mut stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        () = stop.cancelled() => return Err(interrupted()),
    };
    print_line(&welcome(stack.api_url(), fault_seed));
    let ready_file = ready.map(|ready| ready.publish(&stack)).transpose();
    let client = stack.client();
    let samples = async {
        let _ready_file = ready_file?;
        run_samples(Arc::new(client?), out, Display::new(bars)).await
    };
    let outcome = tokio::select! {
        outcome = samples => outcome,
        () = stop.cancelled() => Err(interrupted()),
        error = stack.ended() => Err(error),
    };
    let stopped = stack.stop().await;
    outcome.and(stopped)
}

fn welcome(api_url: &str, fault_seed: Option<u64>) -> String {
    let names = SAMPLES.map(|sample| sample.name).join(" and ");
    let mut text = format!(
        "Dossier runs at {api_url} until the demo ends.\nWriting reports on {} sample companies: {names}.\n",
        SAMPLES.len()
    );
    if let Some(seed) = fault_seed {
        let _ = writeln!(text, "Faults are injected; --seed {seed} repeats their schedule.");
    }
    text
}

async fn run_samples(client: Arc<Client>, out: &Path, display: Display) -> anyhow::Result<()> {
    let mut tasks = Vec::new();
    for sample in &SAMPLES {
        let track = display.track(sample.name);
        let (client, out) = (Arc::clone(&client), out.to_owned());
        tasks.push(tokio::spawn(async move { run_sample(&client, sample, &out, track).await }));
    }
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.context("a task that follows a report panicked")??);
    }

    print_line(&table::render(results.iter().map(|result| &result.row)));
    for result in &results {
        if let Some(saved) = &result.saved {
            print_line(&saved.listing(&result.row.company));
        }
    }
    let failures: Vec<_> = results.into_iter().filter_map(|result| result.failure).collect();
    if !failures.is_empty() {
        bail!("not every report was completed:\n  {}", failures.join("\n  "));
    }
    Ok(())
}

async fn run_sample(
    client: &Client,
    sample: &'static Sample,
    out: &Path,
    track: follow::Track,
) -> anyhow::Result<SampleResult> {
    let id = client
        .submit_accepted(&sample.request())
        .await
        .with_context(|| format!("the report on {} was not accepted", sample.name))?;
    let (report, took) = follow::to_the_end(client, &id, track).await?;
    let completed = report["status"] == "COMPLETED";
    let saved = match completed {
        true => Some(save::save(client, &report, sample.name, out).await?),
        false => None,
    };
    let failure = (!completed).then(|| failure(sample, &report));
    let findings = saved.as_ref().and_then(SavedFiles::findings);
    Ok(SampleResult { row: Row::new(sample.name, &report, findings, took), saved, failure })
}

fn failure(sample: &Sample, report: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    let (status, id) = (text(&report["status"]), text(&report["reportId"]));
    match report["error"]["message"].as_str() {
        Some(message) => format!("{} ({id}) is {status}: {message}", sample.name),
        None => format!("{} ({id}) is {status}", sample.name),
    }
}
