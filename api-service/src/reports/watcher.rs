//! Waits for changes of reports on behalf of all clients that follow them.
//!
//! Each followed report is read once for all its followers on this process, up to a hundred reports with each
//! request, and the number of reads per second has a fixed maximum.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_adapters::table::{Lookup, Table};
use domain::{
    identity::{ReportId, Tenant},
    report::Report,
};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::duration_estimate::DurationEstimate;

/// The time between two reads of a followed report, while few are followed.
const READ_INTERVAL: Duration = Duration::from_millis(500);

/// Number of reports in one request: the maximum of BatchGetItem.
const BATCH_SIZE: usize = 100;

/// Maximum number of followed reports that are read per second, whatever the number of followers. If more
/// than half as many reports are followed, each of them is read less often than every `READ_INTERVAL`.
const READS_PER_SECOND: usize = 2_000;

/// The pause after a failed read.
const ERROR_PAUSE: Duration = Duration::from_secs(2);

/// The last known state of a followed report.
#[derive(Clone, Debug)]
enum Observed {
    /// The report has not been read since its first follower subscribed.
    Nothing,
    /// The report was read.
    Report(Arc<Report>),
    /// The report is deleted.
    Deleted,
}

type Key = (Tenant, ReportId);

/// Reads the reports that are followed on this process, and notifies their followers of changes.
#[derive(Debug)]
pub(crate) struct ReportWatcher {
    table: Table,
    durations: Arc<DurationEstimate>,
    stop: CancellationToken,
    followed: Mutex<HashMap<Key, watch::Sender<Observed>>>,
    subscribed: Notify,
}

impl ReportWatcher {
    /// Creates a watcher that reads from `table`. Cancelling `stop` ends all waits.
    pub(crate) fn new(table: Table, durations: Arc<DurationEstimate>, stop: CancellationToken) -> Self {
        Self { table, durations, stop, followed: Mutex::default(), subscribed: Notify::new() }
    }

    /// Returns whether the API is stopping, so that no new wait should begin.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits until the report differs from `known`, `max_wait` is over, or the API stops. Returns the latest
    /// state of the report, or `None` if it was deleted meanwhile. Returns at once if the report has already
    /// ended.
    pub(super) async fn changed(&self, known: Report, max_wait: Duration) -> Option<Report> {
        if known.lifecycle.status.is_terminal() || self.is_stopping() {
            return Some(known);
        }
        let mut receiver = self.subscribe(&known);
        let change = receiver.wait_for(|observed| match observed {
            Observed::Nothing => false,
            Observed::Report(report) => report.revision > known.revision,
            Observed::Deleted => true,
        });
        let observed = tokio::select! {
            change = timeout(max_wait, change) => match change {
                Ok(Ok(observed)) => observed.clone(),
                Ok(Err(_)) | Err(_) => Observed::Nothing,
            },
            () = self.stop.cancelled() => Observed::Nothing,
        };
        match observed {
            Observed::Nothing => Some(known),
            Observed::Report(report) => Some(Report::clone(&report)),
            Observed::Deleted => None,
        }
    }

    /// Reads followed reports until the task is aborted.
    pub(crate) async fn run(&self) {
        loop {
            let followed = self.followed_keys();
            if followed.is_empty() {
                self.subscribed.notified().await;
                continue;
            }
            let batches = followed.chunks(BATCH_SIZE);
            let shortest = Duration::from_secs(1).mul_f64(BATCH_SIZE as f64 / READS_PER_SECOND as f64);
            let pause = (READ_INTERVAL / u32::try_from(batches.len()).unwrap_or(u32::MAX)).max(shortest);
            for batch in batches {
                sleep(pause).await;
                self.read(batch).await;
            }
        }
    }

    async fn read(&self, keys: &[Key]) {
        match self.table.get_all(keys).await {
            Ok(lookups) => {
                for lookup in &lookups {
                    if let Lookup::Found(report) = lookup {
                        self.durations.learn(report);
                    }
                }
                self.notify(keys, lookups);
            }
            Err(error) => {
                tracing::warn!(error = %error, "followed reports could not be read");
                sleep(ERROR_PAUSE).await;
            }
        }
    }

    fn followed(&self) -> MutexGuard<'_, HashMap<Key, watch::Sender<Observed>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscribe(&self, report: &Report) -> watch::Receiver<Observed> {
        let mut followed = self.followed();
        let sender = followed
            .entry((report.tenant.clone(), report.id))
            .or_insert_with(|| watch::Sender::new(Observed::Nothing));
        let receiver = sender.subscribe();
        // The caller has just read the report. If it was found deleted before, its id is used again.
        sender.send_if_modified(|observed| {
            if matches!(observed, Observed::Deleted) {
                *observed = Observed::Nothing;
            }
            false
        });
        drop(followed);
        self.subscribed.notify_one();
        receiver
    }

    /// Returns the reports that have followers, and forgets the others.
    fn followed_keys(&self) -> Vec<Key> {
        let mut followed = self.followed();
        followed.retain(|_, sender| sender.receiver_count() > 0);
        followed.keys().cloned().collect()
    }

    /// Notifies the followers of each report in `keys` that has changed according to its look-up, which has
    /// the same position in `lookups`.
    fn notify(&self, keys: &[Key], lookups: Vec<Lookup>) {
        let followed = self.followed();
        for (key, lookup) in keys.iter().zip(lookups) {
            let Some(sender) = followed.get(key) else { continue };
            sender.send_if_modified(|observed| match (&*observed, lookup) {
                (_, Lookup::Unreadable) => false,
                (Observed::Report(known), Lookup::Found(report)) if known.revision == report.revision => {
                    false
                }
                (_, Lookup::Found(report)) => {
                    *observed = Observed::Report(Arc::new(*report));
                    true
                }
                (_, Lookup::Missing) => {
                    *observed = Observed::Deleted;
                    true
                }
            });
        }
    }
}
