//! Passes a request on as it came and brings the answer back as it came. The Host header stays the client's: it is
//! part of what was signed.

use anyhow::{Context as _, ensure};
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Response, header};

/// Headers that are about one connection and not about the message (RFC 9110, section 7.6.1).
const OF_CONNECTION: [HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    HeaderName::from_static("keep-alive"),
];

/// An answer whose body has come in full.
#[derive(Debug)]
pub(super) struct ForwardedResponse {
    pub(super) parts: axum::http::response::Parts,
    pub(super) body: Bytes,
}

impl ForwardedResponse {
    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::from_parts(self.parts, Body::from(self.body));
        remove_of_connection(response.headers_mut());
        response
    }
}

/// Clients for addresses of this machine, without a time-out of their own: the client of the rig has its.
pub(super) fn client() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("no HTTP client could be made for the rig")
}

/// Sends the request to `upstream`, a base URL without a slash at the end.
pub(super) async fn forward(
    client: &reqwest::Client,
    upstream: &str,
    parts: &Parts,
    body: Bytes,
) -> anyhow::Result<ForwardedResponse> {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let url: reqwest::Url = format!("{upstream}{path}").parse().context("the request's path makes no URL")?;
    // Written in another way it would not be what was signed.
    let written = &url.as_str()[upstream.len()..];
    ensure!(written == path, "the path {path} would be passed on as {written}");

    let mut headers = parts.headers.clone();
    remove_of_connection(&mut headers);
    let request = client.request(parts.method.clone(), url).headers(headers).body(body);
    let response: Response<reqwest::Body> =
        request.send().await.context("there is no answer from behind the rig")?.into();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(Body::new(body), usize::MAX).await;
    let body = body.context("the answer from behind the rig broke off")?;
    Ok(ForwardedResponse { parts, body })
}

fn remove_of_connection(headers: &mut HeaderMap) {
    for name in &OF_CONNECTION {
        headers.remove(name);
    }
}
