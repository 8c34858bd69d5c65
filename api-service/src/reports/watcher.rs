//! Waiting for reports to change: each followed report is read once for all who follow it on this process, a hundred
//! with each request, and never more of them in a second than a fixed number.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_adapters::table::Lookup;
use domain::{
    identity::{ReportId, Tenant},
    report::Report,
};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};

use crate::application::App;

/// How often a followed report is read while few are followed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Reports that one look asks for: a full BatchGetItem.
const READ: usize = 100;

/// Reads of followed reports in a second, at most, however many follow: with more reports than half of it, each one is
/// read less often.
const READS_PER_SECOND: usize = 2_000;

/// How long reading rests after a failure.
const REST: Duration = Duration::from_secs(2);

/// What is known of a followed report.
#[derive(Clone, Debug)]
enum Seen {
    /// It was not read yet since somebody follows it.
    Nothing,
    /// As it was read last.
    Report(Arc<Report>),
    /// It is deleted.
    Gone,
}

type Key = (Tenant, ReportId);

/// The reports that somebody follows on this process.
#[derive(Debug, Default)]
pub struct ReportWatcher {
    followed: Mutex<HashMap<Key, watch::Sender<Seen>>>,
    begun: Notify,
}

impl ReportWatcher {
    fn followed(&self) -> MutexGuard<'_, HashMap<Key, watch::Sender<Seen>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscribe(&self, report: &Report) -> watch::Receiver<Seen> {
        let mut followed = self.followed();
        let sender = followed
            .entry((report.tenant.clone(), report.id))
            .or_insert_with(|| watch::Sender::new(Seen::Nothing));
        let receiver = sender.subscribe();
        drop(followed);
        self.begun.notify_one();
        receiver
    }

    /// What is to be read now; what nobody follows any more is forgotten.
    fn wanted(&self) -> Vec<Key> {
        let mut followed = self.followed();
        followed.retain(|_, sender| sender.receiver_count() > 0);
        followed.keys().cloned().collect()
    }

    fn tell(&self, asked: &[Key], looked: Vec<Lookup>) {
        let followed = self.followed();
        for (key, looked) in asked.iter().zip(looked) {
            let Some(sender) = followed.get(key) else { continue };
            sender.send_if_modified(|seen| match (&*seen, looked) {
                (_, Lookup::Unreadable) => false,
                (Seen::Report(known), Lookup::Found(report)) if known.revision == report.revision => false,
                (_, Lookup::Found(report)) => {
                    *seen = Seen::Report(Arc::new(*report));
                    true
                }
                (_, Lookup::Missing) => {
                    *seen = Seen::Gone;
                    true
                }
            });
        }
    }
}

/// Reads what is followed until the API stops.
pub async fn keep_reading(app: Arc<App>) {
    loop {
        let wanted = app.following.wanted();
        if wanted.is_empty() {
            app.following.begun.notified().await;
            continue;
        }
        let looks = wanted.chunks(READ);
        let most = Duration::from_secs(1).mul_f64(READ as f64 / READS_PER_SECOND as f64);
        let pause = (LOOK_EVERY / u32::try_from(looks.len()).unwrap_or(u32::MAX)).max(most);
        for asked in looks {
            sleep(pause).await;
            match app.aws.table.get_all(asked).await {
                Ok(looked) => {
                    for looked in &looked {
                        if let Lookup::Found(report) = looked {
                            app.pace.learn(report);
                        }
                    }
                    app.following.tell(asked, looked);
                }
                Err(error) => {
                    tracing::warn!(error = %error, "followed reports could not be read");
                    sleep(REST).await;
                }
            }
        }
    }
}

/// The report once it differs from `known`, or as it is after `patience`, when the API stops, or
/// when it has ended; none when it is deleted meanwhile.
pub(super) async fn until_changed(app: &Arc<App>, known: Report, patience: Duration) -> Option<Report> {
    if known.lifecycle.status.is_terminal() || app.stop.is_cancelled() {
        return Some(known);
    }
    let mut receiver = app.following.subscribe(&known);
    let news = receiver.wait_for(|seen| match seen {
        Seen::Nothing => false,
        Seen::Report(report) => report.revision > known.revision,
        Seen::Gone => true,
    });
    let seen = tokio::select! {
        news = timeout(patience, news) => match news {
            Ok(Ok(seen)) => seen.clone(),
            Ok(Err(_)) | Err(_) => Seen::Nothing,
        },
        () = app.stop.cancelled() => Seen::Nothing,
    };
    match seen {
        Seen::Nothing => Some(known),
        Seen::Report(report) => Some(Report::clone(&report)),
        Seen::Gone => None,
    }
}
