//! The time that a request may take.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
    http::Response,
    middleware::Next,
    response::IntoResponse,
};

use crate::{
    prefer::requested_wait,
    problem::{Kind, Problem},
};

/// Ends a request that takes longer than `limit` plus the wait that it requested.
pub(crate) async fn limit_time(
    State(limit): State<Duration>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let limit = limit + requested_wait(&request).unwrap_or_default();
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = "the request was not answered in time: send it again, with the same Idempotency-Key if it writes";
            Problem::new(Kind::TimedOut, detail).retry_after(Duration::from_secs(5)).into_response()
        }
    }
}
