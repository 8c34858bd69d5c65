//! `GET /v1/reports/{id}/document`: a completed report as data, for pages that cannot follow a link to the bucket.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use domain::{artifact::ArtifactKind, document::Document};

use super::{artifact::stored, find};
use crate::{
    application::App,
    auth::Reader,
    problem::{Kind, Problem, ProblemBody},
};

/// The report's JSON, as the `json` artifact holds it: for browsers, which need no right to the bucket for it.
#[utoipa::path(
    get, operation_id = "readDocument", path = "/v1/reports/{id}/document", tag = "Reports",
    params(("id" = String, Path, description = "The report's id")),
    responses(
        (status = 200, description = "The report's contents", body = Document),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The report is not completed", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn document(
    State(app): State<Arc<App>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let report = find(&app, &caller.tenant, &id).await?;
    let artifact = stored(&report, ArtifactKind::Json)?;
    let bytes = app.aws.bucket.get(&artifact.key).await?.ok_or_else(|| {
        tracing::error!(report = %report.id, "a listed artifact is not in the bucket");
        Problem::new(
            Kind::Internal,
            "the report's contents are not where they should be: tell the operator the instance",
        )
    })?;
    caller.audit("artifact.read", &format_args!("{}/json", report.id));
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from(bytes)).into_response())
}
