//! `GET /v1/reports/{id}/document`: the contents of a completed report as JSON, for web pages, which cannot
//! follow a link to the bucket.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use domain::{artifact::ArtifactKind, document::Document};

use super::{artifact::stored, path::ReportPath, store::Reports};
use crate::{
    auth::Reader,
    problem::{Problem, ProblemBody},
};

/// Returns the contents of a completed report, identical to its `json` artifact. Unlike a link to the artifact, it works for
/// web pages, which have no access to the bucket.
#[utoipa::path(
    get, operation_id = "readDocument", path = "/v1/reports/{id}/document", tag = "Reports",
    params(("id" = String, Path, description = "The id of the report")),
    responses(
        (status = 200, description = "The contents of the report", body = Document),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report is not completed", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn document(
    State(reports): State<Arc<Reports>>,
    Reader(caller): Reader,
    ReportPath(id): ReportPath<String>,
) -> Result<Response, Problem> {
    let report = reports.find(&caller.tenant, &id).await?;
    let key = report.file_key(stored(&report, ArtifactKind::Json)?);
    let bytes = reports.aws.bucket.get(&key).await?.ok_or_else(|| {
        tracing::error!(report = %report.id, "an artifact that the report lists is missing from the bucket");
        Problem::internal("the contents of the report are missing")
    })?;
    caller.audit("artifact.read", &format_args!("{}/json", report.id));
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from(bytes)).into_response())
}
