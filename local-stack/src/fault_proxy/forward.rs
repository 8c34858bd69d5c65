//! Forwards requests and answers unchanged. The Host header stays the client's, because it is part of the
//! signature.

use anyhow::{Context as _, ensure};
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Response, header};

/// Headers of one connection, not of the message (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    HeaderName::from_static("keep-alive"),
];

/// An answer with its complete body.
#[derive(Debug)]
pub(super) struct ForwardedResponse {
    pub(super) parts: axum::http::response::Parts,
    pub(super) body: Bytes,
}

impl ForwardedResponse {
    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::from_parts(self.parts, Body::from(self.body));
        remove_hop_by_hop(response.headers_mut());
        response
    }
}

/// Returns an HTTP client for loopback addresses. It has no timeout, because the client in front of the proxy
/// has one.
pub(super) fn client() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("the HTTP client of the fault proxy could not be built")
}

/// Sends the request to `upstream`, a base URL without a trailing slash.
pub(super) async fn forward(
    client: &reqwest::Client,
    upstream: &str,
    parts: &Parts,
    body: Bytes,
) -> anyhow::Result<ForwardedResponse> {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let url: reqwest::Url =
        format!("{upstream}{path}").parse().context("the request's path is not a valid URL path")?;
    // A path that is encoded differently would not match the signature.
    let forwarded = &url.as_str()[upstream.len()..];
    ensure!(forwarded == path, "the path {path} would be forwarded as {forwarded}");

    let mut headers = parts.headers.clone();
    remove_hop_by_hop(&mut headers);
    let request = client.request(parts.method.clone(), url).headers(headers).body(body);
    let response: Response<reqwest::Body> =
        request.send().await.context("the upstream did not answer")?.into();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(Body::new(body), usize::MAX).await;
    let body = body.context("the upstream's answer broke off")?;
    Ok(ForwardedResponse { parts, body })
}

/// Removes the headers that belong to one connection.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}
