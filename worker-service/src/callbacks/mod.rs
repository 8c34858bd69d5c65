//! Call-backs: word of an ended report to the address that its request named, signed after the Standard Webhooks
//! specification, through a queue of its own. The table has every attempt; a sweeper finds what got lost.

mod sender;
mod signature;

use std::{sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use serde_json::json;
use shared::{
    aws::{
        error::AwsError,
        queue::{Delivery, Queue, RECEIVE_MAX},
    },
    contract::ReportMessage,
    domain::{
        callback::{Attempt, Callback, CallbackState, event_id},
        lifecycle::Status,
        report::Report,
        time::UtcTime,
    },
    telemetry::{metrics::metrics, propagation::continue_trace},
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty, info_span};

pub use self::{
    sender::{Answer, Sender},
    signature::sign,
};
use crate::{job::Jobs, retry::full_jitter};

/// Longest wait of one receive ("Amazon SQS short and long polling").
const LONG_POLL: Duration = Duration::from_secs(20);
/// How long a delivery hides its message: longer than an attempt may take.
const VISIBILITY: Duration = Duration::from_secs(90);
/// The longest that a message can be put off ("Amazon SQS visibility timeout").
const HIDE_MAX: Duration = Duration::from_secs(12 * 3600);

/// What call-backs need beside what every job has.
#[derive(Debug)]
pub struct Callbacks {
    /// Sends them.
    pub sender: Sender,
    /// Where messages go whose call-back failed for good.
    pub dead_letters: Queue,
}

/// Delivers until `stop`.
pub async fn keep_delivering(jobs: Arc<Jobs>, callbacks: Callbacks, stop: CancellationToken) {
    let mut failures = 0;
    loop {
        let received = tokio::select! {
            () = stop.cancelled() => return,
            received = jobs.aws.callbacks.receive(RECEIVE_MAX, LONG_POLL, VISIBILITY) => received,
        };
        match received {
            Ok(deliveries) => {
                failures = 0;
                let all = stream::iter(deliveries).for_each_concurrent(RECEIVE_MAX, async |delivery| {
                    handle(&jobs, &callbacks, delivery).await;
                });
                // What is under way when the worker stops is sent again by another: receivers know its id.
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = all => {}
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

async fn handle(jobs: &Jobs, callbacks: &Callbacks, delivery: Delivery) {
    let span = info_span!(
        "callback",
        otel.name = "process dossier-callbacks",
        otel.kind = "consumer",
        messaging.system = "aws_sqs",
        messaging.operation.type = "process",
        messaging.destination.name = "dossier-callbacks",
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

async fn settle(jobs: &Jobs, callbacks: &Callbacks, delivery: &Delivery, then: Then) -> Result<(), AwsError> {
    let queue = &jobs.aws.callbacks;
    match then {
        Then::Delete => queue.delete(&delivery.receipt).await,
        Then::Later(wait) => queue.hide(&delivery.receipt, wait).await,
        Then::Bury(reason) => {
            tracing::error!(reason, "a call-back goes to the dead-letter queue");
            metrics().dead_letter();
            callbacks.dead_letters.bury(delivery, &reason).await?;
            queue.delete(&delivery.receipt).await
        }
    }
}

async fn decide(jobs: &Jobs, callbacks: &Callbacks, delivery: &Delivery) -> Result<Then, AwsError> {
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
    let Some(due) = callback.next_at().filter(|_| callback.state == CallbackState::Pending) else {
        return Ok(Then::Delete);
    };
    if due > now {
        return Ok(Then::Later(due.since(now)));
    }
    let answer = attempt(jobs, callbacks, &report, &url, now).await?;
    record(jobs, &report, callback, answer, now).await
}

/// Sends it once.
async fn attempt(
    jobs: &Jobs,
    callbacks: &Callbacks,
    report: &Report,
    url: &str,
    now: UtcTime,
) -> Result<Answer, AwsError> {
    let id = event_id(report).unwrap_or_default();
    let body = payload(report).to_string();
    let secrets = jobs.aws.callback_secrets.of(&report.tenant, now, rand::random()).await?;
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
    jobs: &Jobs,
    report: &Report,
    mut callback: Callback,
    answer: Answer,
    began: UtcTime,
) -> Result<Then, AwsError> {
    let now = jobs.clock.now();
    let milliseconds = u64::try_from(now.since(began).as_millis()).unwrap_or(u64::MAX);
    let (status, error) = (answer.status(), answer.error());
    let attempt = Attempt { at: began, round: callback.round, status, milliseconds, error: error.clone() };
    callback.attempts.push(attempt.clone());
    let pause = match answer {
        Answer::Refused { for_good: true, .. } => None,
        Answer::Taken { .. } => None,
        Answer::Refused { retry_after, .. } => {
            callback.pause().map(|pause| pause.max(retry_after.unwrap_or_default()).min(HIDE_MAX))
        }
    };
    let state = match (&error, pause) {
        (None, _) => CallbackState::Delivered,
        (Some(_), Some(_)) => CallbackState::Pending,
        (Some(_), None) => CallbackState::Failed,
    };
    metrics().callback(state);
    tracing::info!(report = %report.id, tenant = %report.tenant, status, state = ?state, attempt = callback.tried(), "call-back attempted");
    jobs.aws.table.record_attempt(report, &attempt, state, pause.map(|pause| now.plus(pause))).await?;
    Ok(match (state, pause) {
        (CallbackState::Pending, Some(pause)) => Then::Later(pause),
        (CallbackState::Failed, _) => {
            Then::Bury(format!("the call-back of report {} failed: {}", report.id, error.unwrap_or_default()))
        }
        _ => Then::Delete,
    })
}
