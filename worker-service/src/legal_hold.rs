//! Makes the bucket agree with the legal hold of a report: copies its files to where no lifecycle rule of the bucket
//! deletes them, or deletes the copies once the report is released.

use std::time::Duration;

use aws_adapters::{
    error::AwsError,
    table::{DueReport, HoldTurn},
};
use domain::{
    artifact::{held_folders, report_folders},
    identity::{ReportId, Tenant},
    legal_hold::LegalHold,
    time::UtcTime,
};
use telemetry::{
    audit,
    metrics::{SweepOutcome, metrics},
};

use crate::job::JobRunner;

/// How long before the end of its turn a worker gives up, so that it writes nothing in the turn of another one.
const MARGIN: Duration = Duration::from_secs(60);

/// Carries out the hold task `due` unless another worker is doing so. If it does not succeed, the task becomes due again
/// some minutes later.
///
/// # Errors
/// Returns [`AwsError`] if the bucket may not agree with the hold yet.
pub(crate) async fn carry_out(jobs: &JobRunner, due: &DueReport, now: UtcTime) -> Result<(), AwsError> {
    let (tenant, id, aws) = (&due.tenant, due.report_id, &jobs.aws);
    let Some(turn) = aws.table.claim_hold_task(tenant, id, now).await? else { return Ok(()) };
    let limit = HoldTurn::LENGTH.saturating_sub(MARGIN);
    let in_time = tokio::time::timeout(limit, apply(jobs, tenant, id)).await;
    in_time.unwrap_or_else(|_| Err(AwsError::timed_out("S3", "CopyObject")))?;
    aws.table.finish_hold_task(tenant, id, turn, jobs.clock.now()).await?;
    metrics().swept(SweepOutcome::Held);
    Ok(())
}

async fn apply(jobs: &JobRunner, tenant: &Tenant, id: ReportId) -> Result<(), AwsError> {
    let report = jobs.aws.table.get_or_erasing(tenant, id).await?;
    match report.and_then(|report| report.legal_hold) {
        Some(LegalHold { files_secured_at: Some(_), .. }) => Ok(()),
        Some(hold) => secure(jobs, tenant, id, &hold).await,
        None => delete_copies(jobs, tenant, id).await,
    }
}

/// Copies the files and work files of a report under `hold`.
async fn secure(jobs: &JobRunner, tenant: &Tenant, id: ReportId, hold: &LegalHold) -> Result<(), AwsError> {
    let mut objects = 0;
    for folder in report_folders(tenant, id) {
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
