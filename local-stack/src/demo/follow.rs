//! Follows a report to its end and shows its progress.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, timeout_at};

use super::display::Track;
use crate::stack::client::{Client, Snapshot};

/// Maximum time for one report. A model on a small machine (`--forward-url`) needs minutes for each attempt,
/// and so does a debug build under load.
const REPORT_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Follows the report `id` until it has ended. Sends a message to `setbacks` when an attempt has failed. Returns the
/// report and the time since this call.
pub(super) async fn to_the_end(
    client: &Client,
    id: &str,
    mut track: Track,
    setbacks: Option<UnboundedSender<()>>,
) -> anyhow::Result<(Value, Duration)> {
    let started = Instant::now();
    let mut setbacks = setbacks;
    let mut show = |snapshot: &Snapshot| {
        track.show(snapshot);
        if !snapshot.report["error"].is_null()
            && let Some(setbacks) = setbacks.take()
        {
            // Nobody listens once the outage is over.
            let _ = setbacks.send(());
        }
    };
    let mut snapshot = client.poll(id, None).await?;
    show(&snapshot);
    while !snapshot.is_terminal() {
        snapshot =
            timeout_at(started + REPORT_TIMEOUT, client.poll(id, Some(snapshot))).await.with_context(
                || format!("report {id} has not ended after {} minutes", REPORT_TIMEOUT.as_secs() / 60),
            )??;
        show(&snapshot);
    }
    Ok((snapshot.report, started.elapsed()))
}
