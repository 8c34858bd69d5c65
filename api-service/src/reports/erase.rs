//! `DELETE /v1/reports/{id}`: erases a report that has ended, before the end of its retention.

use std::sync::Arc;

use aws_adapters::table::ErasureRequest;
use axum::{extract::State, http::StatusCode};
use domain::{identity::ReportId, lifecycle::Status};

use super::{hold::held, path::ReportPath, store::Reports};
use crate::{
    auth::{Admin, Caller},
    limits::InFlightPlace,
    problem::{Kind, Problem, ProblemBody},
    writes::Writes,
};

/// Erases a report, unless it is under legal hold. It exists for nobody from the answer on; its files, work files, their versions and its entries in
/// lists are deleted within minutes. Nothing brings them back.
#[utoipa::path(
    delete, operation_id = "eraseReport", path = "/v1/reports/{id}", tag = "Reports",
    params(("id" = String, Path, description = "The id of the report")),
    responses(
        (status = 204, description = "The report is erased"),
        (status = 404, description = "There is no such report; it may have been erased already", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report has not ended: cancel it first; or it is under legal hold", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn erase(
    State(reports): State<Arc<Reports>>,
    State(writes): State<Writes>,
    Admin(caller): Admin,
    place: InFlightPlace,
    ReportPath(id): ReportPath<String>,
) -> Result<StatusCode, Problem> {
    // A text that is not a UUID is not the id of any report.
    let id: ReportId = id.parse().map_err(|_| Problem::report_not_found())?;
    writes.run(place, async move { request_erasure(&reports, &caller, id).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Records the request to erase a report, for a worker to carry out.
///
/// # Errors
/// Returns the [`Problem`] to answer with if there is no such report, if it has not ended, if it is under legal hold, or if the table does not
/// answer.
async fn request_erasure(reports: &Reports, caller: &Caller, id: ReportId) -> Result<(), Problem> {
    match reports.aws.table.request_erasure(&caller.tenant, id, reports.clock.now()).await? {
        ErasureRequest::Accepted => {
            caller.audit("report.erase", &id);
            Ok(())
        }
        ErasureRequest::Missing => Err(Problem::report_not_found()),
        ErasureRequest::Held => Err(held("erased")),
        ErasureRequest::NotEnded(report) => {
            let status = report.lifecycle.status;
            let advice = match status {
                Status::Pending | Status::Processing => "cancel it, and erase it once it is CANCELLED",
                _ => "a later version of the service can erase it",
            };
            Err(Problem::new(Kind::TransitionNotAllowed, format!("the report is {status}: {advice}")))
        }
    }
}
