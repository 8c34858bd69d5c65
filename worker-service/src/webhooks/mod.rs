//! Webhooks: when a report has ended, notifies the callback URL of its request. Webhooks are signed according
//! to the Standard Webhooks specification, and have a queue of their own. The table records every delivery
//! attempt, and the sweeper queues lost webhooks again.

mod sender;
mod settings;
mod signature;

use std::{sync::Arc, time::Duration};

use aws_adapters::{
    dead_letters::DeadLetterQueue,
    error::AwsError,
    queue::{Delivery, RECEIVE_MAX},
    webhook_secrets::WebhookSecret,
};
use domain::{
    compatibility::LATER_VERSION_DELAY,
    lifecycle::Status,
    message::ReportMessage,
    report::Report,
    time::UtcTime,
    webhook::{DeliveryAttempt, WEBHOOK_GRACE, Webhook, WebhookState},
};
use serde_json::json;
use service_runtime::retry::full_jitter;
use telemetry::{metrics::metrics, propagation::continue_trace};
use tokio::{sync::Semaphore, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty, info_span};

pub use self::sender::{DeliveryResult, Sender};
pub(crate) use self::settings::{WEBHOOK_SETTINGS, WebhookSettings};
use self::signature::sign;
use crate::{job::JobRunner, later_version};

/// Wait time of one receive, which is the maximum of SQS ("Amazon SQS short and long polling").
const LONG_POLL: Duration = Duration::from_secs(20);
/// Visibility timeout of a message during its delivery, which is longer than a delivery attempt may take.
const VISIBILITY: Duration = Duration::from_secs(90);
/// Maximum number of webhooks that one worker delivers at a time.
const CONCURRENCY: usize = 32;
/// Maximum time that a message is hidden between two attempts. A longer pause is recorded in the table, and
/// the sweeper queues the message again when it is due: SQS counts hidden messages against a limit of the
/// whole queue ("Amazon SQS message quotas").
const HIDDEN_MAX: Duration = Duration::from_secs(15 * 60);
/// Maximum pause that a receiver can ask for.
const PAUSE_MAX: Duration = Duration::from_secs(12 * 3600);
/// Back-off after a failed receive.
const RECEIVE_RETRY_BASE: Duration = Duration::from_millis(500);
const RECEIVE_RETRY_MAX: Duration = Duration::from_secs(30);
/// Back-off of a message after an error of an AWS service.
const MESSAGE_RETRY_BASE: Duration = Duration::from_secs(2);
const MESSAGE_RETRY_MAX: Duration = Duration::from_secs(300);

/// The parts of a worker that only webhooks use.
#[derive(Debug)]
pub(crate) struct Webhooks {
    /// The sender of webhooks.
    pub(crate) sender: Sender,
    /// The dead-letter queue of webhooks.
    pub(crate) dead_letters: DeadLetterQueue,
}

/// What happens to a message next.
enum Disposition {
    /// It is deleted.
    Delete,
    /// It reappears after this time.
    Later(Duration),
    /// It moves to the dead-letter queue for this reason.
    DeadLetter(String),
}

/// Delivers webhooks until `stop` is cancelled. Each delivery has a slot of its own, so that a receiver that
/// does not respond does not delay the others.
pub(crate) async fn keep_delivering(jobs: Arc<JobRunner>, webhooks: Webhooks, stop: CancellationToken) {
    let (webhooks, slots) = (Arc::new(webhooks), Arc::new(Semaphore::new(CONCURRENCY)));
    let mut failures = 0;
    loop {
        let received = async {
            let first = Arc::clone(&slots).acquire_owned().await;
            let free = (slots.available_permits() + 1).min(RECEIVE_MAX);
            (first, jobs.aws.webhooks.receive(free, LONG_POLL, VISIBILITY).await)
        };
        let (first, received) = tokio::select! {
            () = stop.cancelled() => return,
            received = received => received,
        };
        match received {
            Ok(deliveries) => {
                failures = 0;
                if !deliveries.is_empty() {
                    jobs.arrivals.send_replace(());
                }
                let mut slot = first.ok();
                for delivery in deliveries {
                    // There is a slot for every message, because only as many were received.
                    let slot = slot.take().or_else(|| Arc::clone(&slots).try_acquire_owned().ok());
                    let (jobs, webhooks, stop) = (Arc::clone(&jobs), Arc::clone(&webhooks), stop.clone());
                    tokio::spawn(async move {
                        // A delivery that is interrupted here is repeated by another worker. Receivers
                        // recognise the event by its id.
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = process(&jobs, &webhooks, delivery) => {}
                        }
                        drop(slot);
                    });
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, "messages of webhooks could not be received; retrying");
                failures += 1;
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = sleep(full_jitter(failures, RECEIVE_RETRY_BASE, RECEIVE_RETRY_MAX)) => {}
                }
            }
        }
    }
}

