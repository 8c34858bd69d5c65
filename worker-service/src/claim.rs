//! Claims the report that a message names, or determines why it cannot be claimed.

use std::time::Duration;

use aws_adapters::{
    Aws,
    error::AwsError,
    queue::Delivery,
    table::{Details, Executed},
};
use domain::{
    compatibility::LATER_VERSION_DELAY,
    lifecycle::{Command, Lease, Policy, Status},
    message::ReportMessage,
    report::{Report, ReportError, Stage},
    time::UtcTime,
};
use service_runtime::clock::Clock;
use telemetry::{
    metrics::{Wait, metrics},
    propagation::current_traceparent,
};
use uuid::Uuid;

use crate::{
    back_off::BackOff,
    lease::VISIBILITY_MARGIN,
    tenant_concurrency::{TenantConcurrency, TenantSlot},
};

/// Number of receives up to which a message is kept that a worker holds already, but whose visibility timeout has passed.
/// After that it is deleted: the sweeper looks at the report when the lease has expired.
const HELD_RECEIVES_MAX: u32 = 5;

/// The component that claims reports for one worker.
#[derive(Debug)]
pub(crate) struct Claims {
    /// Clients of the AWS services; claims use the table and the queue of webhooks.
    pub(crate) aws: Aws,
    /// The clock.
    pub(crate) clock: Clock,
    /// Durations and limits of the lifecycle.
    pub(crate) policy: Policy,
    /// How long reports wait that cannot be claimed.
    pub(crate) back_off: BackOff,
    /// The limit on a tenant's reports in progress.
    pub(crate) tenants: TenantConcurrency,
    /// The worker's name in leases.
    pub(crate) worker: String,
}

/// The result of an attempt to claim a report.
#[derive(Debug)]
pub(crate) enum Claim {
    /// This worker has claimed the report.
    Claimed(Box<Report>),
    /// The report has ended, so its message can be deleted.
    Ended,
    /// The report is open, and the table says when the sweeper looks at it, so its message can be deleted.
    Promised,
    /// The report cannot be claimed yet, or only a later version can process it. Holds the time for which its
    /// message is hidden.
    Busy(Duration),
    /// There is no such report.
    Unknown,
}

impl Claims {
    /// Claims the report of `message`, which was received with `delivery`. A report whose tenant is at its
    /// limit waits, and so does one whose workers keep vanishing; after its deadline, the latter is marked as
    /// FAILED.
    ///
    /// # Errors
    /// Returns an [`AwsError`] if the table does not respond.
    pub(crate) async fn claim(
        &self,
        message: &ReportMessage,
        delivery: &Delivery,
    ) -> Result<Claim, AwsError> {
        let now = self.clock.now();
        let (tenant, id) = (&message.tenant, message.report_id);
        let table = &self.aws.table;
        // A claim writes to the report, so it must not be made before it is known that this version can
        // process the report.
        let Some(current) = table.get(tenant, id).await? else { return Ok(Claim::Unknown) };
        if let Some(value) = current.unknown_value() {
            tracing::warn!(report = %id, %tenant, %value, "the report is left to a worker of a later version");
            return Ok(Claim::Busy(LATER_VERSION_DELAY));
        }
        // A pending cancellation needs no slot: nothing is processed, and a report that is being cancelled cannot
        // wait.
        let is_cancelled = current.lifecycle.cancel_requested;
        let _turn = match self.tenants.acquire(table, tenant, now).await? {
            TenantSlot::Free(turn) => Some(turn),
            TenantSlot::Full if is_cancelled => None,
            TenantSlot::Full => return self.wait_for_tenant(&current, now, delivery).await,
        };
        let holder = self.holder(delivery);
        let details = Details { progress: Some(Stage::Gather.progress()), ..Details::default() };
        let claim = Command::Claim { holder };
        let current = match table.execute(tenant, id, &claim, &details, now, &self.policy).await? {
            Executed::Done(report) => return Ok(Claim::Claimed(Box::new(after(&current, *report)))),
            Executed::Rejected(None) => return Ok(Claim::Unknown),
            Executed::Rejected(Some(current)) => current,
        };
        if let Some(claim) = self.obstacle(&current, now, delivery) {
            return Ok(claim);
        }
        // The last lease has expired: its worker has vanished.
        if now < current.lifecycle.deadline(&self.policy) {
            let attempts = current.lifecycle.attempt.saturating_sub(self.policy.immediate_takeovers);
            let delay = self.back_off.after_vanished_worker(attempts);
            return self.wait(&current, delay, Wait::VanishedWorker).await;
        }
        let details = abandoned(&current);
        match table.execute(tenant, id, &Command::GiveUp, &details, now, &self.policy).await? {
            Executed::Done(report) => {
                metrics().report_ended(Status::Failed.as_str(), report.turnaround());
                self.aws.queue_webhook(&report, current_traceparent()).await;
                Ok(Claim::Ended)
            }
            Executed::Rejected(_) => Ok(Claim::Busy(VISIBILITY_MARGIN)),
        }
    }

