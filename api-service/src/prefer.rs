//! The preference `wait=N` of the `Prefer` header (RFC 7240), with which a client asks `GET /v1/reports/{id}`
//! to answer only when the report changes, or after N seconds. The request time-out takes it into account,
//! because such a request is idle while it waits.

use std::time::Duration;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, Method},
};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The longest wait that a client can request.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Returns the wait that `request` asks for, if its route honours the preference. Only one route does, for
/// GET and for HEAD, which has the same handler. The preference extends no other request's time-out.
pub(crate) fn requested_wait(request: &Request) -> Option<Duration> {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let honours =
        matches!(*request.method(), Method::GET | Method::HEAD) && route == Some("/v1/reports/{id}");
    honours.then(|| preferred_wait(request.headers())).flatten()
}

/// Returns the wait that the client prefers, 30 seconds at most; `None` if it prefers none, as with `wait=0`.
/// Ignores preferences that it does not understand, as RFC 7240, section 2, requires.
pub(crate) fn preferred_wait(headers: &HeaderMap) -> Option<Duration> {
    let preferences = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let wait = preferences.flat_map(|value| value.split([',', ';'])).find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("wait")
            .then(|| value.trim().trim_matches('"').parse::<u64>().ok())?
    });
    wait.filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds).min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_lasts_from_one_second_to_the_maximum() {
        for (value, seconds) in [
            ("wait=5", Some(5)),
            ("respond-async, Wait=\"7\"", Some(7)),
            ("wait=86400", Some(30)),
            ("wait=0", None),
            ("wait=00", None),
            ("wait=-1", None),
            ("wait=1.5", None),
            ("wait", None),
            ("handling=lenient", None),
        ] {
            let headers = HeaderMap::from_iter([(PREFER, value.parse().unwrap())]);
            assert_eq!(preferred_wait(&headers), seconds.map(Duration::from_secs), "{value}");
        }
    }
}
