//! Processes one message: claims its report, runs the pipeline while a heartbeat renews the lease, and
//! settles the report and the message.

use std::{sync::Arc, time::Duration};

use aws_adapters::{
    Aws,
    dead_letters::DeadLetterQueue,
    error::{ErrorClass, UNREADABLE_ITEM},
    queue::Delivery,
    spending::Ledgers,
    table::Details,
};
use domain::{
    compatibility::LATER_VERSION_DELAY,
    lifecycle::{Command, Policy, Status},
    message::ReportMessage,
    report::{Report, Stage},
    usage::Day,
};
use service_runtime::clock::Clock;
use telemetry::{
    metrics::{Wait, metrics},
    propagation::{continue_trace, current_traceparent},
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument, info_span};

use crate::{
    back_off::BackOff,
    claim::{Claim, Claims},
    failure::{AttemptError, Failure},
    later_version,
    lease::Lease,
    pipeline::Pipeline,
    queue_witness::QueueWitness,
};

/// Time for which a message is hidden that could not be moved to the dead-letter queue.
const DEAD_LETTER_RETRY: Duration = Duration::from_secs(300);

/// The runner of a worker's jobs. A job processes one message.
#[derive(Debug)]
pub(crate) struct JobRunner {
    /// Clients of the table, the queues and the bucket.
    pub(crate) aws: Aws,
    /// The dead-letter queue of reports.
    pub(crate) dead_letters: DeadLetterQueue,
    /// The clock.
    pub(crate) clock: Clock,
    /// Durations and limits of the lifecycle.
    pub(crate) policy: Policy,
    /// How long reports wait after errors.
    pub(crate) back_off: BackOff,
    /// What the received messages tell about the queue.
    pub(crate) witness: QueueWitness,
    /// The component that claims reports.
    pub(crate) claims: Claims,
    /// The stages of a report.
    pub(crate) pipeline: Pipeline,
    /// The tasks that record paid answers of models.
    pub(crate) recordings: TaskTracker,
    /// What this worker spends of the budgets of tenants.
    pub(crate) ledgers: Ledgers,
    /// Token that is cancelled when reports in progress must be released.
    pub(crate) release: CancellationToken,
    /// Changes when messages arrive, or cannot be received. The sweeper then expects that something becomes due.
    pub(crate) arrivals: watch::Sender<()>,
}

