//! `GET /v1/reports/{id}`: the report, at once or as soon as it changes.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::report::Report;

use super::{
    entity_tag::EntityTag, path::ReportPath, resource::ReportResource, store::Reports, watcher::ReportWatcher,
};
use crate::{
    auth::Reader,
    limits::{FollowerLimit, InFlightPlace},
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
            ("ETag" = String, description = "The entity tag of the report's state and of its links: it changes before they expire"),
            ("Retry-After" = u64, description = "Seconds after which to read the report again, while it has not ended"))),
        (status = 304, description = "The report has not changed, and its links are still valid for a minute or more"),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn read(
    State(reports): State<Arc<Reports>>,
    State(watcher): State<Arc<ReportWatcher>>,
    State(followers): State<Arc<FollowerLimit>>,
    Reader(caller): Reader,
    place: InFlightPlace,
    ReportPath(id): ReportPath<String>,
    request_headers: HeaderMap,
) -> Result<Response, Problem> {
    let known = |report: &Report| {
        EntityTag::known(&request_headers, report.revision, report.has_files(), reports.clock.now())
    };
    let mut report = reports.find(&caller.tenant, &id).await?;
    let mut headers = HeaderMap::new();
    if let Some(wait) = preferred_wait(&request_headers) {
        // A client that sends the entity tag of an older state is answered at once.
        if !request_headers.contains_key(header::IF_NONE_MATCH) || known(&report).is_some() {
            let _permit = followers.acquire(&caller.tenant)?;
            let change = place.without_place(watcher.changed(report, wait));
            report = change.await.ok_or_else(Problem::report_not_found)?;
        }
        if let Ok(applied) = HeaderValue::from_str(&format!("wait={}", wait.as_secs())) {
            headers.insert(PREFERENCE_APPLIED, applied);
        }
    }
    headers.extend(reports.retry_after(&report));
    if let Some(tag) = known(&report) {
        headers.extend(tag.header());
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let revision = report.revision;
    let resource = reports.resource(report, &caller).await?;
    headers.extend(EntityTag { revision, links_expire_at: resource.links_expire_at() }.header());
    Ok((headers, Json(resource)).into_response())
}
