//! Requests that are slow, incomplete, huge or too many: well-behaved clients are still served, and memory
//! stays bounded.
use std::time::{Duration, Instant};

use crate::support::clean_company;
use crate::support::service_process::{ServiceProcess, peak_memory};
use anyhow::{Context as _, Result};
use domain::access::ApiKey;
use futures::future::join_all;
use local_stack::TestStack;
use local_stack::stack::client::Client;
use local_stack::stack::{Component, Options};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

async fn stack_with(settings: &[(&str, &str)]) -> Result<TestStack> {
    let mut options = Options { without: vec![Component::Worker], ..TestStack::options() };
    options.settings.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    TestStack::with(options).await
}

fn host(stack: &TestStack) -> &str {
    stack.api_url().trim_start_matches("http://")
}

/// Opens a connection and sends `text` and nothing more.
async fn stalled(host: &str, text: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(text.as_bytes()).await?;
    Ok(stream)
}

/// Returns the head of a request whose body never arrives.
fn without_body(stack: &TestStack) -> String {
    use secrecy::ExposeSecret as _;
    let key = stack.keys().dev.expose_secret();
    format!(
        "POST /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    )
}

/// Reads until the server closes the connection.
async fn read_to_end(mut stream: TcpStream) -> Result<String> {
    let mut bytes = Vec::new();
    tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut bytes))
        .await
        .context("the connection was not closed")??;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_silent_clients_are_disconnected_and_do_not_affect_others() -> Result<()> {
    let stack = stack_with(&[("DOSSIER_REQUEST_SECONDS", "2"), ("DOSSIER_API_IDLE_SECONDS", "5")]).await?;
    let mut silent = Vec::new();
    for head in ["", "GET /v1/reports HT", "GET /v1/reports HTTP/1.1\r\nHost: x\r\nX-Slow: a"] {
        for _ in 0..50 {
            silent.push(stalled(host(&stack), head).await?);
        }
    }
    let body = stalled(host(&stack), &without_body(&stack)).await?;
    let started = Instant::now();
    assert_eq!(stack.dev().submit(&clean_company()).await?.status(), StatusCode::ACCEPTED);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let mut answer = vec![0; 12];
    let mut body = body;
    body.read_exact(&mut answer).await?;
    assert_eq!(answer, b"HTTP/1.1 503", "a body that does not arrive times out after two seconds");
    // The server closes connections whose head does not arrive.
    for response in join_all(silent.into_iter().map(read_to_end)).await {
        let response = response?;
        assert!(response.is_empty() || response.starts_with("HTTP/1.1 4"), "{response}");
    }
    assert_eq!(stack.dev().get("/v1/reports").await?.status(), StatusCode::OK);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn excess_requests_are_rejected_at_once_while_health_checks_pass() -> Result<()> {
    let stack = stack_with(&[("DOSSIER_API_IN_FLIGHT", "4"), ("DOSSIER_REQUEST_SECONDS", "4")]).await?;
    let text = without_body(&stack);
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(stalled(host(&stack), &text).await?);
    }
    let rejected = loop {
        let answer = stack.dev().get("/v1/reports").await?;
        if answer.status() != StatusCode::OK {
            break answer;
        }
        sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(rejected.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(rejected.headers()["retry-after"], "1");
    assert_eq!(rejected.json::<Value>().await?["code"], "overloaded");
    // `Prefer: wait` does not bypass the limit on routes that do not support it.
    let anonymous = Client::new(stack.api_url(), "nothing".to_owned().into())?;
    for client in [stack.dev(), &anonymous] {
        for (path, wait) in [
            ("/v1/reports", "wait=5"),
            ("/openapi.json", "wait=5"),
            ("/v1/reports/unknown", "wait=0"),
            ("/v1/reports/unknown", "wait=5"),
        ] {
            for method in [Method::GET, Method::HEAD] {
                let preferring = client.request(method.clone(), path).header("prefer", wait).send().await?;
                assert_eq!(preferring.status(), StatusCode::SERVICE_UNAVAILABLE, "{method} {path} {wait}");
            }
        }
    }
    for probe in ["/healthz", "/readyz"] {
        assert_eq!(stack.dev().get(probe).await?.status(), StatusCode::OK, "{probe}");
    }
    // Other requests are served again when the requests in flight have ended.
    drop(held);
    while stack.dev().get("/v1/reports").await?.status() != StatusCode::OK {
        sleep(Duration::from_millis(50)).await;
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_wait_for_a_change_take_no_place_of_those_that_do_not() -> Result<()> {
    let stack = stack_with(&[("DOSSIER_API_IN_FLIGHT", "1"), ("DOSSIER_REQUEST_SECONDS", "1")]).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let path = format!("/v1/reports/{id}");
    let wait = |method: Method| {
        // A client that is refused while another one has the only place tries again.
        let (stack, path) = (&stack, &path);
        async move {
            loop {
                let waiting = stack.dev().request(method.clone(), path).header("prefer", "wait=2");
                let answer = waiting.send().await?;
                let waited = answer.headers().contains_key("preference-applied");
                if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
                    return anyhow::Ok((answer.status(), waited));
                }
            }
        }
    };
    // HEAD waits like GET, although that takes longer than the request time-out without the wait.
    let waiting = (0..20).map(|index| wait(if index % 2 == 0 { Method::GET } else { Method::HEAD }));
    let others = async {
        let mut served = 0;
        while served < 20 {
            served += u32::from(stack.dev().get("/v1/reports").await?.status() == StatusCode::OK);
        }
        anyhow::Ok(())
    };
    let (waited, others) = tokio::join!(join_all(waiting), others);
    others?;
    for answer in waited {
        assert_eq!(answer?, (StatusCode::OK, true));
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_invented_keys_costs_few_reads_and_stops_nobody() -> Result<()> {
    use secrecy::ExposeSecret as _;

    let stack = stack_with(&[]).await?;
    assert_eq!(stack.dev().get("/v1/reports").await?.status(), StatusCode::OK);
    let reads = || {
        let calls = stack.aws_calls().into_iter();
        calls.filter(|((_, name), _)| *name == "GetItem").map(|(_, count)| count).sum::<u64>()
    };
    let before = reads();
    let started = Instant::now();
    let (http, url) =
        (reqwest::Client::builder().no_proxy().build()?, format!("{}/v1/reports", stack.api_url()));
    let flood = (0..500).map(|_| {
        let invented = ApiKey::new(rand::random(), rand::random());
        http.get(&url).bearer_auth(invented.text().expose_secret()).send()
    });
    let (mut unknown, mut refused) = (0, 0);
    for answer in join_all(flood).await {
        let answer = answer?;
        match answer.status() {
            StatusCode::UNAUTHORIZED => unknown += 1,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                assert!(answer.headers().contains_key("retry-after"));
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }
    // Twenty at once from one address, and two a second after that.
    let permitted = 20 + 2 * (1 + started.elapsed().as_secs());
    assert!(unknown <= permitted && unknown + refused == 500, "{unknown} unknown, {refused} refused");
    // A key that is not in the access table could be one of version 0.2, in the table of reports.
    assert!(reads() - before <= 2 * permitted, "{} reads", reads() - before);
    assert_eq!(stack.dev().get("/v1/reports").await?.status(), StatusCode::OK);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_bounded_under_ten_times_the_limit_and_huge_heads() -> Result<()> {
    let without = vec![Component::Api, Component::Worker];
    let stack = TestStack::with(Options { without, ..TestStack::options() }).await?;
    let mut environment = stack.environment().clone();
    for (name, value) in
        [("DOSSIER_API_IN_FLIGHT", "32"), ("DOSSIER_API_DRAIN_NOTICE_SECONDS", "0"), ("DOSSIER_LOG", "error")]
    {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let api = ServiceProcess::start("api-service", &environment)?;
    while !stack.dev().get("/readyz").await.is_ok_and(|answer| answer.status() == 200) {
        sleep(Duration::from_millis(50)).await;
    }
    let before = peak_memory(api.id().context("the API has ended")?)?;
    // A head of a megabyte is rejected long before it is complete.
    let huge = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Huge: {}", "a".repeat(1024 * 1024));
    let huge = (0..64).map(|_| async {
        let mut stream = TcpStream::connect(host(&stack)).await?;
        // The server may close the connection before everything is sent.
        let _ = stream.write_all(huge.as_bytes()).await;
        let mut answer = vec![0; 12];
        let read = stream.read(&mut answer).await.unwrap_or_default();
        anyhow::Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
    });
    for answer in join_all(huge).await {
        let answer = answer?;
        assert!(answer.is_empty() || answer == "HTTP/1.1 431", "{answer}");
    }
    let (mut served, mut shed) = (0, 0);
    for _ in 0..5 {
        for answer in join_all((0..320).map(|_| stack.dev().get("/v1/reports?pageSize=100"))).await {
            match answer?.status() {
                StatusCode::OK => served += 1,
                StatusCode::SERVICE_UNAVAILABLE => shed += 1,
                other => panic!("{other}"),
            }
        }
    }
    assert!(served > 100, "{served} served, {shed} shed");
    let after = peak_memory(api.id().context("the API has ended")?)?;
    eprintln!("floods: {served} served, {shed} shed; peak memory {before} KiB before, {after} KiB after");
    assert!(after < before + 150 * 1024, "{before} KiB before, {after} KiB after");
    assert_eq!(stack.dev().get("/v1/reports").await?.status(), StatusCode::OK);
    api.terminate().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_streams_of_one_tenant_leave_connections_for_others() -> Result<()> {
    let stack = stack_with(&[("DOSSIER_TENANT_FOLLOWERS", "2")]).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let path = format!("/v1/reports/{id}/events");
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(stack.dev().get(&path).await?.error_for_status()?);
    }
    let rejected = stack.dev().get(&path).await?;
    assert_eq!(rejected.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(rejected.headers().contains_key("retry-after"));
    assert_eq!(stack.dev().get("/v1/reports").await?.status(), StatusCode::OK);
    let acme = stack.acme_client()?;
    let theirs = acme.submit_accepted(&clean_company()).await?;
    assert_eq!(acme.get(&format!("/v1/reports/{theirs}/events")).await?.status(), StatusCode::OK);
    drop(open);
    while stack.dev().get(&path).await?.status() != StatusCode::OK {
        sleep(Duration::from_millis(50)).await;
    }
    stack.stop().await
}
