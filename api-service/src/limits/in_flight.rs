//! The limit on concurrent requests of this process.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::Response,
    middleware::Next,
    response::IntoResponse,
};
use tokio::sync::Semaphore;

use crate::{
    prefer::requested_wait,
    problem::{Kind, Problem},
};

/// The limit on requests in flight. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct InFlightLimit(Arc<Semaphore>);

impl InFlightLimit {
    /// Creates a limit of `requests` concurrent requests.
    pub(crate) fn new(requests: usize) -> Self {
        Self(Arc::new(Semaphore::new(requests)))
    }
}

/// Rejects requests beyond the limit at once, because an immediate error is better than an answer that comes
/// too late. Requests that wait for a change of a report (`Prefer: wait=N`) are idle and do not count;
/// neither do health checks.
pub(crate) async fn shed_load(
    State(limit): State<InFlightLimit>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let is_health_check = matches!(request.uri().path(), "/healthz" | "/readyz");
    if is_health_check || requested_wait(&request).is_some() {
        return next.run(request).await;
    }
    let Ok(_permit) = limit.0.try_acquire() else {
        let detail =
            "the service is processing as many requests as it can: retry after the time in Retry-After";
        return Problem::new(Kind::Overloaded, detail).retry_after(Duration::from_secs(1)).into_response();
    };
    next.run(request).await
}
