//! One message: claim its report, work on it under a heartbeat, and settle both.

use std::{sync::Arc, time::Duration};

use aws_adapters::{
    Aws,
    error::ErrorClass,
    queue::{Delivery, Queue},
    table::{Details, Executed},
};
use domain::{
    lifecycle::{Command, Policy, Status},
    message::ReportMessage,
    report::{Report, ReportError, Stage},
};
use service_runtime::clock::Clock;
use telemetry::{
    metrics::metrics,
    propagation::{continue_trace, current_traceparent},
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use crate::{
    failure::{AttemptError, Failure},
    lease::{Lease, VISIBILITY_MARGIN},
    pipeline::Pipeline,
    retry::full_jitter,
    tenant_concurrency::{TenantConcurrency, TenantSlot},
};

/// Back-off between attempts: from two seconds up to five minutes.
const RETRY_BASE: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_secs(300);

/// Most that a message waits whose report could not be claimed: that says nothing of the report, and
/// its receives count every duplicate and every worker that died.
const CLAIM_RETRY_MAX: Duration = Duration::from_secs(20);

/// How long a throttled report rests.
const THROTTLE_BASE: Duration = Duration::from_secs(10);

/// What every job of a worker shares.
#[derive(Debug)]
pub struct JobRunner {
    /// The adapters.
    pub aws: Aws,
    /// The queue of messages that cannot be worked on.
    pub dead_letters: Queue,
    /// The time.
    pub clock: Clock,
    /// The numbers of the lifecycle.
    pub policy: Policy,
    /// The bound on a tenant's reports in progress.
    pub share: TenantConcurrency,
    /// What is done to a report.
    pub pipeline: Pipeline,
    /// The worker's name in leases.
    pub worker: String,
    /// Cancelled when reports in work are to be given back.
    pub give_back: CancellationToken,
}

impl JobRunner {
    /// Works on a delivered message until it is settled. Never fails: what cannot be settled comes
    /// back when its visibility or its lease runs out.
    pub async fn run(self: Arc<Self>, delivery: Delivery) {
        let span = info_span!(
            "report",
            otel.name = format_args!("process {}", self.aws.queue.name()),
            otel.kind = "consumer",
            messaging.system = "aws_sqs",
            messaging.operation.type = "process",
            messaging.operation.name = "process",
            messaging.destination.name = self.aws.queue.name(),
            messaging.message.id = delivery.message_id,
            dossier.report = tracing::field::Empty,
            dossier.attempt = tracing::field::Empty,
            dossier.queue.seconds = tracing::field::Empty,
        );
        continue_trace(&span, delivery.traceparent.as_deref());
        if let Some(sent_at) = delivery.sent_at {
            let waited = self.clock.now().since(sent_at);
            span.record("dossier.queue.seconds", waited.as_secs_f64());
            metrics().queue_wait(waited);
        }
        let _counted = InFlight::begin();
        Box::pin(self.settle(delivery)).instrument(span).await;
    }

    async fn settle(&self, delivery: Delivery) {
        let message = match ReportMessage::from_body(&delivery.body) {
            Ok(message) => message,
            Err(error) => return self.dead_letter(&delivery, &format!("unreadable: {error}")).await,
        };
        tracing::Span::current().record("dossier.report", message.report_id.to_string());
        match self.claim(&message).await {
            Ok(Claim::Ours(report)) => self.work(delivery, *report).await,
            Ok(Claim::Ended) => self.delete(&delivery).await,
            Ok(Claim::Busy(wait)) => self.change_visibility(&delivery, wait).await,
            Ok(Claim::Unknown) => {
                let ReportMessage { tenant, report_id, .. } = &message;
                self.dead_letter(&delivery, &format!("there is no report {report_id} of {tenant}")).await;
            }
            Err(error) => {
                tracing::warn!(report = %message.report_id, error = %error, "the report could not be claimed");
                self.change_visibility(
                    &delivery,
                    full_jitter(delivery.receive_count, RETRY_BASE, CLAIM_RETRY_MAX),
                )
                .await;
            }
        }
    }

    async fn claim(&self, message: &ReportMessage) -> Result<Claim, aws_adapters::error::AwsError> {
        let now = self.clock.now();
        let _turn = match self.share.room(&self.aws.table, &message.tenant, now).await? {
            TenantSlot::Free(turn) => turn,
            TenantSlot::Full(rest) => return Ok(Claim::Busy(rest)),
        };
        // New for every claim: it tells a claim whose answer was lost from somebody else's.
        let holder = format!("{}/{}", self.worker, Uuid::now_v7());
        let details = Details { progress: Some(Stage::Gather.progress()), ..Details::default() };
        let (tenant, id) = (&message.tenant, message.report_id);
        let table = &self.aws.table;
        let refusal =
            match table.execute(tenant, id, &Command::Claim { holder }, &details, now, &self.policy).await? {
                Executed::Done(report) => return Ok(Claim::Ours(report)),
                Executed::Rejected(current) => current,
            };
        let Some(current) = refusal else { return Ok(Claim::Unknown) };
        if current.lifecycle.status.is_terminal() {
            return Ok(Claim::Ended);
        }
        let lease_left =
            current.lifecycle.lease.as_ref().map_or(Duration::ZERO, |lease| lease.expires_at.since(now));
        if !lease_left.is_zero() {
            return Ok(Claim::Busy(lease_left + VISIBILITY_MARGIN));
        }
        // Its workers vanished again and again, and no attempt is left.
        let gone = given_up(&current);
        match table.execute(tenant, id, &Command::GiveUp, &gone, now, &self.policy).await? {
            Executed::Done(report) => {
                metrics().report_ended(Status::Failed.as_str(), report.turnaround());
                self.aws.call_back(&report, current_traceparent()).await;
                Ok(Claim::Ended)
            }
            Executed::Rejected(_) => Ok(Claim::Busy(VISIBILITY_MARGIN)),
        }
    }

    async fn work(&self, delivery: Delivery, report: Report) {
        tracing::Span::current().record("dossier.attempt", i64::from(report.lifecycle.attempt));
        tracing::info!(report = %report.id, tenant = %report.tenant, attempt = report.lifecycle.attempt, "attempt begins");
        let mut lease = Lease::new(self.aws.clone(), self.clock.clone(), self.policy, report);
        let mut heartbeat = lease.heartbeat(delivery.receipt.as_str().into());
        let outcome = tokio::select! {
            biased;
            stop = heartbeat.broken() => Err(stop),
            () = self.give_back.cancelled() => Err(AttemptError::Draining),
            outcome = Box::pin(self.pipeline.run(&mut lease)) => outcome,
        };
        heartbeat.stop().await;
        let outcome = match outcome {
            Ok(()) => Ok(Settled::Ended(Status::Completed)),
            Err(stop) => self.stop(&mut lease, stop).await,
        };
        match outcome {
            Ok(Settled::Ended(status)) => {
                metrics().report_ended(status.as_str(), lease.report().turnaround());
                tracing::info!(report = %lease.report().id, tenant = %lease.report().tenant, %status, "report ended");
                self.aws.call_back(lease.report(), current_traceparent()).await;
                self.delete(&delivery).await;
            }
            Ok(Settled::Later(wait)) => self.change_visibility(&delivery, wait).await,
            Err(stop) => {
                tracing::warn!(report = %lease.report().id, reason = %stop, "attempt ends without a word in the table");
            }
        }
    }

    /// Writes down why an attempt stopped; a cancel that was asked for wins over every other end.
    async fn stop(&self, lease: &mut Lease, stop: AttemptError) -> Result<Settled, AttemptError> {
        let written = match stop {
            AttemptError::LeaseLost => return Err(AttemptError::LeaseLost),
            AttemptError::CancelRequested => Err(AttemptError::CancelRequested),
            AttemptError::Draining => self.release(lease, Duration::ZERO, None).await,
            AttemptError::Failed(failure) => self.fail(lease, failure).await,
        };
        match written {
            Err(AttemptError::CancelRequested) => {
                lease.write(|attempt| Command::HonourCancel { attempt }, &Details::default()).await?;
                Ok(Settled::Ended(Status::Cancelled))
            }
            settled => settled,
        }
    }

    async fn fail(&self, lease: &mut Lease, failure: Failure) -> Result<Settled, AttemptError> {
        let Failure { class, code, .. } = failure;
        let lifecycle = &lease.report().lifecycle;
        let attempts_left = lifecycle.attempt < lifecycle.attempts_allowed;
        tracing::warn!(report = %lease.report().id, code, class = class.as_str(), detail = %failure.detail, attempts_left, "attempt failed");
        metrics().attempt_ended(code);
        let error = Some(failure.for_reader());
        match class {
            ErrorClass::Throttled => {
                self.release(lease, full_jitter(1, THROTTLE_BASE, RETRY_MAX), error).await
            }
            ErrorClass::Transient if attempts_left => {
                let delay = full_jitter(lifecycle.attempt, RETRY_BASE, RETRY_MAX);
                let details =
                    Details { error, progress: Some(Stage::Queued.progress()), ..Details::default() };
                lease.write(|attempt| Command::RetryLater { attempt, delay }, &details).await?;
                Ok(Settled::Later(delay))
            }
            ErrorClass::Transient | ErrorClass::Permanent => {
                let details = Details { error, ..Details::default() };
                lease.write(|attempt| Command::Fail { attempt }, &details).await?;
                Ok(Settled::Ended(Status::Failed))
            }
        }
    }

    async fn release(
        &self,
        lease: &mut Lease,
        delay: Duration,
        error: Option<ReportError>,
    ) -> Result<Settled, AttemptError> {
        let details = Details { error, progress: Some(Stage::Queued.progress()), ..Details::default() };
        lease.write(|attempt| Command::Release { attempt, delay }, &details).await?;
        Ok(Settled::Later(delay))
    }

    /// Moves a message that can never be worked on to the dead-letter queue, so that it holds up
    /// no other.
    async fn dead_letter(&self, delivery: &Delivery, reason: &str) {
        tracing::error!(reason, receives = delivery.receive_count, "a message goes to the dead-letter queue");
        match self.dead_letters.dead_letter(delivery, reason).await {
            Ok(()) => {
                metrics().dead_letter();
                self.delete(delivery).await;
            }
            Err(error) => {
                tracing::warn!(error = %error, "the dead-letter queue did not take a message; it will come again");
                self.change_visibility(delivery, RETRY_MAX).await;
            }
        }
    }

    async fn delete(&self, delivery: &Delivery) {
        if let Err(error) = self.aws.queue.delete(&delivery.receipt).await {
            tracing::warn!(error = %error, "a finished message could not be deleted; it will come again and change nothing");
        }
    }

    async fn change_visibility(&self, delivery: &Delivery, wait: Duration) {
        if let Err(error) = self.aws.queue.change_visibility(&delivery.receipt, wait).await {
            tracing::warn!(error = %error, "a message could not be put off; it will come again when its visibility ends");
        }
    }
}

/// What is recorded of `report` when it is given up because its workers vanished.
pub(crate) fn given_up(report: &Report) -> Details {
    let calls_back = report.request.callback_url.is_some();
    Details { error: Some(workers_vanished()), calls_back, ..Details::default() }
}

/// Why a report ends whose workers vanished without a word, as often as it was allowed attempts.
fn workers_vanished() -> ReportError {
    ReportError {
        code: "workers_vanished".to_owned(),
        message: "Every attempt at the report ended without a word. Resubmit it; if that happens again, tell the operator."
            .to_owned(),
        retryable: true,
    }
}

/// Counts a report as in work until it is dropped, however that comes about.
struct InFlight;

impl InFlight {
    fn begin() -> Self {
        metrics().in_flight(1);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        metrics().in_flight(-1);
    }
}

enum Claim {
    /// The report is this worker's.
    Ours(Box<Report>),
    /// The report has ended: the message is spent.
    Ended,
    /// Another worker has the report, or the tenant its share: to be tried again after this time.
    Busy(Duration),
    /// There is no such report.
    Unknown,
}

enum Settled {
    /// The report has reached a terminal state.
    Ended(Status),
    /// The report waits; its message is to come again after this time.
    Later(Duration),
}
