//! The preference `wait=N` of the `Prefer` header (RFC 7240), with which a client asks `GET /v1/reports/{id}`
//! to answer only when the report changes, or after N seconds. The limits and the request time-out take it
//! into account, because such a request is idle while it waits.

use std::time::Duration;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, Method},
};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The longest wait that a client can request.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Returns the wait that `request` asks for, if its route honours the preference. Only one route does, so the
/// preference exempts no other request from a limit.
pub(crate) fn requested_wait(request: &Request) -> Option<Duration> {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let honours = request.method() == Method::GET && route == Some("/v1/reports/{id}");
    honours.then(|| preferred_wait(request.headers())).flatten()
}

/// Returns the wait that the client prefers, 30 seconds at most. Ignores preferences that it does not
/// understand, as RFC 7240, section 2, requires.
pub(crate) fn preferred_wait(headers: &HeaderMap) -> Option<Duration> {
    let preferences = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let wait = preferences.flat_map(|value| value.split([',', ';'])).find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("wait")
            .then(|| value.trim().trim_matches('"').parse::<u64>().ok())?
    });
    wait.map(|seconds| Duration::from_secs(seconds).min(WAIT_MAX))
}
