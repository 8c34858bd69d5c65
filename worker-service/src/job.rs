//! Processes one message: claims its report, runs the pipeline while a heartbeat renews the lease, and
//! settles the report and the message.

use std::{sync::Arc, time::Duration};

use aws_adapters::{
    Aws,
    error::{ErrorClass, UNREADABLE_ITEM},
    queue::{Delivery, Queue},
    table::Details,
};
use domain::{
    compatibility::LATER_VERSION_DELAY,
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

use crate::{
    claim::{Claim, Claims},
    failure::{AttemptError, Failure},
    later_version,
    lease::Lease,
    pipeline::Pipeline,
    retry::full_jitter,
};

/// Back-off between attempts: from two seconds to five minutes.
const RETRY_BASE: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_secs(300);

/// Maximum delay before a message is retried after a failed claim. Receive counts include duplicates and
/// crashed workers, so they are not a measure of the report's own failures.
const CLAIM_RETRY_MAX: Duration = Duration::from_secs(20);

/// Base of the back-off after a throttled attempt.
const THROTTLE_BASE: Duration = Duration::from_secs(10);

/// The runner of a worker's jobs. A job processes one message.
#[derive(Debug)]
pub(crate) struct JobRunner {
    /// Clients of the table, the queues and the bucket.
    pub(crate) aws: Aws,
    /// The dead-letter queue of reports.
    pub(crate) dead_letters: Queue,
    /// The clock.
    pub(crate) clock: Clock,
    /// Durations and limits of the lifecycle.
    pub(crate) policy: Policy,
    /// The component that claims reports.
    pub(crate) claims: Claims,
    /// The stages of a report.
    pub(crate) pipeline: Pipeline,
    /// Token that is cancelled when reports in progress must be released.
    pub(crate) release: CancellationToken,
}

/// How an attempt was settled.
enum Settled {
    /// The report has reached a terminal state.
    Ended(Status),
    /// The report waits for another attempt; its message must reappear after this time.
    Later(Duration),
}

impl JobRunner {
    /// Processes a delivered message until it is settled. A message that cannot be settled reappears when its
    /// visibility timeout ends.
    pub(crate) async fn run(self: Arc<Self>, delivery: Delivery) {
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
        let _in_flight = InFlight::begin();
        Box::pin(self.process(delivery)).instrument(span).await;
    }

    async fn process(&self, delivery: Delivery) {
        let message = match ReportMessage::from_body(&delivery.body) {
            Ok(message) => message,
            Err(error) if later_version::may_read(&error, &delivery, self.clock.now()) => {
                tracing::warn!(%error, "a message is left to a worker of a later version");
                return self.change_visibility(&delivery, LATER_VERSION_DELAY).await;
            }
            Err(error) => return self.dead_letter(&delivery, &format!("unreadable: {error}")).await,
        };
        tracing::Span::current().record("dossier.report", message.report_id.to_string());
        match self.claims.claim(&message).await {
            Ok(Claim::Claimed(report)) => self.work(delivery, *report).await,
            Ok(Claim::Ended) => self.delete(&delivery).await,
            Ok(Claim::Busy(delay)) => self.change_visibility(&delivery, delay).await,
            Ok(Claim::Unknown) => {
                let ReportMessage { tenant, report_id, .. } = &message;
                self.dead_letter(&delivery, &format!("there is no report {report_id} of {tenant}")).await;
            }
            Err(error) => {
                tracing::warn!(report = %message.report_id, error = %error, "the report could not be claimed; retrying");
                let delay = match error.code.as_str() {
                    UNREADABLE_ITEM => LATER_VERSION_DELAY,
                    _ => full_jitter(delivery.receive_count, RETRY_BASE, CLAIM_RETRY_MAX),
                };
                self.change_visibility(&delivery, delay).await;
            }
        }
    }

    /// Runs the pipeline for a claimed report and settles report and message.
    async fn work(&self, delivery: Delivery, report: Report) {
        tracing::Span::current().record("dossier.attempt", i64::from(report.lifecycle.attempt));
        tracing::info!(report = %report.id, tenant = %report.tenant, attempt = report.lifecycle.attempt, "attempt started");
        let mut lease = Lease::new(self.aws.clone(), self.clock.clone(), self.policy, report);
        let mut heartbeat = lease.heartbeat(delivery.receipt.as_str().into());
        let outcome = tokio::select! {
            biased;
            error = heartbeat.lost() => Err(error),
            () = self.release.cancelled() => Err(AttemptError::Draining),
            outcome = Box::pin(self.pipeline.run(&mut lease)) => outcome,
        };
        heartbeat.stop().await;
        let settled = match outcome {
            Ok(()) => Ok(Settled::Ended(Status::Completed)),
            Err(error) => self.settle_error(&mut lease, error).await,
        };
        match settled {
            Ok(Settled::Ended(status)) => {
                metrics().report_ended(status.as_str(), lease.report().turnaround());
                tracing::info!(report = %lease.report().id, tenant = %lease.report().tenant, %status, "report ended");
                self.aws.call_back(lease.report(), current_traceparent()).await;
                self.delete(&delivery).await;
            }
            Ok(Settled::Later(delay)) => self.change_visibility(&delivery, delay).await,
            Err(error) => {
                tracing::warn!(report = %lease.report().id, reason = %error, "attempt ended; its result could not be recorded");
            }
        }
    }

    /// Records why an attempt ended. A pending cancellation takes precedence over any other outcome.
    async fn settle_error(&self, lease: &mut Lease, error: AttemptError) -> Result<Settled, AttemptError> {
        let settled = match error {
            AttemptError::LeaseLost => return Err(AttemptError::LeaseLost),
            AttemptError::CancelRequested => Err(AttemptError::CancelRequested),
            AttemptError::Draining => self.release(lease, Duration::ZERO, None).await,
            AttemptError::LaterVersion(what) => {
                tracing::warn!(report = %lease.report().id, what, "the report is left to a worker of a later version");
                self.release(lease, LATER_VERSION_DELAY, None).await
            }
            AttemptError::Failed(failure) => self.settle_failure(lease, failure).await,
        };
        match settled {
            Err(AttemptError::CancelRequested) => {
                lease.write(|attempt| Command::HonourCancel { attempt }, &Details::default()).await?;
                Ok(Settled::Ended(Status::Cancelled))
            }
            settled => settled,
        }
    }

    /// Records the failure of an attempt. The report waits for another attempt if a retry helps and it may be
    /// retried; otherwise it is marked as FAILED.
    async fn settle_failure(&self, lease: &mut Lease, failure: Failure) -> Result<Settled, AttemptError> {
        let Failure { class, code, .. } = failure;
        let lifecycle = &lease.report().lifecycle;
        let attempts_left = lifecycle.attempt < lifecycle.attempts_allowed;
        tracing::warn!(report = %lease.report().id, code, remedy = class.as_str(), detail = %failure.detail, attempts_left, "attempt failed");
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

    /// Releases the lease without using up the attempt. The report waits for `delay`.
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

    /// Moves a message that can never be processed to the dead-letter queue, so that it does not delay
    /// others.
    async fn dead_letter(&self, delivery: &Delivery, reason: &str) {
        tracing::error!(
            reason,
            receives = delivery.receive_count,
            "moving a message to the dead-letter queue"
        );
        match self.dead_letters.dead_letter(delivery, reason).await {
            Ok(()) => {
                metrics().dead_letter();
                self.delete(delivery).await;
            }
            Err(error) => {
                tracing::warn!(error = %error, "the message could not be moved to the dead-letter queue; it will be retried");
                self.change_visibility(delivery, RETRY_MAX).await;
            }
        }
    }

    async fn delete(&self, delivery: &Delivery) {
        if let Err(error) = self.aws.queue.delete(&delivery.receipt).await {
            tracing::warn!(error = %error, "a settled message could not be deleted; its redelivery will have no effect");
        }
    }

    async fn change_visibility(&self, delivery: &Delivery, delay: Duration) {
        if let Err(error) = self.aws.queue.change_visibility(&delivery.receipt, delay).await {
            tracing::warn!(error = %error, "the visibility timeout of a message could not be changed; it reappears when the current one ends");
        }
    }
}

/// A guard that counts a message as in progress until it is dropped, even by a panic.
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
