//! Responses that come before the whole request: every client can read them, however much it still sends.
use std::time::Duration;

use crate::support::clean_company;
use crate::support::raw_http::Connection;
use anyhow::Result;
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

const LARGE: usize = 5 * 1024 * 1024;

async fn stack_with(settings: &[(&str, &str)]) -> Result<TestStack> {
    let mut options = Options { without: vec![Component::Worker], ..TestStack::options() };
    options.settings.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    TestStack::with(options).await
}

fn head(request: &str, key: &str, more: &str) -> String {
    format!("{request} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{more}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_everything_first_can_read_why_it_was_refused() -> Result<()> {
    let stack = stack_with(&[]).await?;
    let key = stack.keys().dev.expose_secret().to_owned();
    let json = "Content-Type: application/json\r\n";
    for (request, key, media_type, status, code) in [
        ("POST /v1/reports/batch", "wrong", json, 401, "unauthenticated"),
        ("POST /v1/reports", "wrong", json, 401, "unauthenticated"),
        ("POST /v1/reports/batch", &key, "Content-Type: text/csv\r\n", 415, "unsupported_media_type"),
        (
            "POST /v1/reports/batch",
            &key,
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
            415,
            "unsupported_media_type",
        ),
        ("POST /v1/reports/batch", &key, json, 413, "body_too_large"),
        ("POST /v1/reports", &key, json, 413, "body_too_large"),
        ("POST /v1/nothing", &key, json, 404, "route_not_found"),
        ("PUT /v1/reports", &key, json, 405, "method_not_allowed"),
        ("POST /v1/reports/unknown/cancel", &key, json, 404, "report_not_found"),
    ] {
        for chunked in [false, true] {
            let mut connection = Connection::open(stack.api_url()).await?;
            let length = if chunked {
                "Transfer-Encoding: chunked\r\n".to_owned()
            } else {
                format!("Content-Length: {LARGE}\r\n")
            };
            connection.send(head(request, key, &format!("{media_type}{length}"))).await?;
            if chunked {
                let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
                for _ in 0..LARGE / 0x10000 {
                    connection.send(&chunk).await?;
                }
                connection.send("0\r\n\r\n").await?;
            } else {
                connection.send(vec![b' '; LARGE]).await?;
            }
            let response = connection.response().await?;
            assert_eq!((response.status, response.problem().as_str()), (status, code), "{request} {chunked}");
            assert!(response.head.contains("connection: close"), "{response:?}");
            connection.ends().await?;
        }
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_over_its_rate_limit_can_read_so() -> Result<()> {
    let stack = stack_with(&[("DOSSIER_REQUESTS_PER_SECOND", "1")]).await?;
    let key = stack.keys().dev.expose_secret().to_owned();
    let more = format!("Content-Type: application/json\r\nContent-Length: {LARGE}\r\n");
    let statuses = async || -> Result<u16> {
        let mut connection = Connection::open(stack.api_url()).await?;
        connection.send(head("POST /v1/reports/batch", &key, &more)).await?;
        connection.send(vec![b' '; LARGE]).await?;
        let response = connection.response().await?;
        response.problem();
        connection.ends().await?;
        Ok(response.status)
    };
    while statuses().await? != 429 {}
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_before_it_sends_is_told_to_continue_or_refused() -> Result<()> {
    let stack = stack_with(&[]).await?;
    let key = stack.keys().dev.expose_secret().to_owned();
    let body = clean_company().to_string();
    let expecting = |length: usize| {
        format!("Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n")
    };
    for (key, length, status) in [("wrong", LARGE, 401), (&key, LARGE, 413), ("wrong", body.len(), 401)] {
        let mut connection = Connection::open(stack.api_url()).await?;
        connection.send(head("POST /v1/reports/batch", key, &expecting(length))).await?;
        let response = connection.response().await?;
        assert_eq!(response.status, status, "without 100 first: {response:?}");
        assert!(response.head.contains("connection: close"), "{response:?}");
        connection.ends().await?;
    }
    let mut connection = Connection::open(stack.api_url()).await?;
    connection.send(head("POST /v1/reports", &key, &expecting(body.len()))).await?;
    assert_eq!(connection.response().await?.status, 100);
    connection.send(&body).await?;
    assert_eq!(connection.response().await?.status, 202);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_stays_open_after_a_small_body_that_nobody_reads() -> Result<()> {
    let stack = stack_with(&[]).await?;
    let key = stack.keys().dev.expose_secret().to_owned();
    let mut connection = Connection::open(stack.api_url()).await?;
    for _ in 0..3 {
        connection.send(head("POST /v1/reports/unknown/cancel", &key, "Content-Length: 2\r\n")).await?;
        connection.send("{}").await?;
        let response = connection.response().await?;
        assert_eq!(response.status, 404);
        assert!(!response.head.contains("connection: close"), "{response:?}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_stops_sending_is_disconnected() -> Result<()> {
    let stack = stack_with(&[]).await?;
    let mut connection = Connection::open(stack.api_url()).await?;
    let length = "Content-Length: 1000000000000\r\n";
    connection.send(head("POST /v1/reports", "wrong", length)).await?;
    let block = vec![b' '; 1024 * 1024];
    let sent = timeout(Duration::from_secs(60), async {
        let mut sent = 0;
        while connection.send(&block).await.is_ok() {
            sent += 1;
        }
        sent
    });
    let sent = sent.await?;
    // What the API reads, and what both systems buffer.
    assert!((16..64).contains(&sent), "{sent} MiB");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http_is_answered_like_every_other_error() -> Result<()> {
    let stack = stack_with(&[]).await?;
    let long = format!("GET /v1/reports?{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000));
    let large = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "a".repeat(1024 * 1024));
    let many: String = (0..200).map(|number| format!("X-{number}: a\r\n")).collect();
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    for (request, code) in [
        ("nonsense\r\n\r\n", "malformed_request"),
        ("GET /\u{1} HTTP/1.1\r\nHost: x\r\n\r\n", "malformed_request"),
        ("GET / HTTP/7.3\r\nHost: x\r\n\r\n", "malformed_request"),
        ("GET / HTTP/1.1\r\nBad Name: x\r\n\r\n", "malformed_request"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "malformed_request"),
        (&many, "headers_too_large"),
        (&large, "headers_too_large"),
        (&long, "headers_too_large"),
    ] {
        let mut connection = Connection::open(stack.api_url()).await?;
        connection.send(request).await?;
        let response = connection.response().await?;
        let start: String = request.chars().take(40).collect();
        assert_eq!(response.problem(), code, "{start}");
        assert!(response.head.contains("connection: close"), "{response:?}");
        connection.ends().await?;
    }
    stack.stop().await
}
