//! Waiting for a report to change.

use std::{sync::Arc, time::Duration};

use shared::{aws::error::AwsError, domain::report::Report};
use tokio::time::{Instant, sleep};

use crate::application::App;

/// How often a followed report is read.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The report once it differs from `known`, or as it is after `patience`, when the API stops, or
/// when it has ended; none when it is deleted meanwhile.
pub(super) async fn until_changed(
    app: &Arc<App>,
    known: Report,
    patience: Duration,
) -> Result<Option<Report>, AwsError> {
    let end = Instant::now() + patience;
    while !known.lifecycle.status.is_terminal() && Instant::now() < end && !app.stop.is_cancelled() {
        tokio::select! {
            () = sleep(LOOK_EVERY.min(end - Instant::now())) => {}
            () = app.stop.cancelled() => break,
        }
        match app.aws.table.get(&known.tenant, known.id).await? {
            Some(report) if report.revision != known.revision => return Ok(Some(report)),
            Some(_) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(known))
}
