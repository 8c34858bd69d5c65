//! Output of the demo: text on standard output, and progress on standard error, as bars on a terminal and otherwise as
//! lines.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::console::print_line;
use crate::stack::client::Snapshot;

/// Fits into 80 columns, whatever the message says: `wide_msg` is cut.
const TEMPLATE: &str = "   {spinner:.cyan} {prefix:26} {bar:16.cyan} {percent:>3} %  {wide_msg}";
const REDRAW_INTERVAL: Duration = Duration::from_millis(120);

/// The display of the demo. Clones share the bars.
#[derive(Clone)]
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

    /// Prints `text`, above the bars if there are any.
    pub(super) fn say(&self, text: &str) {
        match self {
            Self::Bars(bars) => bars.suspend(|| print_line(text)),
            Self::Lines => print_line(text),
        }
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
    pub(super) fn label(&self) -> &'static str {
        self.label
    }

    pub(super) fn show(&mut self, snapshot: &Snapshot) {
        let progress = &snapshot.report["progress"];
        let percent = progress["percent"].as_u64().unwrap_or(0);
        // A report that waits for its next attempt says why the last one failed.
        let setback = snapshot.report["error"]["message"].as_str().filter(|_| snapshot.status() == "PENDING");
        let message = setback.or(progress["message"].as_str()).unwrap_or_default();
        let message = format!("{}: {message}", snapshot.status());
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
