//! The HTTP client of the sources: its responses are bounded, failures are retried, and it never reaches into
//! the private network.
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use axum::{Router, http::StatusCode, response::Redirect, routing::get};
use egress_guard::Guard;
use service_runtime::clock::Clock;
use sources::{Http, SourceError};

/// Starts a server on a free port. Returns its port and the number of requests to `/unsteady`.
async fn server() -> Result<(u16, Arc<AtomicU32>)> {
    let requests = Arc::new(AtomicU32::new(0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let count = Arc::clone(&requests);
    let unsteady = get(move || {
        let earlier = count.fetch_add(1, Ordering::SeqCst);
        async move { if earlier < 2 { (StatusCode::SERVICE_UNAVAILABLE, "") } else { (StatusCode::OK, "{}") } }
    });
    let router = Router::new()
        .route("/unsteady", unsteady)
        .route("/large", get(|| async { "x".repeat(100_000) }))
        .route("/list", get(|| async { "list" }))
        .route(
            "/moved",
            get(move || async move { Redirect::temporary(&format!("http://127.0.0.1:{port}/list")) }),
        )
        .route("/metadata", get(|| async { Redirect::temporary("http://169.254.169.254/latest/meta-data") }))
        .route(
            "/inside",
            get(move || async move { Redirect::temporary(&format!("http://localhost:{port}/list")) }),
        );
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((port, requests))
}

fn guard(hosts: &[&str]) -> Guard {
    Guard::new(hosts.iter().map(|host| (*host).to_owned()).collect(), "DOSSIER_PRIVATE_SOURCES")
}

async fn fetch(http: &Http, url: String) -> Result<Vec<u8>, SourceError> {
    http.bytes(http.client().get(url), 50_000).await
}

#[tokio::test]
async fn private_addresses_are_refused_unless_the_host_is_allowed() -> Result<()> {
    let (port, _) = server().await?;
    let timeout = Duration::from_secs(5);
    let closed = Http::new(timeout, Guard::default(), Clock::system())?;
    for host in ["127.0.0.1", "localhost", "[::1]", "0x7f.1"] {
        let answer = fetch(&closed, format!("http://{host}:{port}/list")).await;
        assert!(matches!(answer, Err(SourceError::Refused(_))), "{host}: {answer:?}");
    }
    let open = Http::new(timeout, guard(&["127.0.0.1"]), Clock::system())?;
    assert_eq!(fetch(&open, format!("http://127.0.0.1:{port}/list")).await.unwrap(), b"list");
    Ok(())
}

#[tokio::test]
async fn redirects_of_downloads_are_checked_and_those_of_services_are_not_followed() -> Result<()> {
    let (port, _) = server().await?;
    let downloads = Http::for_downloads(Duration::from_secs(5), guard(&["127.0.0.1"]), Clock::system())?;
    let at = |path: &str| format!("http://127.0.0.1:{port}/{path}");
    assert_eq!(fetch(&downloads, at("moved")).await.unwrap(), b"list");
    for path in ["metadata", "inside"] {
        let answer = fetch(&downloads, at(path)).await;
        assert!(matches!(answer, Err(SourceError::Refused(_))), "{path}: {answer:?}");
    }
    let service = Http::new(Duration::from_secs(5), guard(&["127.0.0.1"]), Clock::system())?;
    assert!(matches!(fetch(&service, at("moved")).await, Err(SourceError::Refused(_))));
    Ok(())
}

#[tokio::test]
async fn responses_are_bounded_and_failures_are_retried() -> Result<()> {
    let (port, requests) = server().await?;
    let http = Http::new(Duration::from_secs(5), guard(&["127.0.0.1"]), Clock::system())?;
    let large = fetch(&http, format!("http://127.0.0.1:{port}/large")).await;
    assert!(matches!(large, Err(SourceError::Unreadable(_))), "{large:?}");
    assert_eq!(fetch(&http, format!("http://127.0.0.1:{port}/unsteady")).await.unwrap(), b"{}");
    assert_eq!(requests.load(Ordering::SeqCst), 3);
    Ok(())
}

/// Starts a server that accepts connections and never answers. Returns its URL.
async fn hanging_server() -> Result<(String, tokio::net::TcpListener)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    Ok((format!("http://127.0.0.1:{}/", listener.local_addr()?.port()), listener))
}

/// The time of the runtime is paused: it moves to the next time-out whenever nothing else is to be done.
#[tokio::test(start_paused = true)]
async fn a_hanging_service_opens_its_breaker_although_its_callers_give_up() -> Result<()> {
    let (url, _listener) = hanging_server().await?;
    let timeout = Duration::from_secs(10);
    let http = Http::new(timeout, guard(&["127.0.0.1"]), Clock::system())?;
    // A source gives up while the second try of its request still waits.
    let patience = timeout + timeout / 2;
    for _ in 0..5 {
        let _ = tokio::time::timeout(patience, fetch(&http, url.clone())).await;
    }
    let started = tokio::time::Instant::now();
    let refused = tokio::time::timeout(patience, fetch(&http, url)).await?;
    assert!(
        matches!(&refused, Err(SourceError::Unavailable(why)) if why.contains("repeatedly")),
        "{refused:?}"
    );
    assert_eq!(started.elapsed(), Duration::ZERO);
    Ok(())
}

#[tokio::test]
async fn a_service_that_states_retry_after_is_not_asked_before_that_time() -> Result<()> {
    let asked: Arc<std::sync::Mutex<Vec<std::time::Instant>>> = Arc::default();
    let times = Arc::clone(&asked);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://127.0.0.1:{}/", listener.local_addr()?.port());
    let throttled = get(move || {
        let mut times = times.lock().unwrap();
        times.push(std::time::Instant::now());
        let answer = match times.len() {
            1 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "2")], ""),
            2 => (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1")], ""),
            _ => (StatusCode::OK, [("x-answer", "1")], "news"),
        };
        async move { answer }
    });
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", throttled)).await });
    let http = Http::new(Duration::from_secs(10), guard(&["127.0.0.1"]), Clock::system())?;
    assert_eq!(fetch(&http, url).await.unwrap(), b"news");
    let asked = asked.lock().unwrap();
    assert!(asked[1] - asked[0] >= Duration::from_secs(2) && asked[2] - asked[1] >= Duration::from_secs(1));
    Ok(())
}
