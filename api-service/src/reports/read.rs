//! `GET /v1/reports/{id}`: the report, at once or as soon as it changes.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::report::Report;

use super::{
    resource::{ReportResource, entity_tag},
    store::Reports,
    watcher::ReportWatcher,
};
use crate::{
    auth::Reader,
    limits::FollowerLimit,
    prefer::preferred_wait,
    problem::{Problem, ProblemBody},
};

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Returns the status of a report and, once it is completed, its verdict and links to its files.
#[utoipa::path(
    get, operation_id = "readReport", path = "/v1/reports/{id}", tag = "Reports",
    params(
        ("id" = String, Path, description = "The id of the report"),
        ("If-None-Match" = Option<String>, Header, description = "The entity tag of the state that the client has"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: answer when the report changes, or after N seconds (30 at most)")),
    responses(
        (status = 200, description = "The report", body = ReportResource, headers(
            ("ETag" = String, description = "The entity tag of the report's state"),
            ("Retry-After" = u64, description = "Seconds after which to read the report again, while it has not ended"))),
        (status = 304, description = "The report has not changed"),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn read(
    State(reports): State<Arc<Reports>>,
    State(watcher): State<Arc<ReportWatcher>>,
    State(followers): State<Arc<FollowerLimit>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    request_headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut report = reports.find(&caller.tenant, &id).await?;
    let mut headers = HeaderMap::new();
    if let Some(wait) = preferred_wait(&request_headers) {
        // A client that sends the entity tag of an older state is answered at once.
        let is_current =
            matches(&request_headers, &report) || !request_headers.contains_key(header::IF_NONE_MATCH);
        if is_current {
            let _permit = followers.acquire(&caller.tenant)?;
            report = watcher.changed(report, wait).await.ok_or_else(Problem::report_not_found)?;
        }
        if let Ok(applied) = HeaderValue::from_str(&format!("wait={}", wait.as_secs())) {
            headers.insert(PREFERENCE_APPLIED, applied);
        }
    }
    if let Ok(tag) = HeaderValue::from_str(&entity_tag(&report)) {
        headers.insert(header::ETAG, tag);
    }
    headers.extend(reports.retry_after(&report));
    if matches(&request_headers, &report) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let resource = reports.resource(report, &caller).await?;
    Ok((headers, Json(resource)).into_response())
}

/// Returns whether the client already has the state of `report` (If-None-Match, RFC 9110, section 13.1.2).
fn matches(headers: &HeaderMap, report: &Report) -> bool {
    let current = entity_tag(report);
    let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == current)
}
