//! Layers around every request: its span, log line and metric, the handling of panics, and security headers.

use std::time::Instant;

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, Response, header},
    middleware::Next,
    response::IntoResponse,
};
use telemetry::{
    metrics::metrics,
    propagation::{TRACEPARENT, continue_trace},
};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};
use tracing::{Instrument, field::Empty, info_span};

use crate::problem::{Kind, Problem};

/// Traces, logs and measures a request.
///
/// The span follows OpenTelemetry's "Semantic conventions for HTTP spans", except that it names the route
/// instead of the path and leaves out the query: both can contain data that only the client should know.
async fn trace(request: Request, next: Next) -> Response<Body> {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = method_name(request.method()).to_owned();
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
        let elapsed = started.elapsed();
        let span = tracing::Span::current();
        span.record("http.response.status_code", i64::from(status));
        if status >= 500 {
            span.record("otel.status_code", "ERROR");
        }
        metrics().http_request(&method, &route, status, elapsed);
        // Health checks would fill the log.
        if !matches!(route.as_str(), "/healthz" | "/readyz") {
            tracing::info!(method, route, status, seconds = elapsed.as_secs_f64(), "request answered");
        }
        response
    }
    .instrument(span)
    .await
}

/// Returns the name of a standard method, and `_OTHER` for the rest: anybody can invent methods, and each
/// would become a time series of its own.
fn method_name(method: &Method) -> &str {
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

/// Answers a request whose handler panicked. The panic is a bug: its message goes to the log, the client gets
/// a 500, and the process continues.
fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response<Body> {
    let message =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = message.unwrap_or("unknown"), "a request handler panicked");
    Problem::internal("the request failed because of a bug").into_response()
}

/// The content security policy of all responses: resources of this origin only, and nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'";

/// Wraps `router` in the layers of this module.
pub(crate) fn surround<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    let default_header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn(trace))
        // Responses contain links that open files, so no cache may store them.
        .layer(default_header(header::CACHE_CONTROL, "no-store"))
        .layer(default_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(default_header(header::REFERRER_POLICY, "no-referrer"))
        .layer(default_header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(default_header(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"))
        .layer(default_header(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(default_header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(default_header(
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ))
        .layer(default_header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
}

/// Answers requests to addresses that do not exist.
pub(crate) async fn no_route() -> Problem {
    Problem::new(Kind::RouteNotFound, "nothing exists at this address: /docs lists every address")
}

/// Answers requests with a method that their address does not allow.
pub(crate) async fn no_method() -> Problem {
    Problem::new(
        Kind::MethodNotAllowed,
        "this address does not allow this method: the Allow header lists those that it allows",
    )
}
