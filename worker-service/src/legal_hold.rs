//! Makes the bucket agree with the legal hold of a report: copies its files to where no lifecycle rule of the bucket
//! deletes them, or deletes the copies once the report is released.

use std::time::Duration;

use aws_adapters::{error::AwsError, table::HoldTurn};
use domain::{
    artifact::held_folders,
    identity::{ReportId, Tenant},
    legal_hold::LegalHold,
    report::Report,
    time::UtcTime,
};
use telemetry::{
    audit,
    metrics::{SweepOutcome, metrics},
};
use tokio::time::timeout;

use crate::job::JobRunner;

/// How long before the end of its turn a worker gives up, so that it writes nothing in the turn of another one.
const MARGIN: Duration = Duration::from_secs(60);

/// Carries out the hold task of a report unless another worker is doing so. If it does not succeed, the task becomes due again
/// some minutes later.
///
/// # Errors
/// Returns [`AwsError`] if the bucket may not agree with the hold yet.
pub(crate) async fn carry_out(
    jobs: &JobRunner,
    tenant: &Tenant,
    id: ReportId,
    now: UtcTime,
) -> Result<(), AwsError> {
    let table = &jobs.aws.table;
    let Some(turn) = table.claim_hold_task(tenant, id, now).await? else { return Ok(()) };
    let report = table.get_or_erasing(tenant, id).await?;
    let hold = report.as_ref().and_then(|report| report.legal_hold.clone());
    let limit = HoldTurn::LENGTH.saturating_sub(MARGIN);
    let (operation, done) = match report.zip(hold) {
        Some((_, LegalHold { files_secured_at: Some(_), .. })) => ("CopyObject", Ok(Ok(()))),
        Some((report, hold)) => ("CopyObject", timeout(limit, secure(jobs, &report, &hold)).await),
        None => ("DeleteObject", timeout(limit, delete_copies(jobs, tenant, id)).await),
    };
    done.unwrap_or_else(|_| Err(AwsError::timed_out("S3", operation)))?;
    table.finish_hold_task(tenant, id, turn, jobs.clock.now()).await?;
    metrics().swept(SweepOutcome::Held);
    Ok(())
}

/// Copies the files and work files of a report under `hold`.
async fn secure(jobs: &JobRunner, report: &Report, hold: &LegalHold) -> Result<(), AwsError> {
    let Report { tenant, id, .. } = report;
    let (id, mut objects) = (*id, 0);
    for folder in report.folders() {
        objects += jobs.aws.bucket.hold(&folder).await?;
    }
    // If the hold was released in the meantime, the task becomes due again and deletes the copies.
    if jobs.aws.table.record_files_secured(tenant, id, hold, jobs.clock.now()).await? {
        audit::record(&audit::Event {
            action: "report.hold.secured",
            subject: &id,
            tenant,
            actor: &"worker",
        });
        tracing::info!(report = %id, %tenant, objects, "copied the files of a report under legal hold");
    }
    Ok(())
}

async fn delete_copies(jobs: &JobRunner, tenant: &Tenant, id: ReportId) -> Result<(), AwsError> {
    let mut objects = 0;
    for folder in held_folders(tenant, id) {
        objects += jobs.aws.bucket.erase(&folder).await?;
    }
    tracing::info!(report = %id, %tenant, objects, "deleted the copies of a report that is under no legal hold");
    Ok(())
}
