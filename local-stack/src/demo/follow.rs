//! Follows a report to its end: as a bar on a terminal, as lines elsewhere.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::stack::client::{Client, Seen};

/// A model on a small machine that writes the reports (`--forward-url`) takes minutes for each try.
const END_WITHIN: Duration = Duration::from_secs(30 * 60);
const TEMPLATE: &str = "{spinner} {prefix:26} {bar:20} {percent:>3} %  {wide_msg}";
const REDRAW_EVERY: Duration = Duration::from_millis(120);

/// Where progress is shown.
pub(super) enum Display {
    Bars(MultiProgress),
    Lines,
}

/// The progress of one report.
pub(super) struct Track {
    label: &'static str,
    bar: Option<ProgressBar>,
    shown: String,
}

impl Display {
    pub(super) fn new(bars: MultiProgress) -> Self {
        if io::stderr().is_terminal() { Self::Bars(bars) } else { Self::Lines }
    }

    /// Progress under `label`.
    pub(super) fn track(&self, label: &'static str) -> Track {
        let bar = match self {
            Self::Lines => None,
            Self::Bars(bars) => {
                let style = ProgressStyle::with_template(TEMPLATE);
                let bar = bars.add(ProgressBar::new(100)).with_prefix(label);
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                bar.enable_steady_tick(REDRAW_EVERY);
                Some(bar)
            }
        };
        Track { label, bar, shown: String::new() }
    }
}

impl Track {
    fn show(&mut self, seen: &Seen) {
        let progress = &seen.report["progress"];
        let percent = progress["percent"].as_u64().unwrap_or(0);
        let message = format!("{}: {}", seen.status(), progress["message"].as_str().unwrap_or_default());
        match &self.bar {
            Some(bar) => {
                bar.set_position(percent);
                bar.set_message(message);
                if seen.has_ended() {
                    bar.abandon();
                }
            }
            None => {
                let line = format!("{}  {percent} %  {message}", self.label);
                if line != self.shown {
                    let _ = writeln!(io::stderr(), "{line}");
                    self.shown = line;
                }
            }
        }
    }
}

/// The report `id` once it has ended, and how long that took from now.
pub(super) async fn to_the_end(
    client: &Client,
    id: &str,
    mut track: Track,
) -> anyhow::Result<(Value, Duration)> {
    let begun = Instant::now();
    let mut seen = client.look(id, None).await?;
    track.show(&seen);
    while !seen.has_ended() {
        seen = timeout_at(begun + END_WITHIN, client.look(id, Some(seen))).await.with_context(|| {
            format!(
                "the report on {} ({id}) has not ended after {} minutes",
                track.label,
                END_WITHIN.as_secs() / 60
            )
        })??;
        track.show(&seen);
    }
    Ok((seen.report, begun.elapsed()))
}
