//! The demo: two sample companies through a whole stack, shown as they go, saved where a person can look at them.

mod follow;
mod quiet;
pub mod samples;
mod save;
mod table;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use indicatif::MultiProgress;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::cli::say;
use crate::ready::Prepared;
use crate::stack::client::Client;
use crate::stack::{Options, Stack};
use follow::Display;
use samples::{SAMPLES, Sample};
use save::Saved;
use table::Row;

/// A sample company's report once it has ended.
struct Ended {
    row: Row,
    /// None when the report was not completed.
    saved: Option<Saved>,
    /// Why it was not.
    trouble: Option<String>,
}

/// Starts a stack, has the samples reported on, prints the outcome and saves the reports under `out`.
///
/// # Errors
/// When the stack cannot be started, when a report does not end COMPLETED, when a file cannot be saved, and when
/// `stop` comes first.
pub async fn run(
    options: Options,
    ready: Option<Prepared>,
    out: &Path,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| {
        format!("the directory {} for the reports cannot be made: give --out another one", out.display())
    })?;
    let bars = MultiProgress::new();
    let telemetry = quiet::start(&bars)?;
    let outcome = with_stack(options, ready, out, stop, bars).await;
    if let Some(telemetry) = telemetry {
        // The last traces are sent with blocking requests, which must not hold up a thread of the runtime.
        tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    }
    outcome
}

async fn with_stack(
    options: Options,
    ready: Option<Prepared>,
    out: &Path,
    stop: CancellationToken,
    bars: MultiProgress,
) -> anyhow::Result<()> {
    let stopped = || anyhow!("stopped before the reports were finished");
    let seed = options.seed;
    let mut stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        () = stop.cancelled() => return Err(stopped()),
    };
    say(&format!("Dossier runs at {} (seed of faults: {seed}).\n", stack.api_url()));
    let ready_file = ready.map(|ready| ready.publish(&stack)).transpose();
    let client = stack.client();
    let shown = async {
        let _ready_file = ready_file?;
        show(Arc::new(client?), out, Display::new(bars)).await
    };
    let outcome = tokio::select! {
        outcome = shown => outcome,
        () = stop.cancelled() => Err(stopped()),
        error = stack.ended() => Err(error),
    };
    let stopped = stack.stop().await;
    outcome.and(stopped)
}

async fn show(client: Arc<Client>, out: &Path, display: Display) -> anyhow::Result<()> {
    let mut following = Vec::new();
    for sample in &SAMPLES {
        let track = display.track(sample.name);
        let (client, out) = (Arc::clone(&client), out.to_owned());
        following.push(tokio::spawn(async move { one(&client, sample, &out, track).await }));
    }
    let mut all = Vec::new();
    for task in following {
        all.push(task.await.context("following a report panicked")??);
    }

    say(&table::of(all.iter().map(|ended| &ended.row)));
    for ended in &all {
        if let Some(saved) = &ended.saved {
            say(&saved.listing(&ended.row.company));
        }
    }
    let troubles: Vec<_> = all.into_iter().filter_map(|ended| ended.trouble).collect();
    if !troubles.is_empty() {
        bail!("not every report was completed:\n  {}", troubles.join("\n  "));
    }
    Ok(())
}

async fn one(
    client: &Client,
    sample: &'static Sample,
    out: &Path,
    track: follow::Track,
) -> anyhow::Result<Ended> {
    let id = client
        .submitted(&sample.request())
        .await
        .with_context(|| format!("the report on {} was not accepted", sample.name))?;
    let (report, took) = follow::to_the_end(client, &id, track).await?;
    let completed = report["status"] == "COMPLETED";
    let saved = match completed {
        true => Some(save::save(client, &report, sample.name, out).await?),
        false => None,
    };
    let trouble = (!completed).then(|| trouble(sample, &report));
    let findings = saved.as_ref().and_then(Saved::findings);
    Ok(Ended { row: Row::new(sample.name, &report, findings, took), saved, trouble })
}

fn trouble(sample: &Sample, report: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    let (status, id) = (text(&report["status"]), text(&report["reportId"]));
    match report["error"]["message"].as_str() {
        Some(message) => format!("{} ({id}) is {status}: {message}", sample.name),
        None => format!("{} ({id}) is {status}", sample.name),
    }
}
