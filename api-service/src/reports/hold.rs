//! `PUT` and `DELETE /v1/reports/{id}/hold`: legal hold of a report that has ended.

use std::sync::Arc;

use aws_adapters::table::HoldRequest;
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use domain::{identity::ReportId, legal_hold::LegalHold, lifecycle::Status, report::Report};
use serde::Serialize;
use utoipa::ToSchema;

use super::{path::ReportPath, resource::ReportResource, store::Reports};
use crate::{
    auth::{Admin, Caller},
    body::{self, BodyMemory},
    limits::InFlightPlace,
    problem::{Kind, Problem, ProblemBody},
    writes::Writes,
};

/// A request for a legal hold.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlaceHold)]
pub(crate) struct PlaceHold {
    /// Why the report must be kept, such as the number of a case.
    #[schema(example = "case 2026/17", min_length = 1, max_length = 500)]
    reason: String,
}

/// Puts a report that has ended under legal hold.
///
/// It is kept with all files, whatever the retention period, until the hold is released, and cannot be erased or
/// resubmitted. Its files are copied within minutes; `legalHold.filesSecuredAt` then says when. A repetition with the same
/// reason changes nothing.
#[utoipa::path(
    put, operation_id = "placeHold", path = "/v1/reports/{id}/hold", tag = "Reports",
    params(("id" = String, Path, description = "The id of the report")),
    request_body = PlaceHold,
    responses(
        (status = 200, description = "The report, which is under legal hold", body = ReportResource),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report has not ended, or is under legal hold for another reason", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 4 KiB or has more than 100 JSON values", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON, or is compressed", body = ProblemBody, content_type = "application/problem+json",
            headers(("Accept-Encoding" = String, description = "`identity`, if the body is compressed"))),
        (status = 422, description = "The request is invalid, and `errors` lists everything that is wrong",
            body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn place(
    State(reports): State<Arc<Reports>>,
    State(memory): State<BodyMemory>,
    State(writes): State<Writes>,
    Admin(caller): Admin,
    place: InFlightPlace,
    ReportPath(id): ReportPath<String>,
    request: Request,
) -> Result<Json<ReportResource>, Problem> {
    let report = reports.find(&caller.tenant, &id).await?;
    let reason = body::hold_reason(&memory, request).await?;
    let status = report.lifecycle.status;
    if !status.is_terminal() {
        return Err(not_ended(status));
    }
    let placing = {
        let (reports, caller) = (Arc::clone(&reports), caller.clone());
        async move { placed(&reports, &caller, report.id, reason).await }
    };
    let report = writes.run(place, placing).await?;
    Ok(Json(reports.resource(report, &caller).await?))
}

/// Places a hold for this `reason`, and returns the report.
///
/// # Errors
/// Returns the [`Problem`] to answer with if there is no such report, if it has not ended or is under another hold, or if
/// the table does not answer.
async fn placed(reports: &Reports, caller: &Caller, id: ReportId, reason: String) -> Result<Report, Problem> {
    let now = reports.clock.now();
    let (placed_by, placed_at) = (caller.actor.to_string(), now);
    let hold = LegalHold { reason, placed_by, placed_at, files_secured_at: None };
    match reports.aws.table.place_hold(&caller.tenant, id, &hold, now).await? {
        HoldRequest::Placed(report) => {
            if report.legal_hold.as_ref().is_some_and(|present| present.placed_at == now) {
                caller.audit("report.hold.place", &id);
            }
            Ok(*report)
        }
        HoldRequest::Other(present) => Err(Problem::new(
            Kind::LegalHold,
            format!(
                "the report has been under legal hold since {}, for another reason: release it first, or keep that hold",
                present.placed_at
            ),
        )),
        HoldRequest::NotEnded(status) => Err(not_ended(status)),
        HoldRequest::Missing => Err(Problem::report_not_found()),
    }
}

/// Releases a report from its legal hold.
///
/// It then expires as if there had been no hold; if its retention period is over, it is erased at once. Can be repeated.
#[utoipa::path(
    delete, operation_id = "releaseHold", path = "/v1/reports/{id}/hold", tag = "Reports",
    params(("id" = String, Path, description = "The id of the report")),
    responses(
        (status = 204, description = "The report is under no legal hold"),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn release(
    State(reports): State<Arc<Reports>>,
    State(writes): State<Writes>,
    Admin(caller): Admin,
    place: InFlightPlace,
    ReportPath(id): ReportPath<String>,
) -> Result<StatusCode, Problem> {
    let report = reports.find(&caller.tenant, &id).await?;
    if report.legal_hold.is_none() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let releasing = async move {
        if !reports.aws.table.release_hold(&report, reports.clock.now()).await? {
            return Err(Problem::report_not_found());
        }
        caller.audit("report.hold.release", &report.id);
        Ok(StatusCode::NO_CONTENT)
    };
    writes.run(place, releasing).await
}

fn not_ended(status: Status) -> Problem {
    let advice = match status {
        Status::Pending | Status::Processing => "wait until it has ended, or cancel it",
        _ => "a later version of the service can put it under legal hold",
    };
    Problem::new(Kind::TransitionNotAllowed, format!("the report is {status}: {advice}"))
}

/// Returns the problem of a report that cannot be `erased` or the like, because it is under legal hold.
pub(super) fn held(erased: &str) -> Problem {
    let detail = format!(
        "the report is under legal hold and cannot be {erased}: an administrator releases it with DELETE /v1/reports/{{id}}/hold"
    );
    Problem::new(Kind::LegalHold, detail)
}