/// Processes one message.
async fn process(jobs: &JobRunner, webhooks: &Webhooks, delivery: Delivery) {
    let span = info_span!(
        "callback",
        otel.name = format_args!("process {}", jobs.aws.webhooks.name()),
        otel.kind = "consumer",
        messaging.system = "aws_sqs",
        messaging.operation.type = "process",
        messaging.operation.name = "process",
        messaging.destination.name = jobs.aws.webhooks.name(),
        messaging.message.id = delivery.message_id,
        dossier.report = Empty,
    );
    continue_trace(&span, delivery.traceparent.as_deref());
    async {
        let disposition = deliver(jobs, webhooks, &delivery).await.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "a webhook could not be delivered; retrying");
            Disposition::Later(full_jitter(delivery.receive_count, MESSAGE_RETRY_BASE, MESSAGE_RETRY_MAX))
        });
        if let Err(error) = settle(jobs, webhooks, &delivery, disposition).await {
            tracing::warn!(error = %error, "the message of a webhook could not be settled; it will be delivered again");
        }
    }
    .instrument(span)
    .await;
}

async fn settle(
    jobs: &JobRunner,
    webhooks: &Webhooks,
    delivery: &Delivery,
    disposition: Disposition,
) -> Result<(), AwsError> {
    let queue = &jobs.aws.webhooks;
    match disposition {
        Disposition::Delete => queue.delete(&delivery.receipt).await,
        Disposition::Later(delay) => queue.change_visibility(&delivery.receipt, delay).await,
        Disposition::DeadLetter(reason) => {
            tracing::error!(reason, "moving the message of a webhook to the dead-letter queue");
            metrics().dead_letter();
            webhooks.dead_letters.add(delivery, &reason).await?;
            queue.delete(&delivery.receipt).await
        }
    }
}

/// Delivers the webhook of a message if it is due, and returns what happens to the message next.
async fn deliver(
    jobs: &JobRunner,
    webhooks: &Webhooks,
    delivery: &Delivery,
) -> Result<Disposition, AwsError> {
    let message = match ReportMessage::from_body(&delivery.body) {
        Ok(message) => message,
        Err(error) if later_version::may_read(&error, delivery, jobs.clock.now()) => {
            tracing::warn!(%error, "the message of a webhook is left to a worker of a later version");
            return Ok(Disposition::Later(LATER_VERSION_DELAY));
        }
        Err(error) => return Ok(Disposition::DeadLetter(format!("unreadable: {error}"))),
    };
    tracing::Span::current().record("dossier.report", message.report_id.to_string());
    let report = jobs.aws.table.get(&message.tenant, message.report_id).await?;
    // If the report was deleted or resubmitted, or its webhook is settled, there is nothing to send.
    let Some(report) = report else { return Ok(Disposition::Delete) };
    let (Some(webhook), Some(url)) = (report.webhook.clone(), report.request.callback_url.clone()) else {
        return Ok(Disposition::Delete);
    };
    let now = jobs.clock.now();
    let Some(due) = webhook.next_at().filter(|_| webhook.state == WebhookState::Pending) else {
        return Ok(Disposition::Delete);
    };
    if due > now {
        return Ok(wait(due.since(now)));
    }
    let secrets = jobs.aws.webhook_secrets.signing(&report.tenant, now).await?;
    if secrets.is_empty() {
        tracing::warn!(report = %report.id, tenant = %report.tenant, "a webhook waits: its tenant has no secret to sign it with, which GET /v1/callbacks/secret creates");
        let delay = full_jitter(delivery.receive_count, MESSAGE_RETRY_BASE, MESSAGE_RETRY_MAX);
        return Ok(Disposition::Later(delay));
    }
    let result = send(webhooks, &report, &url, &secrets, now).await;
    record(jobs, webhooks, delivery, &report, webhook, result, now).await
}

