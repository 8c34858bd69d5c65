//! `GET /v1/reports/{id}/callback` and `POST /v1/reports/{id}/callback/resend`: the delivery of a report's
//! webhook.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    report::Report,
    webhook::{DeliveryAttempt, WebhookState},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{path::ReportPath, store::Reports};
use crate::{
    auth::{Reader, Writer},
    limits::InFlightPlace,
    problem::{Kind, Problem, ProblemBody},
    writes::Writes,
};

/// Maximum number of deliveries of one report's webhook: more of them do not help a broken receiver.
const ROUNDS_MAX: u32 = 20;

/// The status of a report's webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CallbackStanding)]
pub(crate) enum WebhookStatus {
    /// The request named no callbackUrl.
    None,
    /// The report has not ended yet.
    Waiting,
    /// The webhook will be sent, or retried.
    Pending,
    /// The receiver accepted the webhook.
    Delivered,
    /// The receiver rejected the webhook permanently, or too often.
    Failed,
}

impl WebhookStatus {
    /// The states of webhooks that exist, because their reports have ended.
    pub(super) const LISTED: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// Returns the name used in the API.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Waiting => "waiting",
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// The webhook of a report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallbackResource)]
pub(crate) struct WebhookResource {
    /// The callbackUrl of the request; null if it named none.
    #[schema(format = "uri", required)]
    url: Option<String>,
    /// The id of the event, which the receiver gets in the header `webhook-id`. It is the same for every attempt and resend.
    /// Null until the report has ended.
    #[schema(required)]
    event_id: Option<String>,
    state: WebhookStatus,
    /// All delivery attempts, oldest first.
    attempts: Vec<DeliveryAttempt>,
}

impl WebhookResource {
    /// Returns the status of the webhook.
    pub(super) fn state(&self) -> WebhookStatus {
        self.state
    }
}

/// Returns the status of a report's webhook and all delivery attempts.
#[utoipa::path(
    get, operation_id = "readCallback", path = "/v1/reports/{id}/callback", tag = "Call-backs",
    params(("id" = String, Path, description = "The id of the report")),
    responses(
        (status = 200, description = "The webhook and all delivery attempts", body = WebhookResource),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn read(
    State(reports): State<Arc<Reports>>,
    Reader(caller): Reader,
    ReportPath(id): ReportPath<String>,
) -> Result<Json<WebhookResource>, Problem> {
    let report = reports.find(&caller.tenant, &id).await?;
    Ok(Json(resource(report)))
}

/// Sends a report's webhook again, with the same event id.
#[utoipa::path(
    post, operation_id = "resendCallback", path = "/v1/reports/{id}/callback/resend", tag = "Call-backs",
    params(("id" = String, Path, description = "The id of the report")),
    responses(
        (status = 200, description = "The webhook, which is about to be sent", body = WebhookResource),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report has no webhook, has not ended, or its webhook was resent too often", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn resend(
    State(reports): State<Arc<Reports>>,
    State(writes): State<Writes>,
    Writer(caller): Writer,
    place: InFlightPlace,
    ReportPath(id): ReportPath<String>,
) -> Result<Json<WebhookResource>, Problem> {
    let report = reports.find(&caller.tenant, &id).await?;
    let webhook = report.webhook.as_ref().ok_or_else(no_webhook)?;
    if webhook.state == WebhookState::Pending && webhook.tried() == 0 {
        // Its first attempt is still to come.
        return Ok(Json(resource(report)));
    }
    if webhook.round >= ROUNDS_MAX {
        let detail =
            format!("the webhook was sent {ROUNDS_MAX} times, which is the maximum: check its receiver");
        return Err(Problem::new(Kind::TransitionNotAllowed, detail));
    }
    let id = report.id;
    let resending = async move {
        let resent = reports.aws.table.resend_webhook(&caller.tenant, id, reports.clock.now()).await?;
        let report = resent.ok_or_else(no_webhook)?;
        caller.audit("callback.resend", &report.id);
        reports.enqueue_webhook(&report).await;
        Ok::<_, Problem>(report)
    };
    Ok(Json(resource(writes.run(place, resending).await?)))
}

/// Returns the webhook of `report`.
pub(super) fn resource(report: Report) -> WebhookResource {
    let event_id = report.webhook.as_ref().and_then(|_| report.event_id());
    let state = match (&report.request.callback_url, report.webhook.as_ref().map(|webhook| webhook.state)) {
        (None, _) => WebhookStatus::None,
        (Some(_), None) => WebhookStatus::Waiting,
        // A state that only a later version knows is shown as pending: that version delivers the webhook.
        (Some(_), Some(WebhookState::Pending | WebhookState::Unknown(_))) => WebhookStatus::Pending,
        (Some(_), Some(WebhookState::Delivered)) => WebhookStatus::Delivered,
        (Some(_), Some(WebhookState::Failed)) => WebhookStatus::Failed,
    };
    let attempts = report.webhook.map(|webhook| webhook.attempts).unwrap_or_default();
    WebhookResource { url: report.request.callback_url, event_id, state, attempts }
}

fn no_webhook() -> Problem {
    Problem::new(
        Kind::TransitionNotAllowed,
        "the report has no webhook: it gets one when it ends, if its request named a callbackUrl",
    )
}
