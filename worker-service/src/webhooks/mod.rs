//! Call-backs: word of an ended report to the address that its request named, signed after the Standard Webhooks
//! specification, through a queue of its own. The table has every attempt; a sweeper finds what got lost.

mod sender;
mod signature;

use std::{sync::Arc, time::Duration};

use aws_adapters::{
    error::AwsError,
    queue::{Delivery, Queue, RECEIVE_MAX},
};
use domain::{
    lifecycle::Status,
    message::ReportMessage,
    report::Report,
    time::UtcTime,
    webhook::{DeliveryAttempt, WEBHOOK_GRACE, Webhook, WebhookState},
};
use serde_json::json;
use telemetry::{metrics::metrics, propagation::continue_trace};
use tokio::{sync::Semaphore, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty, info_span};

pub use self::{
    sender::{DeliveryResult, Sender},
    signature::sign,
};
use crate::{job::JobRunner, retry::full_jitter};

/// Longest wait of one receive ("Amazon SQS short and long polling").
const LONG_POLL: Duration = Duration::from_secs(20);
/// How long a delivery hides its message: longer than an attempt may take.
const VISIBILITY: Duration = Duration::from_secs(90);
/// Call-backs that one worker delivers at a time.
const SLOTS: usize = 32;
/// The longest that a message is put off. What waits longer waits in the table, and the sweeper queues it when it is due: SQS
/// counts hidden messages against a limit of the whole queue ("Amazon SQS message quotas").
const HIDE_MAX: Duration = Duration::from_secs(15 * 60);
/// The longest pause that a receiver can ask for.
const PAUSE_MAX: Duration = Duration::from_secs(12 * 3600);

/// What call-backs need beside what every job has.
#[derive(Debug)]
pub struct Webhooks {
    /// Sends them.
    pub sender: Sender,
    /// Where messages go whose call-back failed for good.
    pub dead_letters: Queue,
}

/// Delivers until `stop`, each in a slot of its own: a receiver that hangs holds up no other.
pub async fn keep_delivering(jobs: Arc<JobRunner>, callbacks: Webhooks, stop: CancellationToken) {
    let (callbacks, slots) = (Arc::new(callbacks), Arc::new(Semaphore::new(SLOTS)));
    let mut failures = 0;
    loop {
        let received = async {
            let first = Arc::clone(&slots).acquire_owned().await;
            let free = (slots.available_permits() + 1).min(RECEIVE_MAX);
            (first, jobs.aws.callbacks.receive(free, LONG_POLL, VISIBILITY).await)
        };
        let (first, received) = tokio::select! {
            () = stop.cancelled() => return,
            received = received => received,
        };
        match received {
            Ok(deliveries) => {
                failures = 0;
                let mut slot = first.ok();
                for delivery in deliveries {
                    // Only what slots were free for was received.
                    let slot = slot.take().or_else(|| Arc::clone(&slots).try_acquire_owned().ok());
                    let (jobs, callbacks, stop) = (Arc::clone(&jobs), Arc::clone(&callbacks), stop.clone());
                    tokio::spawn(async move {
                        // What is under way when the worker stops is sent again by another: receivers know its id.
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = handle(&jobs, &callbacks, delivery) => {}
                        }
                        drop(slot);
                    });
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, "no call-backs can be received");
                failures += 1;
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = sleep(full_jitter(failures, Duration::from_millis(500), Duration::from_secs(30))) => {}
                }
            }
        }
    }
}

/// What becomes of a message.
enum Then {
    /// It is spent.
    Delete,
    /// It is to come again after this time.
    Later(Duration),
    /// It goes to the dead-letter queue, for this reason.
    Bury(String),
}

async fn handle(jobs: &JobRunner, callbacks: &Webhooks, delivery: Delivery) {
    let span = info_span!(
        "callback",
        otel.name = format_args!("process {}", jobs.aws.callbacks.name()),
        otel.kind = "consumer",
        messaging.system = "aws_sqs",
        messaging.operation.type = "process",
        messaging.operation.name = "process",
        messaging.destination.name = jobs.aws.callbacks.name(),
        messaging.message.id = delivery.message_id,
        dossier.report = Empty,
    );
    continue_trace(&span, delivery.traceparent.as_deref());
    async {
        let then = decide(jobs, callbacks, &delivery).await.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "a call-back could not be taken care of");
            Then::Later(full_jitter(delivery.receive_count, Duration::from_secs(2), Duration::from_secs(300)))
        });
        if let Err(error) = settle(jobs, callbacks, &delivery, then).await {
            tracing::warn!(error = %error, "a message of a call-back could not be settled; it will come again");
        }
    }
    .instrument(span)
    .await;
}

