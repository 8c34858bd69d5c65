//! Erases the expired reports of tenants with a retention period of their own, whose files no lifecycle rule of the bucket
//! deletes in time.

use aws_adapters::error::AwsError;
use domain::{identity::Tenant, time::UtcTime};
use tokio_util::sync::CancellationToken;

use crate::job::JobRunner;

/// Marks every expired report of `tenant` for its erasure, unless another worker has done so within the hour. The sweeper
/// then erases them.
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
    let (mut marked, mut after) = (0, None);
    while !stop.is_cancelled() {
        let page = table.expired(tenant, now, after).await?;
        for report in &page.expired {
            marked += usize::from(table.expire(report, now).await?);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if marked > 0 {
        tracing::info!(%tenant, reports = marked, "reports have expired; erasing them");
    }
    Ok(())
}
