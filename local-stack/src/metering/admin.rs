//! `GET` and `DELETE /billing`, on the embedded AWS and beside `/calls` on the Bedrock stand-in.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Json, Router};
use serde::Deserialize;

use super::Meter;

/// Path of the meter.
pub(crate) const PATH: &str = "/billing";

/// Default number of partition keys that `GET /billing` lists.
pub(crate) const DEFAULT_HOTTEST: usize = 10;

#[derive(Debug, Deserialize)]
struct Parameters {
    /// Number of partition keys to list.
    #[serde(default = "default_hottest")]
    hottest: usize,
}

fn default_hottest() -> usize {
    DEFAULT_HOTTEST
}

/// Returns the route that shows and resets `meter`. It needs no signature, because the listener is on loopback
/// or in a network of containers.
pub(crate) fn routes(meter: Arc<Meter>) -> Router {
    let handle = |State(meter): State<Arc<Meter>>, request: Request| async move { answer(&meter, &request) };
    Router::new().route(PATH, any(handle)).with_state(meter)
}

/// Answers a request for [`PATH`].
pub(crate) fn answer(meter: &Meter, request: &Request) -> Response {
    match *request.method() {
        Method::GET => match Query::<Parameters>::try_from_uri(request.uri()) {
            Ok(Query(parameters)) => Json(meter.billing(parameters.hottest)).into_response(),
            Err(error) => error.into_response(),
        },
        Method::DELETE => {
            meter.reset();
            StatusCode::NO_CONTENT.into_response()
        }
        _ => (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, DELETE")]).into_response(),
    }
}