/// How an attempt was settled.
enum Settled {
    /// The report has reached a terminal state.
    Ended(Status),
    /// The report waits for another attempt; its message must reappear after this time.
    Later(Duration),
    /// The report waits outside the queue, so its message can be deleted.
    Promised,
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
        if let Some(sent_at) = delivery.sent_at.filter(|_| delivery.receive_count == 1) {
            self.witness.received(&message.tenant, sent_at, self.clock.now());
        }
        match self.claims.claim(&message, &delivery).await {
            Ok(Claim::Claimed(report)) => self.work(delivery, *report).await,
            Ok(Claim::Ended | Claim::Promised) => self.delete(&delivery).await,
            Ok(Claim::Busy(delay)) => self.change_visibility(&delivery, delay).await,
            Ok(Claim::Unknown) => {
                let ReportMessage { tenant, report_id, .. } = &message;
                self.dead_letter(&delivery, &format!("there is no report {report_id} of {tenant}")).await;
            }
            Err(error) => {
                tracing::warn!(report = %message.report_id, error = %error, "the report could not be claimed; retrying");
                let delay = if error.code == UNREADABLE_ITEM {
                    LATER_VERSION_DELAY
                } else {
                    self.witness.table_failed(self.clock.now());
                    BackOff::without_table(delivery.receive_count, self.policy.queue_wait_max)
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
            // The outcome of a pipeline that has finished takes precedence.
            biased;
            outcome = Box::pin(self.pipeline.run(&mut lease)) => outcome,
            error = heartbeat.lost() => Err(error),
            () = self.release.cancelled() => Err(AttemptError::Draining),
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
                self.aws.queue_webhook(lease.report(), current_traceparent()).await;
                self.delete(&delivery).await;
            }
            Ok(Settled::Later(delay)) => self.hide_for_retry(&delivery, lease.report(), delay).await,
            Ok(Settled::Promised) => self.delete(&delivery).await,
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
            AttemptError::Draining => self.release(lease, Duration::ZERO).await,
            AttemptError::LaterVersion(what) => {
                tracing::warn!(report = %lease.report().id, what, "the report is left to a worker of a later version");
                self.release(lease, LATER_VERSION_DELAY).await
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

    /// Records the failure of an attempt. The report waits for another attempt if a retry helps and its
    /// deadline has not passed; otherwise it is marked as FAILED.
    async fn settle_failure(&self, lease: &mut Lease, failure: Failure) -> Result<Settled, AttemptError> {
        let Failure { class, code, .. } = failure;
        let (retries, time_left) = (lease.report().lifecycle.retries, lease.time_left());
        let retried = class != ErrorClass::Permanent && lease.may_retry();
        tracing::warn!(report = %lease.report().id, code, remedy = class.as_str(), detail = %failure.detail, retried, "attempt failed");
        metrics().attempt_ended(code);
        if retried {
            let error = Some(failure.for_reader(true));
            let mut delay = self.back_off.after_error(class, retries);
            if failure.may_be_billed() {
                delay = delay.max(self.wait_after_lost_answer(lease));
            }
            // The last attempt is made when the deadline passes.
            let delay = delay.min(time_left);
            let progress = Some(Stage::Queued.progress());
            let details = Details { error, progress, ..Details::default() };
            match lease.write(|attempt| Command::RetryLater { attempt, delay }, &details).await {
                Ok(()) if self.policy.waits_in_queue(delay) => return Ok(Settled::Later(delay)),
                Ok(()) => {
                    metrics().report_waits(Wait::Retry, delay);
                    // The report is due earlier than the sweeper could know.
                    self.arrivals.send_replace(());
                    return Ok(Settled::Promised);
                }
                // The deadline has passed in the meantime.
                Err(AttemptError::LeaseLost) if !lease.may_retry() => {}
                Err(error) => return Err(error),
            }
        }
        let details = Details { error: Some(failure.for_reader(false)), ..Details::default() };
        lease.write(|attempt| Command::Fail { attempt }, &details).await?;
        Ok(Settled::Ended(Status::Failed))
    }

    /// Returns the minimum wait of a report whose model may have been paid for an answer that was lost. It grows with
    /// the answers that were lost today.
    fn wait_after_lost_answer(&self, lease: &Lease) -> Duration {
        let today = Day::of(self.clock.now());
        let lost = lease.unsettled_calls().iter().filter(|call| call.day == today).count();
        BackOff::after_lost_answer(u32::try_from(lost).unwrap_or(u32::MAX), self.policy.deadline)
    }

    /// Releases the report: the worker drains, or leaves it to a worker of a later version. Its message
    /// reappears after `delay`.
    async fn release(&self, lease: &mut Lease, delay: Duration) -> Result<Settled, AttemptError> {
        let details = Details { progress: Some(Stage::Queued.progress()), ..Details::default() };
        lease.write(|attempt| Command::Release { attempt }, &details).await?;
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
        match self.dead_letters.add(delivery, reason).await {
            Ok(()) => {
                metrics().dead_letter();
                self.delete(delivery).await;
            }
            Err(error) => {
                tracing::warn!(error = %error, "the message could not be moved to the dead-letter queue; it will be retried");
                self.change_visibility(delivery, DEAD_LETTER_RETRY).await;
            }
        }
    }

    async fn delete(&self, delivery: &Delivery) {
        if let Err(error) = self.aws.queue.delete(&delivery.receipt).await {
            tracing::warn!(error = %error, "a settled message could not be deleted; its redelivery will have no effect");
        }
    }

    /// Hides the message of a report that waits in the queue for `delay`. If SQS does not confirm it, the message
    /// may be gone, for example because another worker deleted it as a duplicate. The report then waits outside
    /// the queue, so that it gets another message.
    async fn hide_for_retry(&self, delivery: &Delivery, report: &Report, delay: Duration) {
        let Err(error) = self.aws.queue.change_visibility(&delivery.receipt, delay).await else { return };
        tracing::warn!(report = %report.id, error = %error, "the message of a waiting report could not be hidden; the report waits outside the queue");
        if let Err(error) =
            self.aws.wait_outside_queue(report, Wait::NotQueued, self.clock.now(), &self.policy).await
        {
            tracing::warn!(report = %report.id, error = %error, "it could not be recorded that the report waits outside the queue; the sweeper finds it later");
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
