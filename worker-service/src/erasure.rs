//! Erases reports whose erasure was requested: first every version of their files and work files, then their items.

use aws_adapters::error::AwsError;
use domain::{artifact::held_folders, report::Report, time::UtcTime};
use telemetry::{
    audit,
    metrics::{SweepOutcome, metrics},
};

use crate::job::JobRunner;

/// Erases `report` unless another worker is doing so. If it does not succeed, the report becomes due again some
/// minutes later, so nothing is left half erased.
///
/// # Errors
/// Returns [`AwsError`] if something may be left.
pub(crate) async fn erase(jobs: &JobRunner, report: &Report, now: UtcTime) -> Result<(), AwsError> {
    let Report { tenant, id, .. } = report;
    let aws = &jobs.aws;
    if !aws.table.claim_erasure(tenant, *id, now).await? {
        return Ok(());
    }
    let mut folders = report.folders();
    // The bucket may hold copies of a legal hold of which a restored table knows nothing.
    folders.extend(held_folders(tenant, *id));
    let mut objects = 0;
    for folder in &folders {
        objects += aws.bucket.erase(folder).await?;
    }
    aws.table.finish_erasure(tenant, *id).await?;
    metrics().swept(SweepOutcome::Erased);
    audit::record(&audit::Event { action: "report.erased", subject: id, tenant, actor: &"worker" });
    tracing::info!(report = %id, %tenant, objects, "erased a report");
    Ok(())
}
