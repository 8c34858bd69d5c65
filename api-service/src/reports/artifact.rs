//! `GET /v1/reports/{id}/artifacts/{kind}`: redirects to a file of a report.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    artifact::{ArtifactKind, StoredArtifact},
    format::Format,
    lifecycle::Status,
    report::Report,
};
use secrecy::ExposeSecret;

use super::{
    path::ReportPath,
    store::{RETRY_AFTER, Reports},
};
use crate::{
    auth::Reader,
    problem::{Kind, Problem, ProblemBody},
};

/// Redirects to a file of a completed report, by a link that is signed now and valid for up to ten minutes.
#[utoipa::path(
    get, operation_id = "downloadArtifact", path = "/v1/reports/{id}/artifacts/{kind}", tag = "Reports",
    params(
        ("id" = String, Path, description = "The id of the report"),
        ("kind" = ArtifactKind, Path, description = "The format of the file")),
    responses(
        (status = 303, description = "The file is at Location for up to ten minutes", headers(
            ("Location" = String, description = "The signed link"),
            ("Cache-Control" = String, description = "no-store"))),
        (status = 404, description = "There is no such report, or it has no such file: its request did not choose this format", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report is not completed", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn artifact(
    State(reports): State<Arc<Reports>>,
    Reader(caller): Reader,
    ReportPath((id, kind)): ReportPath<(String, String)>,
) -> Result<Response, Problem> {
    let report = reports.find(&caller.tenant, &id).await?;
    let kinds = ArtifactKind::ALL.map(ArtifactKind::as_str).join(", ");
    let kind: ArtifactKind = kind.parse().map_err(|()| {
        Problem::new(Kind::ArtifactNotFound, format!("there is no such kind of file: use one of {kinds}"))
    })?;
    let key = report.file_key(stored(&report, kind)?);
    let link = reports.aws.bucket.link_signer().await?.link(&key, kind).await?;
    let mut location = HeaderValue::from_str(link.expose_secret())
        .map_err(|_| Problem::internal("the link to the file could not be created"))?;
    location.set_sensitive(true);
    caller.audit("artifact.link", &format_args!("{}/{kind}", report.id));
    let headers =
        [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// Returns where the file of this kind is stored.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the report is not completed or has no such file.
pub(super) fn stored(report: &Report, kind: ArtifactKind) -> Result<&StoredArtifact, Problem> {
    // A worker of an earlier version writes every format, so what is stored counts first.
    if let Some(stored) = report.outcome.as_ref().and_then(|outcome| outcome.artifacts.get(&kind)) {
        return Ok(stored);
    }
    let is_format = Format::ALL.into_iter().any(|format| format.artifact() == Some(kind));
    let not_chosen = |formats: &Vec<Format>| formats.iter().all(|format| format.artifact() != Some(kind));
    if is_format && report.request.formats.as_ref().is_some_and(not_chosen) {
        return Err(without(kind, "its request did not name it in formats"));
    }
    let Some(outcome) = &report.outcome else {
        let status = report.lifecycle.status;
        let problem = Problem::new(
            Kind::ReportNotCompleted,
            format!("the report is {status} and has no files: they exist once it is COMPLETED"),
        );
        let may_complete = matches!(status, Status::Pending | Status::Processing);
        return Err(if may_complete { problem.retry_after(RETRY_AFTER) } else { problem });
    };
    if is_format && report.request.formats.is_none() {
        return Err(without(kind, "its request named no formats, and this installation then writes others"));
    }
    let kinds: Vec<&str> = outcome.artifacts.keys().map(|kind| kind.as_str()).collect();
    let kinds = kinds.join(", ");
    Err(Problem::new(Kind::ArtifactNotFound, format!("this report has no {kind} file: it has {kinds}")))
}

/// Returns the problem of a report that was written without a format, for the reason `why`.
fn without(kind: ArtifactKind, why: &str) -> Problem {
    let detail = format!(
        "this report was requested without the format {kind}: {why}. To get it, submit a new request, with \"{kind}\" in formats"
    );
    Problem::new(Kind::ArtifactNotFound, detail)
}
