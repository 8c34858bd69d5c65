//! What surrounds every request: its span, its log line, its measurement, and headers that keep
//! browsers careful.

use std::time::{Duration, Instant};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, Response, header},
    middleware::Next,
    response::IntoResponse,
};
use telemetry::propagation::TRACEPARENT;
use telemetry::{metrics::metrics, propagation::continue_trace};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};
use tracing::{Instrument, field::Empty, info_span};

use crate::{
    problem::{Kind, Problem},
    reports::read::waits,
};

/// The span follows OpenTelemetry's "Semantic conventions for HTTP spans". The route stands for the
/// path and the query is left out: both can hold what only the client should know.
pub async fn trace(request: Request, next: Next) -> Response<Body> {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = known(request.method()).to_owned();
    let span = info_span!(
        "http",
        otel.name = format_args!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    );
    let parent = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    continue_trace(&span, parent);
    let started = Instant::now();
    async move {
        let response = next.run(request).await;
        let status = response.status().as_u16();
        let took = started.elapsed();
        let span = tracing::Span::current();
        span.record("http.response.status_code", i64::from(status));
        if status >= 500 {
            span.record("otel.status_code", "ERROR");
        }
        metrics().http_request(&method, &route, status, took);
        // Load balancers and probes ask all day long.
        if !matches!(route.as_str(), "/healthz" | "/readyz") {
            tracing::info!(method, route, status, seconds = took.as_secs_f64(), "request answered");
        }
        response
    }
    .instrument(span)
    .await
}

/// The method, or a word for those that anybody may invent: they would be metrics of their own.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "_OTHER",
    }
}

/// Ends a request that takes longer than `limit`, and than the wait that it asked for on top.
pub async fn time_limit(State(limit): State<Duration>, request: Request, next: Next) -> Response<Body> {
    let limit = limit + waits(&request).unwrap_or_default();
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = "the request was not answered in time: send it again, with the same Idempotency-Key if it writes";
            Problem::new(Kind::TimedOut, detail).retry_after(Duration::from_secs(5)).into_response()
        }
    }
}

/// A panic is a mistake of ours: the client gets 500, the log what is known, the process lives on.
fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response<Body> {
    let what =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = what.unwrap_or("unknown"), "a request handler panicked");
    Problem::new(Kind::Internal, "the request could not be carried out: tell the operator the instance")
        .into_response()
}

/// Everything from here alone, and nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'";

/// `router` inside of all this.
pub fn surround<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    let always = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    // Answers hold links that open artifacts: no cache may keep them.
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn(trace))
        .layer(always(header::CACHE_CONTROL, "no-store"))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::REFERRER_POLICY, "no-referrer"))
        .layer(always(header::X_FRAME_OPTIONS, "DENY"))
        .layer(always(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"))
        .layer(always(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(always(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(always(
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ))
        .layer(always(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
}

/// For routes that do not exist.
pub async fn no_route() -> Problem {
    Problem::new(Kind::RouteNotFound, "there is nothing at this address: /docs lists every address")
}

/// For methods that a route does not take.
pub async fn no_method() -> Problem {
    Problem::new(
        Kind::MethodNotAllowed,
        "this address does not take this method: the Allow header lists those it takes",
    )
}