/// Signs and sends the webhook of `report`, once.
async fn send(
    webhooks: &Webhooks,
    report: &Report,
    url: &str,
    secrets: &[WebhookSecret],
    now: UtcTime,
) -> DeliveryResult {
    let id = report.event_id().unwrap_or_default();
    let body = payload(report).to_string();
    let signature = sign(secrets, &id, now, &body);
    webhooks.sender.send(url, &id, now, &signature, body).await
}

/// Returns the payload, which says that the report has ended, and how. It does not contain the report itself:
/// reading that through the API requires a key.
fn payload(report: &Report) -> serde_json::Value {
    let kind = match report.lifecycle.status {
        Status::Completed => "report.completed",
        Status::Cancelled => "report.cancelled",
        _ => "report.failed",
    };
    json!({
        "type": kind,
        "timestamp": report.ended_at,
        "data": {
            "reportId": report.id,
            "customId": report.labels.custom_id,
            "status": report.lifecycle.status,
            "riskLevel": report.outcome.as_ref().map(|outcome| outcome.risk_level),
            "reviewRequired": report.outcome.as_ref().map(|outcome| outcome.review.required),
            "errorCode": report.error.as_ref().map(|error| error.code.as_str()),
            "self": format!("/v1/reports/{}", report.id),
        },
    })
}

/// Records a delivery attempt in the table, and returns what happens to its message next.
async fn record(
    jobs: &JobRunner,
    webhooks: &Webhooks,
    delivery: &Delivery,
    report: &Report,
    mut webhook: Webhook,
    result: DeliveryResult,
    started: UtcTime,
) -> Result<Disposition, AwsError> {
    let now = jobs.clock.now();
    let milliseconds = u64::try_from(now.since(started).as_millis()).unwrap_or(u64::MAX);
    let (status, error) = (result.status(), result.error());
    let attempt =
        DeliveryAttempt { at: started, round: webhook.round, status, milliseconds, error: error.clone() };
    webhook.attempts.push(attempt.clone());
    let pause = match result {
        DeliveryResult::Rejected { permanent: true, .. } | DeliveryResult::Accepted { .. } => None,
        DeliveryResult::Rejected { retry_after, .. } => {
            webhook.pause().map(|pause| pause.max(retry_after.unwrap_or_default()).min(PAUSE_MAX))
        }
    };
    let state = match (&error, pause) {
        (None, _) => WebhookState::Delivered,
        (Some(_), Some(_)) => WebhookState::Pending,
        (Some(_), None) => WebhookState::Failed,
    };
    metrics().webhook_attempt(state.as_str());
    tracing::info!(report = %report.id, tenant = %report.tenant, status, state = ?state, attempt = webhook.tried(), "webhook delivery attempted");
    if state == WebhookState::Failed {
        // The dead letter is sent before the attempt is recorded, so that a crash between the two leaves two
        // dead letters rather than none.
        let reason = format!("the webhook of report {} failed: {}", report.id, error.unwrap_or_default());
        webhooks.dead_letters.add(delivery, &reason).await?;
    }
    let due_at = pause.map(|pause| match wait(pause) {
        Disposition::Later(pause) => now.plus(pause + WEBHOOK_GRACE),
        _ => now.plus(pause),
    });
    let recorded = jobs.aws.table.record_attempt(report, &attempt, state, due_at).await?;
    Ok(match (recorded, pause) {
        (true, Some(pause)) => wait(pause),
        // The webhook is settled, or another process has taken it over.
        _ => Disposition::Delete,
    })
}

/// Returns how a message waits for `pause`: hidden in the queue, or deleted if the sweeper will queue it
/// again.
fn wait(pause: Duration) -> Disposition {
    if pause <= HIDDEN_MAX { Disposition::Later(pause) } else { Disposition::Delete }
}
