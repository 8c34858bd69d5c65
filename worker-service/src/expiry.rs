//! Erases the expired reports of tenants with a retention period of their own, whose files no lifecycle rule of the bucket
//! deletes in time.

use aws_adapters::{error::AwsError, table::Table};
use domain::{identity::Tenant, report::Report, time::UtcTime};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use crate::job::JobRunner;

/// Number of reports that are to be erased at a time. The sweeper waits for a turn, and those that were marked before and are
/// not erased yet count, so that no more are marked than workers can erase.
const MARKED_MAX: usize = 6_000;
/// Number of reports that are marked concurrently: about 500 a second. All marks are written to one partition key of the index
/// of what is due, which takes 1,000 writes a second.
const CONCURRENCY: usize = 4;

/// Marks the oldest expired reports of `tenant` for their erasure, unless another worker has done so within the hour. The
/// sweeper then erases them. If there may be more, the next turn comes soon.
///
/// # Errors
/// Returns [`AwsError`] if some may not be marked. The next turn finds them again.
pub(crate) async fn expire(
    jobs: &JobRunner,
    tenant: &Tenant,
    now: UtcTime,
    stop: &CancellationToken,
) -> Result<(), AwsError> {
    let table = &jobs.aws.table;
    if !table.claim_expiry(tenant, now).await? {
        return Ok(());
    }
    let (mut marked, mut waiting, mut after) = (0, 0, None);
    loop {
        let page = table.expired(tenant, now, after).await?;
        let marks = stream::iter(page.expired.into_iter().map(|report| mark(table.clone(), report, now)));
        let done: Vec<bool> = marks.buffer_unordered(CONCURRENCY).try_collect().await?;
        marked += done.into_iter().filter(|is_marked| *is_marked).count();
        (waiting, after) = (waiting + page.marked, page.next);
        if after.is_none() {
            break;
        }
        if marked + waiting >= MARKED_MAX || stop.is_cancelled() {
            table.continue_expiry(tenant, now).await?;
            break;
        }
    }
    if marked > 0 {
        tracing::info!(%tenant, reports = marked, "reports have expired; erasing them");
    }
    Ok(())
}

async fn mark(table: Table, report: Report, now: UtcTime) -> Result<bool, AwsError> {
    table.expire(&report, now).await
}
