//! `GET /v1/reports/{id}/artifacts/{kind}`: the way to a file of a report.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    artifact::{ArtifactKind, StoredArtifact},
    lifecycle::Status,
    report::Report,
};
use secrecy::ExposeSecret;

use super::{LOOK_AGAIN, find};
use crate::{
    application::App,
    auth::Reader,
    problem::{Kind, Problem, ProblemBody},
};

/// Leads to a file of a completed report by a link that is signed now and works for ten minutes.
#[utoipa::path(
    get, operation_id = "downloadArtifact", path = "/v1/reports/{id}/artifacts/{kind}", tag = "Reports",
    params(
        ("id" = String, Path, description = "The report's id"),
        ("kind" = ArtifactKind, Path, description = "The form of the report")),
    responses(
        (status = 303, description = "The file is at Location, for ten minutes", headers(
            ("Location" = String, description = "The signed link"),
            ("Cache-Control" = String, description = "no-store"))),
        (status = 404, description = "There is no such report, or no such file", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report is not completed", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn artifact(
    State(app): State<Arc<App>>,
    Reader(caller): Reader,
    Path((id, kind)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let report = find(&app, &caller.tenant, &id).await?;
    let known = ArtifactKind::ALL.map(ArtifactKind::as_str).join(", ");
    let kind: ArtifactKind = kind.parse().map_err(|()| {
        Problem::new(Kind::ArtifactNotFound, format!("there is no file of this name: use one of {known}"))
    })?;
    let stored = stored(&report, kind)?;
    let link = app.aws.bucket.link(&stored.key, kind).await?;
    let mut location = HeaderValue::from_str(link.expose_secret()).map_err(|_| {
        Problem::new(Kind::Internal, "the link could not be made: tell the operator the instance")
    })?;
    location.set_sensitive(true);
    caller.audit("artifact.link", &format_args!("{}/{kind}", report.id));
    let headers =
        [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// Where the file of this kind lies.
///
/// # Errors
/// The [`Problem`] to answer with when there is none.
pub(super) fn stored(report: &Report, kind: ArtifactKind) -> Result<&StoredArtifact, Problem> {
    let Some(outcome) = &report.outcome else {
        let status = report.lifecycle.status;
        let problem = Problem::new(
            Kind::ReportNotCompleted,
            format!("the report is {status} and has no files: they are there once it is COMPLETED"),
        );
        let may_come = matches!(status, Status::Pending | Status::Processing);
        return Err(if may_come { problem.retry_after(LOOK_AGAIN) } else { problem });
    };
    outcome.artifacts.get(&kind).ok_or_else(|| {
        let there: Vec<&str> = outcome.artifacts.keys().map(|kind| kind.as_str()).collect();
        let there = there.join(", ");
        Problem::new(Kind::ArtifactNotFound, format!("this report has no {kind} file: it has {there}"))
    })
}
