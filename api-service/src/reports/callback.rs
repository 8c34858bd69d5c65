//! `GET /v1/reports/{id}/callback` and `POST …/resend`: what became of a report's call-back, and another go at it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use shared::{
    domain::{
        callback::{Attempt, CallbackState, event_id},
        report::Report,
    },
    telemetry::propagation::current_traceparent,
};
use utoipa::ToSchema;

use super::find;
use crate::{
    application::App,
    auth::{Reader, Writer},
    problem::{Kind, Problem, ProblemBody},
};

/// Sendings of one report's call-back: whoever asks for more has another problem.
const ROUNDS_MAX: u32 = 20;

/// The call-back of a report that has ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallbackResource {
    /// The address.
    #[schema(format = "uri")]
    url: String,
    /// The event's id, which the receiver reads as `webhook-id`: the same however often it is sent.
    event_id: String,
    state: CallbackState,
    /// Every attempt, the oldest first.
    attempts: Vec<Attempt>,
}

/// Tells what became of a report's call-back.
#[utoipa::path(
    get, operation_id = "readCallback", path = "/v1/reports/{id}/callback", tag = "Call-backs",
    params(("id" = String, Path, description = "The report's id")),
    responses(
        (status = 200, description = "The call-back and every attempt at it", body = CallbackResource),
        (status = 404, description = "There is no such report, or it has no call-back yet", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn read(
    State(app): State<Arc<App>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Result<Json<CallbackResource>, Problem> {
    let report = find(&app, &caller.tenant, &id).await?;
    resource(report).map(Json)
}

/// Sends a report's call-back again, with the same event id.
#[utoipa::path(
    post, operation_id = "resendCallback", path = "/v1/reports/{id}/callback/resend", tag = "Call-backs",
    params(("id" = String, Path, description = "The report's id")),
    responses(
        (status = 200, description = "The call-back, about to be sent", body = CallbackResource),
        (status = 404, description = "There is no such report, or it has no call-back yet", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It was sent too often", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn resend(
    State(app): State<Arc<App>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Result<Json<CallbackResource>, Problem> {
    let report = find(&app, &caller.tenant, &id).await?;
    let callback = report.callback.as_ref().ok_or_else(none)?;
    if callback.state == CallbackState::Pending && callback.tried() == 0 {
        // It is about to be sent anyway.
        return resource(report).map(Json);
    }
    if callback.round >= ROUNDS_MAX {
        let detail = format!("the call-back was sent {ROUNDS_MAX} times: look at the receiver");
        return Err(Problem::new(Kind::TransitionNotAllowed, detail));
    }
    let begun = app.aws.table.resend_callback(&caller.tenant, report.id, app.clock.now()).await?;
    let report = begun.ok_or_else(none)?;
    caller.audit("callback.resend", &report.id);
    app.aws.call_back(&report, current_traceparent()).await;
    resource(report).map(Json)
}

fn resource(report: Report) -> Result<CallbackResource, Problem> {
    let event_id = event_id(&report).ok_or_else(none)?;
    let (callback, url) = report.callback.zip(report.request.callback_url).ok_or_else(none)?;
    Ok(CallbackResource { url, event_id, state: callback.state, attempts: callback.attempts })
}

fn none() -> Problem {
    Problem::new(
        Kind::CallbackNotFound,
        "the report has no call-back: it has one once it has ended, where its request named a callbackUrl",
    )
}
