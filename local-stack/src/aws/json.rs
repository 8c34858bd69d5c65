//! Errors of the AWS JSON 1.0 protocol that the router returns before a service sees the request.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

/// Returns an error response that every AWS SDK parses as `code` with `message`.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body =
        serde_json::json!({ "__type": format!("com.amazon.coral.service#{code}"), "message": message });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}
