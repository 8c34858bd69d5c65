//! Progress of a soak: a bar on a terminal, otherwise a line every few seconds.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{spinner} {elapsed_precise} {bar:30} {pos}/{len}  {wide_msg}";
const LINE_INTERVAL: Duration = Duration::from_secs(5);

pub(super) struct Progress {
    reports: u32,
    started: Instant,
    bar: Option<ProgressBar>,
    last_line: Mutex<Option<Instant>>,
}

impl Progress {
    pub(super) fn new(reports: u32) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(reports.into());
            let style = ProgressStyle::with_template(TEMPLATE);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { reports, started: Instant::now(), bar, last_line: Mutex::new(None) }
    }

    /// Shows how many reports were accepted and have ended, and how many kills and faults there were.
    pub(super) fn show(&self, accepted: u64, open: u64, kills: u64, faults: u64) {
        let ended = accepted.saturating_sub(open);
        let counts = format!("accepted {accepted}, open {open}, kills {kills}, faults {faults}");
        match &self.bar {
            Some(bar) => {
                bar.set_position(ended);
                bar.set_message(counts);
            }
            None => self.throttled_line(&format!("{ended} of {} reports have ended; {counts}", self.reports)),
        }
    }

    /// Shows `text`, unless a line was shown within the last [`LINE_INTERVAL`].
    pub(super) fn throttled_line(&self, text: &str) {
        let last = *self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= LINE_INTERVAL) {
            self.line(text);
        }
    }

    /// Shows `text`.
    pub(super) fn line(&self, text: &str) {
        *self.last_line.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None => {
                let _ = writeln!(io::stderr(), "{:>5} s  {text}", self.started.elapsed().as_secs());
            }
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
