//! `GET /v1/reports/{id}/callback` and `POST …/resend`: what became of a report's call-back, and another go at it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    report::Report,
    webhook::{DeliveryAttempt, WebhookState},
};
use serde::Serialize;
use telemetry::propagation::current_traceparent;
use utoipa::ToSchema;

use super::find;
use crate::{
    application::App,
    auth::{Reader, Writer},
    problem::{Kind, Problem, ProblemBody},
};

/// Sendings of one report's call-back: whoever asks for more has another problem.
const ROUNDS_MAX: u32 = 20;

/// Where the call-back of a report stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookStatus {
    /// None was asked for.
    None,
    /// The report has not ended yet.
    Waiting,
    /// It is to be sent, or sent again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// The receiver refused it for good, or too often.
    Failed,
}

/// The call-back of a report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookResource {
    /// The address; null where none was given.
    #[schema(format = "uri", required)]
    url: Option<String>,
    /// The event's id, which the receiver reads as `webhook-id`: the same however often it is sent. Null before the end.
    #[schema(required)]
    event_id: Option<String>,
    state: WebhookStatus,
    /// Every attempt, the oldest first.
    attempts: Vec<DeliveryAttempt>,
}

/// Tells what became of a report's call-back.
#[utoipa::path(
    get, operation_id = "readCallback", path = "/v1/reports/{id}/callback", tag = "Call-backs",
    params(("id" = String, Path, description = "The report's id")),
    responses(
        (status = 200, description = "The call-back and every attempt at it", body = WebhookResource),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn read(
    State(app): State<Arc<App>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Result<Json<WebhookResource>, Problem> {
    let report = find(&app, &caller.tenant, &id).await?;
    Ok(Json(resource(report)))
}

/// Sends a report's call-back again, with the same event id.
#[utoipa::path(
    post, operation_id = "resendCallback", path = "/v1/reports/{id}/callback/resend", tag = "Call-backs",
    params(("id" = String, Path, description = "The report's id")),
    responses(
        (status = 200, description = "The call-back, about to be sent", body = WebhookResource),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report has no call-back, or none yet; or it was sent too often", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn resend(
    State(app): State<Arc<App>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Result<Json<WebhookResource>, Problem> {
    let report = find(&app, &caller.tenant, &id).await?;
    let callback = report.callback.as_ref().ok_or_else(none)?;
    if callback.state == WebhookState::Pending && callback.tried() == 0 {
        // It is about to be sent anyway.
        return Ok(Json(resource(report)));
    }
    if callback.round >= ROUNDS_MAX {
        let detail = format!("the call-back was sent {ROUNDS_MAX} times: look at the receiver");
        return Err(Problem::new(Kind::TransitionNotAllowed, detail));
    }
    let begun = app.aws.table.resend_webhook(&caller.tenant, report.id, app.clock.now()).await?;
    let report = begun.ok_or_else(none)?;
    caller.audit("callback.resend", &report.id);
    app.aws.call_back(&report, current_traceparent()).await;
    Ok(Json(resource(report)))
}

fn resource(report: Report) -> WebhookResource {
    let event_id = report.callback.as_ref().and_then(|_| report.event_id());
    let state = match (&report.request.callback_url, report.callback.as_ref().map(|callback| callback.state))
    {
        (None, _) => WebhookStatus::None,
        (Some(_), None) => WebhookStatus::Waiting,
        (Some(_), Some(WebhookState::Pending)) => WebhookStatus::Pending,
        (Some(_), Some(WebhookState::Delivered)) => WebhookStatus::Delivered,
        (Some(_), Some(WebhookState::Failed)) => WebhookStatus::Failed,
    };
    let attempts = report.callback.map(|callback| callback.attempts).unwrap_or_default();
    WebhookResource { url: report.request.callback_url, event_id, state, attempts }
}

fn none() -> Problem {
    Problem::new(
        Kind::TransitionNotAllowed,
        "the report has no call-back: it has one once it has ended, where its request named a callbackUrl",
    )
}
