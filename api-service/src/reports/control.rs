//! `POST /v1/reports/{id}/cancel` and `POST /v1/reports/{id}/resubmit`: commands by which a person controls a
//! report.

use std::sync::Arc;

use aws_adapters::table::{Details, Executed};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    lifecycle::{Command, Status},
    report::{Report, Stage},
};

use super::{
    hold::held,
    path::ReportPath,
    resource::ReportResource,
    store::{RETRY_AFTER, Reports},
};
use crate::{
    auth::{Caller, Writer},
    limits::InFlightPlace,
    problem::{Kind, Problem, ProblemBody},
    writes::Writes,
};

/// Cancels a report: at once while it is PENDING, at its worker's next step while it is PROCESSING.
#[utoipa::path(
    post, operation_id = "cancelReport", path = "/v1/reports/{id}/cancel", tag = "Reports",
    params(("id" = String, Path, description = "The id of the report")),
    responses(
        (status = 200, description = "The report, which is cancelled or about to be; repeating the call changes nothing", body = ReportResource),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report has completed or failed", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn cancel(
    State(reports): State<Arc<Reports>>,
    State(writes): State<Writes>,
    Writer(caller): Writer,
    place: InFlightPlace,
    ReportPath(id): ReportPath<String>,
) -> Result<Response, Problem> {
    let report = reports.find(&caller.tenant, &id).await?;
    let cancellation = {
        let (reports, caller) = (Arc::clone(&reports), caller.clone());
        async move { cancelled(&reports, &caller, report).await }
    };
    let report = writes.run(place, cancellation).await?;
    answer(&reports, &caller, report).await
}

/// Cancels `report` and returns its new state, or its present one if it is cancelled already.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the report has ended otherwise, or if the table does not answer.
async fn cancelled(reports: &Reports, caller: &Caller, mut report: Report) -> Result<Report, Problem> {
    // Which of the two commands is allowed depends on the status, which may change between two attempts. Each
    // rejection returns the current report.
    for command in [Command::Cancel, Command::RequestCancel, Command::Cancel] {
        let has_webhook = report.request.callback_url.is_some();
        let details = Details { has_webhook, ..Details::default() };
        match reports.execute(&report, &command, &details).await? {
            Executed::Done(done) => {
                reports.enqueue_webhook(&done).await;
                caller.audit("report.cancel", &done.id);
                return Ok(*done);
            }
            Executed::Rejected(current) => report = *current.ok_or_else(Problem::report_not_found)?,
        }
        match report.lifecycle.status {
            Status::Cancelled => return Ok(report),
            status @ (Status::Completed | Status::Failed) => return Err(not_allowed("cancel", status)),
            Status::Pending | Status::Processing => {}
            // A later version decides whether the report can be cancelled.
            Status::Unknown(_) => break,
        }
    }
    let detail = "the report changed while it was being cancelled: send the request again";
    Err(Problem::new(Kind::Unavailable, detail).retry_after(RETRY_AFTER))
}

/// Resubmits a failed or cancelled report. The results of finished stages are reused.
#[utoipa::path(
    post, operation_id = "resubmitReport", path = "/v1/reports/{id}/resubmit", tag = "Reports",
    params(("id" = String, Path, description = "The id of the report")),
    responses(
        (status = 200, description = "The report, which is PENDING again; a report that is PENDING or PROCESSING does not change", body = ReportResource),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report is completed, is being cancelled, or is under legal hold", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn resubmit(
    State(reports): State<Arc<Reports>>,
    State(writes): State<Writes>,
    Writer(caller): Writer,
    place: InFlightPlace,
    ReportPath(id): ReportPath<String>,
) -> Result<Response, Problem> {
    let report = reports.find(&caller.tenant, &id).await?;
    let resubmission = {
        let (reports, caller) = (Arc::clone(&reports), caller.clone());
        async move { resubmitted(&reports, &caller, &report).await }
    };
    let report = writes.run(place, resubmission).await?;
    answer(&reports, &caller, report).await
}

/// Resubmits `report` and returns its new state, or its present one if it is PENDING or PROCESSING.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the report is completed, being cancelled or under legal hold, or if the
/// table does not answer.
async fn resubmitted(reports: &Reports, caller: &Caller, report: &Report) -> Result<Report, Problem> {
    let progress = Some(Stage::Queued.progress());
    let ended_attempts = Some(report.attempts_before_resubmission()).filter(|attempts| !attempts.is_empty());
    let details = Details { progress, ended_attempts, ..Details::default() };
    match reports.execute(report, &Command::Resubmit, &details).await? {
        Executed::Done(done) => {
            reports.enqueue(&done).await;
            caller.audit("report.resubmit", &done.id);
            Ok(*done)
        }
        Executed::Rejected(current) => {
            let report = *current.ok_or_else(Problem::report_not_found)?;
            match report.lifecycle.status {
                Status::Completed => Err(not_allowed("resubmit", Status::Completed)),
                _ if report.legal_hold.is_some() => Err(held("resubmitted")),
                _ if report.lifecycle.cancel_requested => Err(Problem::new(
                    Kind::TransitionNotAllowed,
                    "the report is being cancelled: resubmit it once it is CANCELLED",
                )
                .retry_after(RETRY_AFTER)),
                _ => Ok(report),
            }
        }
    }
}

async fn answer(reports: &Reports, caller: &Caller, report: Report) -> Result<Response, Problem> {
    let retry_after = reports.retry_after(&report);
    let resource = reports.resource(report, caller).await?;
    let mut response = Json(resource).into_response();
    response.headers_mut().extend(retry_after);
    Ok(response)
}

fn not_allowed(command: &str, status: Status) -> Problem {
    Problem::new(
        Kind::TransitionNotAllowed,
        format!("the report is {status}: it is too late to {command} it"),
    )
}