async fn settle(
    jobs: &JobRunner,
    callbacks: &Webhooks,
    delivery: &Delivery,
    then: Then,
) -> Result<(), AwsError> {
    let queue = &jobs.aws.callbacks;
    match then {
        Then::Delete => queue.delete(&delivery.receipt).await,
        Then::Later(wait) => queue.change_visibility(&delivery.receipt, wait).await,
        Then::Bury(reason) => {
            tracing::error!(reason, "a call-back goes to the dead-letter queue");
            metrics().dead_letter();
            callbacks.dead_letters.dead_letter(delivery, &reason).await?;
            queue.delete(&delivery.receipt).await
        }
    }
}

async fn decide(jobs: &JobRunner, callbacks: &Webhooks, delivery: &Delivery) -> Result<Then, AwsError> {
    let message = match ReportMessage::from_body(&delivery.body) {
        Ok(message) => message,
        Err(error) => return Ok(Then::Bury(format!("unreadable: {error}"))),
    };
    tracing::Span::current().record("dossier.report", message.report_id.to_string());
    let report = jobs.aws.table.get(&message.tenant, message.report_id).await?;
    // Deleted, resubmitted, or delivered already: nothing is left to tell.
    let Some(report) = report else { return Ok(Then::Delete) };
    let (Some(callback), Some(url)) = (report.callback.clone(), report.request.callback_url.clone()) else {
        return Ok(Then::Delete);
    };
    let now = jobs.clock.now();
    let Some(due) = callback.next_at().filter(|_| callback.state == WebhookState::Pending) else {
        return Ok(Then::Delete);
    };
    if due > now {
        return Ok(wait(due.since(now)));
    }
    let answer = attempt(jobs, callbacks, &report, &url, now).await?;
    record(jobs, callbacks, delivery, &report, callback, answer, now).await
}

/// Sends it once.
async fn attempt(
    jobs: &JobRunner,
    callbacks: &Webhooks,
    report: &Report,
    url: &str,
    now: UtcTime,
) -> Result<DeliveryResult, AwsError> {
    let id = report.event_id().unwrap_or_default();
    let body = payload(report).to_string();
    let secrets = jobs.aws.webhook_secrets.of(&report.tenant, now, rand::random()).await?;
    let signature = sign(&secrets, &id, now, &body);
    Ok(callbacks.sender.send(url, &id, now, &signature, body).await)
}

/// What is told: that the report has ended and how; what it says is read with a key.
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
            "status": report.lifecycle.status,
            "riskLevel": report.outcome.as_ref().map(|outcome| outcome.risk_level),
            "reviewRequired": report.outcome.as_ref().map(|outcome| outcome.review.required),
            "errorCode": report.error.as_ref().map(|error| error.code.as_str()),
            "self": format!("/v1/reports/{}", report.id),
        },
    })
}

async fn record(
    jobs: &JobRunner,
    callbacks: &Webhooks,
    delivery: &Delivery,
    report: &Report,
    mut callback: Webhook,
    answer: DeliveryResult,
    began: UtcTime,
) -> Result<Then, AwsError> {
    let now = jobs.clock.now();
    let milliseconds = u64::try_from(now.since(began).as_millis()).unwrap_or(u64::MAX);
    let (status, error) = (answer.status(), answer.error());
    let attempt =
        DeliveryAttempt { at: began, round: callback.round, status, milliseconds, error: error.clone() };
    callback.attempts.push(attempt.clone());
    let pause = match answer {
        DeliveryResult::Refused { for_good: true, .. } | DeliveryResult::Taken { .. } => None,
        DeliveryResult::Refused { retry_after, .. } => {
            callback.pause().map(|pause| pause.max(retry_after.unwrap_or_default()).min(PAUSE_MAX))
        }
    };
    let state = match (&error, pause) {
        (None, _) => WebhookState::Delivered,
        (Some(_), Some(_)) => WebhookState::Pending,
        (Some(_), None) => WebhookState::Failed,
    };
    metrics().callback(state.as_str());
    tracing::info!(report = %report.id, tenant = %report.tenant, status, state = ?state, attempt = callback.tried(), "call-back attempted");
    if state == WebhookState::Failed {
        // Before the record: a crash in between makes two letters, and not none.
        let why = format!("the call-back of report {} failed: {}", report.id, error.unwrap_or_default());
        callbacks.dead_letters.dead_letter(delivery, &why).await?;
    }
    let due_at = pause.map(|pause| match wait(pause) {
        Then::Later(pause) => now.plus(pause + WEBHOOK_GRACE),
        _ => now.plus(pause),
    });
    let recorded = jobs.aws.table.record_attempt(report, &attempt, state, due_at).await?;
    Ok(match (recorded, pause) {
        (true, Some(pause)) => wait(pause),
        // Settled, or another process is at it.
        _ => Then::Delete,
    })
}

/// How a message waits for so long: hidden, or not at all where the sweeper will queue another.
fn wait(pause: Duration) -> Then {
    if pause <= HIDE_MAX { Then::Later(pause) } else { Then::Delete }
}
