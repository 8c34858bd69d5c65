//! Erases the expired reports of tenants with a retention period of their own, whose files no lifecycle rule of the bucket
//! deletes in time.

use aws_adapters::{error::AwsError, table::Table};
use domain::{identity::Tenant, report::Report, time::UtcTime};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use crate::job::JobRunner;

/// Number of pages that are read in a turn, which the sweeper waits for. Reports that are marked and not erased yet are read
/// again, so that no more are marked than workers can erase.
const PAGES_MAX: usize = 60;
/// Number of reports that are marked concurrently.
const CONCURRENCY: usize = 16;

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
    let (mut marked, mut pages, mut after) = (0, 0, None);
    loop {
        let page = table.expired(tenant, now, after).await?;
        let marks = stream::iter(page.expired.into_iter().map(|report| mark(table.clone(), report, now)));
        let done: Vec<bool> = marks.buffer_unordered(CONCURRENCY).try_collect().await?;
        marked += done.into_iter().filter(|is_marked| *is_marked).count();
        (pages, after) = (pages + 1, page.next);
        if after.is_none() {
            break;
        }
        if pages == PAGES_MAX || stop.is_cancelled() {
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
