//! Answers that are damaged on their way back, after the service has carried out the request.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use futures::{StreamExt as _, stream};

use super::connection::Disconnect;
use super::forward::{ForwardedResponse, remove_hop_by_hop};

/// The page of a proxy that wants its user to log in first.
const CAPTIVE_PORTAL: &str = "<!DOCTYPE html>\n<html><head><title>Log in to the network</title></head>\
    <body><p>Accept the terms of use to continue.</p></body></html>\n";

/// Replaces the body by one that cannot be parsed and keeps the status of success. `turn` selects the kind:
/// the beginning of the body, the body with a lone surrogate (JSON only), or an HTML page. A body that is
/// neither JSON nor XML, or is empty, becomes the page in every turn.
pub(super) fn unparseable(answer: ForwardedResponse, turn: u64) -> Response<Body> {
    let damaged = match turn % 3 {
        0 => beginning(&answer.body),
        1 => with_lone_surrogate(&answer.body).or_else(|| beginning(&answer.body)),
        _ => None,
    };
    let Some(body) = damaged else {
        let mut response = Response::new(Body::from(CAPTIVE_PORTAL));
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, html);
        return response;
    };
    let mut response = ForwardedResponse { body, ..answer }.into_response();
    // The server sets the length of the new body.
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}

/// Sends the headers and half of the body, and then ends the connection. Closes the connection without an
/// answer if the body is too short to be cut.
pub(super) fn cut(answer: ForwardedResponse, disconnect: &Disconnect) -> Response<Body> {
    let ForwardedResponse { mut parts, body } = answer;
    let half = body.slice(..body.len() / 2);
    if half.is_empty() {
        disconnect.now();
        return StatusCode::BAD_GATEWAY.into_response();
    }
    remove_hop_by_hop(&mut parts.headers);
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let end = stream::once(async {
        // The server sends what it has when the body has nothing more at once.
        tokio::task::yield_now().await;
        Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by the fault proxy"))
    });
    Response::from_parts(parts, Body::from_stream(stream::iter([Ok(half)]).chain(end)))
}

fn is_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

fn is_xml(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

/// Returns the first half of a JSON text, or an XML text up to the name of its root element: the S3 client
/// takes an XML text that ends anywhere after the start of its root element for a complete one.
fn beginning(body: &Bytes) -> Option<Bytes> {
    if is_json(body) {
        return Some(body.slice(..body.len() / 2));
    }
    let root = body.windows(2).position(|bytes| bytes[0] == b'<' && bytes[1].is_ascii_alphabetic())?;
    is_xml(body).then(|| body.slice(..=root + 1))
}

/// Adds a member whose name is a surrogate without its partner to the first object of a JSON text. No parser
/// may accept it.
fn with_lone_surrogate(body: &[u8]) -> Option<Bytes> {
    if !is_json(body) {
        return None;
    }
    let at = body.iter().position(|byte| *byte == b'{')? + 1;
    let is_empty = body[at..].trim_ascii_start().first() == Some(&b'}');
    let member: &[u8] = if is_empty { br#""\ud800":null"# } else { br#""\ud800":null,"# };
    Some([&body[..at], member, &body[at..]].concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &'static str) -> ForwardedResponse {
        let mut parts = Response::new(()).into_parts().0;
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        ForwardedResponse { parts, body: Bytes::from_static(body.as_bytes()) }
    }

    async fn damaged(body: &'static str, turn: u64) -> String {
        let response = unparseable(answer(body), turn);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers().get(header::CONTENT_LENGTH), None);
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(bytes.into()).unwrap()
    }

    #[tokio::test]
    async fn no_damaged_json_can_be_parsed() {
        for body in [r#"{"Item":{"pk":{"S":"a"}}}"#, "{}", " { } ", r#"[{"a":1}]"#] {
            serde_json::from_str::<serde_json::Value>(body).unwrap();
            for turn in 0..3 {
                let damaged = damaged(body, turn).await;
                assert!(serde_json::from_str::<serde_json::Value>(&damaged).is_err(), "{damaged}");
            }
        }
        assert_eq!(damaged(r#"{"a":1}"#, 1).await, r#"{"\ud800":null,"a":1}"#);
        assert_eq!(damaged("{}", 1).await, r#"{"\ud800":null}"#);
    }

    #[tokio::test]
    async fn xml_ends_before_its_root_element() {
        let body = "<?xml version=\"1.0\"?><List><Key>a</Key></List>";
        assert_eq!(damaged(body, 0).await, "<?xml version=\"1.0\"?><L");
        assert_eq!(damaged(body, 1).await, "<?xml version=\"1.0\"?><L");
        assert_eq!(damaged(body, 2).await, CAPTIVE_PORTAL);
    }

    #[tokio::test]
    async fn other_and_empty_bodies_become_a_page() {
        for (body, turn) in [("%PDF-1.7", 0), ("%PDF-1.7", 1), ("", 0), ("", 1), ("[]", 2)] {
            assert_eq!(damaged(body, turn).await, CAPTIVE_PORTAL);
        }
    }
}
