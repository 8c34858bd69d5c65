//! Follows a report to its end and shows its progress: a bar on a terminal, otherwise lines.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::stack::client::{Client, Snapshot};

/// Maximum time for one report. A model on a small machine (`--forward-url`) needs minutes for each attempt,
/// and so does a debug build under load.
const REPORT_TIMEOUT: Duration = Duration::from_secs(30 * 60);
const TEMPLATE: &str = "{spinner} {prefix:26} {bar:20} {percent:>3} %  {wide_msg}";
const REDRAW_INTERVAL: Duration = Duration::from_millis(120);

/// The display of progress: bars on a terminal, otherwise lines.
pub(super) enum Display {
    Bars(MultiProgress),
    Lines,
}

/// The progress of one report.
pub(super) struct Track {
    label: &'static str,
    bar: Option<ProgressBar>,
    last_line: String,
}

impl Display {
    pub(super) fn new(bars: MultiProgress) -> Self {
        if io::stderr().is_terminal() { Self::Bars(bars) } else { Self::Lines }
    }

    /// Returns a progress display for the report with this `label`.
    pub(super) fn track(&self, label: &'static str) -> Track {
        let bar = match self {
            Self::Lines => None,
            Self::Bars(bars) => {
                let style = ProgressStyle::with_template(TEMPLATE);
                let bar = bars.add(ProgressBar::new(100)).with_prefix(label);
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                bar.enable_steady_tick(REDRAW_INTERVAL);
                Some(bar)
            }
        };
        Track { label, bar, last_line: String::new() }
    }
}

impl Track {
    fn show(&mut self, snapshot: &Snapshot) {
        let progress = &snapshot.report["progress"];
        let percent = progress["percent"].as_u64().unwrap_or(0);
        let message = format!("{}: {}", snapshot.status(), progress["message"].as_str().unwrap_or_default());
        match &self.bar {
            Some(bar) => {
                bar.set_position(percent);
                bar.set_message(message);
                if snapshot.is_terminal() {
                    bar.abandon();
                }
            }
            None => {
                let line = format!("{}  {percent} %  {message}", self.label);
                if line != self.last_line {
                    let _ = writeln!(io::stderr(), "{line}");
                    self.last_line = line;
                }
            }
        }
    }
}

/// Follows the report `id` until it has ended. Returns the report and the time since this call.
pub(super) async fn to_the_end(
    client: &Client,
    id: &str,
    mut track: Track,
) -> anyhow::Result<(Value, Duration)> {
    let started = Instant::now();
    let mut snapshot = client.poll(id, None).await?;
    track.show(&snapshot);
    while !snapshot.is_terminal() {
        snapshot = timeout_at(started + REPORT_TIMEOUT, client.poll(id, Some(snapshot)))
            .await
            .with_context(|| {
                format!(
                    "the report on {} ({id}) has not ended after {} minutes",
                    track.label,
                    REPORT_TIMEOUT.as_secs() / 60
                )
            })??;
        track.show(&snapshot);
    }
    Ok((snapshot.report, started.elapsed()))
}