    /// Returns the name of a claim of the report whose message is `delivery`. It is new for every claim, so that a claim of
    /// this worker whose response was lost can be told apart from one of another worker. It ends with the id of the message,
    /// by which others tell it apart from a duplicate.
    fn holder(&self, delivery: &Delivery) -> String {
        let message = delivery.message_id.as_deref().unwrap_or_default();
        format!("{}/{}/{message}", self.worker, Uuid::now_v7())
    }

    /// Lets `report` wait because its tenant is at its limit, unless it could not be claimed anyway.
    async fn wait_for_tenant(
        &self,
        report: &Report,
        now: UtcTime,
        delivery: &Delivery,
    ) -> Result<Claim, AwsError> {
        if let Some(claim) = self.obstacle(report, now, delivery) {
            return Ok(claim);
        }
        let delay = self.back_off.of_tenant(now.since(report.lifecycle.submitted_at));
        self.wait(report, delay, Wait::TenantLimit).await
    }

    /// Returns why `report` cannot be claimed at `now`, if it has ended, is held by a worker, or still waits.
    fn obstacle(&self, report: &Report, now: UtcTime, delivery: &Delivery) -> Option<Claim> {
        let lifecycle = &report.lifecycle;
        if lifecycle.status.is_terminal() {
            return Some(Claim::Ended);
        }
        if let Some(lease) = lifecycle.lease.as_ref().filter(|lease| lease.expires_at >= now) {
            // Another message than the one that the worker holds is a duplicate: it would only come back after the report
            // has got its next message.
            if !is_held_by(lease, delivery) || delivery.receive_count > HELD_RECEIVES_MAX {
                return Some(Claim::Promised);
            }
            return Some(Claim::Busy(lease.expires_at.since(now) + VISIBILITY_MARGIN));
        }
        let not_before = lifecycle.not_before.filter(|not_before| *not_before > now)?;
        if lifecycle.waits_outside_queue() {
            return Some(Claim::Promised);
        }
        Some(Claim::Busy(not_before.since(now)))
    }

    /// Lets `report` wait for `delay`, in the queue or outside it.
    async fn wait(&self, report: &Report, delay: Duration, reason: Wait) -> Result<Claim, AwsError> {
        let Report { tenant, id, .. } = report;
        let ended_attempts = report.attempts_after_loss();
        let progress = Some(Stage::Queued.progress());
        let details = Details { progress, ended_attempts, ..Details::default() };
        let (wait, now) = (Command::Wait { delay }, self.clock.now());
        match self.aws.table.execute(tenant, *id, &wait, &details, now, &self.policy).await? {
            Executed::Done(_) if self.policy.waits_in_queue(delay) => Ok(Claim::Busy(delay)),
            Executed::Done(_) => {
                metrics().report_waits(reason, delay);
                Ok(Claim::Promised)
            }
            // The report was claimed, cancelled or put off in the meantime.
            Executed::Rejected(_) => Ok(Claim::Busy(VISIBILITY_MARGIN)),
        }
    }
}

/// Returns whether the worker that has `lease` may hold the message of `delivery`. Earlier versions do not say which message
/// they hold.
fn is_held_by(lease: &Lease, delivery: &Delivery) -> bool {
    let held = lease.holder.splitn(3, '/').nth(2).filter(|held| !held.is_empty());
    held.zip(delivery.message_id.as_deref()).is_none_or(|(held, received)| held == received)
}

/// Returns the details to record when `report` fails because its last worker vanished after the deadline.
pub(crate) fn abandoned(report: &Report) -> Details {
    let error = ReportError {
        code: "workers_vanished".to_owned(),
        message:
            "The report's deadline passed, and its last attempt stopped without a result. Resubmit it; if that happens again, contact the operator."
                .to_owned(),
        retryable: true,
    };
    let has_webhook = report.request.callback_url.is_some();
    let ended_attempts = report.attempts_after_loss();
    Details { error: Some(error), has_webhook, ended_attempts, ..Details::default() }
}

/// Returns `claimed` with the attempt of `before`, its state before the claim, if the worker of that attempt vanished.
fn after(before: &Report, claimed: Report) -> Report {
    // Another worker may have claimed and returned the report after it was read.
    let follows = claimed.lifecycle.attempt == before.lifecycle.attempt + 1;
    match before.attempts_after_loss().filter(|_| follows && before.lifecycle.status == Status::Processing) {
        Some(ended_attempts) => Report { ended_attempts, ..claimed },
        None => claimed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_duplicate_only_if_its_lease_names_another_one() {
        let is_held = |holder: &str, message_id: Option<&str>| {
            let lease = Lease { holder: holder.to_owned(), expires_at: UtcTime::from_epoch_millis(0) };
            let delivery = Delivery {
                message_id: message_id.map(str::to_owned),
                body: String::new(),
                receipt: String::new(),
                receive_count: 2,
                sent_at: None,
                traceparent: None,
                reason: None,
            };
            is_held_by(&lease, &delivery)
        };
        assert!(is_held("worker/claim/m1", Some("m1")), "the message of the worker came again");
        assert!(!is_held("worker/claim/m1", Some("m2")));
        for (holder, message_id) in
            [("worker/claim", Some("m2")), ("worker/claim/", Some("m2")), ("worker/claim/m1", None)]
        {
            assert!(is_held(holder, message_id), "{holder} does not tell");
        }
    }
}
