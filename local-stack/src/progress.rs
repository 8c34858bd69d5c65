//! Progress of a soak or a load test: a bar on a terminal, otherwise a line every few seconds.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{spinner} {elapsed_precise} {bar:30} {pos}/{len}  {wide_msg}";
/// Template without a total number of reports.
const TEMPLATE_WITHOUT_TOTAL: &str = "{spinner} {elapsed_precise} {pos}  {wide_msg}";
const LINE_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct Progress {
    /// Number of reports of the run, if it is known in advance.
    reports: Option<u64>,
    started: Instant,
    bar: Option<ProgressBar>,
    last_line: Mutex<Option<Instant>>,
}

impl Progress {
    /// Returns the progress of a run with this number of reports, if it is known in advance.
    pub(crate) fn new(reports: Option<u64>) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let (bar, template) = match reports {
                Some(reports) => (ProgressBar::new(reports), TEMPLATE),
                None => (ProgressBar::no_length(), TEMPLATE_WITHOUT_TOTAL),
            };
            let style = ProgressStyle::with_template(template);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { reports, started: Instant::now(), bar, last_line: Mutex::new(None) }
    }

    /// Shows how many reports are done, which `done` names, and further `counts`.
    pub(crate) fn show(&self, reports: u64, done: &str, counts: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(reports);
                bar.set_message(counts.to_owned());
            }
            None => {
                let total = self.reports.map(|total| format!(" of {total}")).unwrap_or_default();
                self.throttled_line(&format!("{reports}{total} reports {done}; {counts}"));
            }
        }
    }

    /// Shows `text`, unless a line was shown within the last [`LINE_INTERVAL`].
    pub(crate) fn throttled_line(&self, text: &str) {
        let last = *self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= LINE_INTERVAL) {
            self.line(text);
        }
    }

    /// Shows `text`.
    pub(crate) fn line(&self, text: &str) {
        *self.last_line.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None => {
                let _ = writeln!(io::stderr(), "{:>5} s  {text}", self.started.elapsed().as_secs());
            }
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
