//! Claims the report that a message names, or determines why it cannot be claimed.

use std::time::Duration;

use aws_adapters::{
    Aws,
    error::AwsError,
    table::{Details, Executed},
};
use domain::{
    compatibility::LATER_VERSION_DELAY,
    lifecycle::{Command, Policy, Status},
    message::ReportMessage,
    report::{Report, ReportError, Stage},
};
use service_runtime::clock::Clock;
use telemetry::{metrics::metrics, propagation::current_traceparent};
use uuid::Uuid;

use crate::{
    lease::VISIBILITY_MARGIN,
    tenant_concurrency::{TenantConcurrency, TenantSlot},
};

/// The component that claims reports for one worker.
#[derive(Debug)]
pub(crate) struct Claims {
    /// Clients of the AWS services; claims use the table and the queue of webhooks.
    pub(crate) aws: Aws,
    /// The clock.
    pub(crate) clock: Clock,
    /// Durations and limits of the lifecycle.
    pub(crate) policy: Policy,
    /// The limit on a tenant's reports in progress.
    pub(crate) tenants: TenantConcurrency,
    /// The worker's name in leases.
    pub(crate) worker: String,
}

/// The result of an attempt to claim a report.
pub(crate) enum Claim {
    /// This worker has claimed the report.
    Claimed(Box<Report>),
    /// The report has ended, so its message can be deleted.
    Ended,
    /// Another worker holds the report, its tenant is at its limit, or only a later version can process it.
    /// Holds the time to wait before the next try.
    Busy(Duration),
    /// There is no such report.
    Unknown,
}

impl Claims {
    /// Claims the report of `message`. A report that has no attempt left, because its workers crashed on
    /// every attempt, is marked as FAILED instead.
    ///
    /// # Errors
    /// Returns an [`AwsError`] if the table does not respond.
    pub(crate) async fn claim(&self, message: &ReportMessage) -> Result<Claim, AwsError> {
        let now = self.clock.now();
        let (tenant, id) = (&message.tenant, message.report_id);
        // A claim writes to the report, so it must not be made before it is known that this version can
        // process the report.
        let Some(current) = self.aws.table.get(tenant, id).await? else { return Ok(Claim::Unknown) };
        if let Some(value) = current.unknown_value() {
            tracing::warn!(report = %id, %tenant, %value, "the report is left to a worker of a later version");
            return Ok(Claim::Busy(LATER_VERSION_DELAY));
        }
        let _turn = match self.tenants.acquire(&self.aws.table, &message.tenant, now).await? {
            TenantSlot::Free(turn) => turn,
            TenantSlot::Full(delay) => return Ok(Claim::Busy(delay)),
        };
        // The name is new for every claim, so that a claim of this worker whose response was lost can be told
        // apart from one of another worker.
        let holder = format!("{}/{}", self.worker, Uuid::now_v7());
        let details = Details { progress: Some(Stage::Gather.progress()), ..Details::default() };
        let table = &self.aws.table;
        let claim = Command::Claim { holder };
        let current = match table.execute(tenant, id, &claim, &details, now, &self.policy).await? {
            Executed::Done(report) => return Ok(Claim::Claimed(report)),
            Executed::Rejected(None) => return Ok(Claim::Unknown),
            Executed::Rejected(Some(current)) => current,
        };
        if current.lifecycle.status.is_terminal() {
            return Ok(Claim::Ended);
        }
        let lease_left =
            current.lifecycle.lease.as_ref().map_or(Duration::ZERO, |lease| lease.expires_at.since(now));
        if !lease_left.is_zero() {
            return Ok(Claim::Busy(lease_left + VISIBILITY_MARGIN));
        }
        // The last lease has expired, and no attempt is left.
        let details = abandoned(&current);
        match table.execute(tenant, id, &Command::GiveUp, &details, now, &self.policy).await? {
            Executed::Done(report) => {
                metrics().report_ended(Status::Failed.as_str(), report.turnaround());
                self.aws.call_back(&report, current_traceparent()).await;
                Ok(Claim::Ended)
            }
            Executed::Rejected(_) => Ok(Claim::Busy(VISIBILITY_MARGIN)),
        }
    }
}

/// Returns the details to record when `report` fails because its workers crashed on every allowed attempt.
pub(crate) fn abandoned(report: &Report) -> Details {
    let error = ReportError {
        code: "workers_vanished".to_owned(),
        message:
            "Every attempt at the report stopped without a result. Resubmit it; if that happens again, contact the operator."
                .to_owned(),
        retryable: true,
    };
    let calls_back = report.request.callback_url.is_some();
    Details { error: Some(error), calls_back, ..Details::default() }
}
