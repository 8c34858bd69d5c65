//! `GET /v1/reports/{id}`: how a report goes, at once or as soon as it changes.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{MatchedPath, Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{find, resource, resource::ReportResource, retry_after, watcher};
use crate::{
    application::App,
    auth::Reader,
    problem::{Problem, ProblemBody},
};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest wait that a client can ask for.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Tells how a report goes and, once it is completed, where its files are.
#[utoipa::path(
    get, operation_id = "readReport", path = "/v1/reports/{id}", tag = "Reports",
    params(
        ("id" = String, Path, description = "The report's id"),
        ("If-None-Match" = Option<String>, Header, description = "The entity tag of the state that is known already"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: answer when the report changes, after N seconds (30 at most) in any case")),
    responses(
        (status = 200, description = "The report", body = ReportResource, headers(
            ("ETag" = String, description = "Tag of the report's state"),
            ("Retry-After" = u64, description = "Seconds after which to look again, while the report has not ended"))),
        (status = 304, description = "The report is as the client knows it"),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn read(
    State(app): State<Arc<App>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut report = find(&app, &caller.tenant, &id).await?;
    let wait = wait_preference(&headers);
    let mut answer = HeaderMap::new();
    if let Some(wait) = wait {
        // A client that tells what it knows and is behind is answered at once.
        let up_to_date = matches(&headers, &report) || !headers.contains_key(header::IF_NONE_MATCH);
        if up_to_date {
            let _open = app.limits.follow(&caller.tenant)?;
            let changed = watcher::until_changed(&app, report, wait).await;
            report = changed.ok_or_else(Problem::report_not_found)?;
        }
        if let Ok(applied) = HeaderValue::from_str(&format!("wait={}", wait.as_secs())) {
            answer.insert(PREFERENCE_APPLIED, applied);
        }
    }
    if let Ok(tag) = HeaderValue::from_str(&resource::entity_tag(&report)) {
        answer.insert(header::ETAG, tag);
    }
    answer.extend(retry_after(&app, &report));
    if matches(&headers, &report) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    let resource = ReportResource::new(report, &app, &caller).await?;
    Ok((answer, Json(resource)).into_response())
}

/// Whether the client knows the report's state already (RFC 9110, If-None-Match).
fn matches(headers: &HeaderMap, report: &domain::report::Report) -> bool {
    let tag = resource::entity_tag(report);
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// The wait that `request` asks for where one can be asked for: at this route alone, so that the preference lets no other
/// request past a limit.
pub(crate) fn waits(request: &Request) -> Option<Duration> {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let is_here = request.method() == Method::GET && route == Some("/v1/reports/{id}");
    is_here.then(|| wait_preference(request.headers())).flatten()
}

/// The wait that the client prefers (RFC 7240); a preference that is not understood is passed over.
fn wait_preference(headers: &HeaderMap) -> Option<Duration> {
    let preferences = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let wait = preferences.flat_map(|value| value.split([',', ';'])).find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("wait")
            .then(|| value.trim().trim_matches('"').parse::<u64>().ok())?
    });
    wait.map(|seconds| Duration::from_secs(seconds).min(WAIT_MAX))
}
