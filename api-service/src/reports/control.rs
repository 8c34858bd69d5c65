//! `POST /v1/reports/{id}/cancel` and `/resubmit`: what a person may do to a report.

use std::sync::Arc;

use aws_adapters::table::{Details, Executed};
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    lifecycle::{Command, Status},
    report::{Report, Stage},
};
use telemetry::propagation::current_traceparent;

use super::{LOOK_AGAIN, enqueue, find, resource::ReportResource, retry_after};
use crate::{
    application::App,
    auth::{Caller, Writer},
    problem::{Kind, Problem, ProblemBody},
};

/// Cancels a report: at once while it waits, at its worker's next step while one works on it.
#[utoipa::path(
    post, operation_id = "cancelReport", path = "/v1/reports/{id}/cancel", tag = "Reports",
    params(("id" = String, Path, description = "The report's id")),
    responses(
        (status = 200, description = "The report, cancelled or about to be; repeating the call changes nothing", body = ReportResource),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report has ended otherwise", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn cancel(
    State(app): State<Arc<App>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut report = find(&app, &caller.tenant, &id).await?;
    // The state may change between a refusal and the next command: it is told from what refused.
    for command in [Command::Cancel, Command::RequestCancel, Command::Cancel] {
        let calls_back = report.request.callback_url.is_some();
        match run(&app, &report, &command, &Details { calls_back, ..Details::default() }).await? {
            Executed::Done(done) => {
                app.aws.call_back(&done, current_traceparent()).await;
                caller.audit("report.cancel", &done.id);
                return answer(&app, &caller, *done).await;
            }
            Executed::Rejected(current) => report = *current.ok_or_else(Problem::report_not_found)?,
        }
        match report.lifecycle.status {
            Status::Cancelled => return answer(&app, &caller, report).await,
            status @ (Status::Completed | Status::Failed) => return Err(forbidden("cancel", status)),
            Status::Pending | Status::Processing => {}
        }
    }
    let detail = "the report changed hands while it was being cancelled: send the request again";
    Err(Problem::new(Kind::Unavailable, detail).retry_after(LOOK_AGAIN))
}

/// Gives a failed or cancelled report another go; finished stages are kept.
#[utoipa::path(
    post, operation_id = "resubmitReport", path = "/v1/reports/{id}/resubmit", tag = "Reports",
    params(("id" = String, Path, description = "The report's id")),
    responses(
        (status = 200, description = "The report, waiting for a worker; a report that is on its way stays as it is", body = ReportResource),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report is completed, or is just being cancelled", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn resubmit(
    State(app): State<Arc<App>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let report = find(&app, &caller.tenant, &id).await?;
    let details = Details { progress: Some(Stage::Queued.progress()), ..Details::default() };
    match run(&app, &report, &Command::Resubmit, &details).await? {
        Executed::Done(done) => {
            enqueue(&app, &done).await;
            caller.audit("report.resubmit", &done.id);
            answer(&app, &caller, *done).await
        }
        Executed::Rejected(current) => {
            let report = *current.ok_or_else(Problem::report_not_found)?;
            match report.lifecycle.status {
                Status::Completed => Err(forbidden("resubmit", Status::Completed)),
                _ if report.lifecycle.cancel_requested => Err(Problem::new(
                    Kind::TransitionNotAllowed,
                    "the report is being cancelled: resubmit it once it is CANCELLED",
                )
                .retry_after(LOOK_AGAIN)),
                _ => answer(&app, &caller, report).await,
            }
        }
    }
}

async fn run(
    app: &Arc<App>,
    report: &Report,
    command: &Command,
    details: &Details,
) -> Result<Executed, Problem> {
    let now = app.clock.now();
    Ok(app.aws.table.execute(&report.tenant, report.id, command, details, now, &app.policy).await?)
}

async fn answer(app: &Arc<App>, caller: &Caller, report: Report) -> Result<Response, Problem> {
    let again = retry_after(app, &report);
    let resource = ReportResource::new(report, app, caller).await?;
    let mut response = Json(resource).into_response();
    response.headers_mut().extend(again);
    Ok(response)
}

fn forbidden(what: &str, status: Status) -> Problem {
    Problem::new(Kind::TransitionNotAllowed, format!("the report is {status}: it is too late to {what} it"))
}
