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

/// The number of requests that may be in flight.
#[derive(Clone, Debug)]
pub(crate) struct InFlightLimit(Arc<Semaphore>);

impl InFlightLimit {
    /// Creates a limit of `requests` concurrent requests.
    pub(crate) fn new(requests: usize) -> Self {
        Self(Arc::new(Semaphore::new(requests)))
    }
}

/// Rejects requests beyond the limit at once: an immediate answer is worth more than one that comes too late. Waits that
/// clients request are idle and do not count; neither do health checks.
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
