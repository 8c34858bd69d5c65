//! Every error response of the API, as a client sees it.
use crate::support::{clean_company, with_fields};
use anyhow::Result;
use local_stack::TestStack;
use reqwest::{Method, StatusCode, header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// Checks what all problem responses have in common, and returns the status, the code and the JSON pointers
/// of this one.
async fn problem(answer: reqwest::Response) -> (u16, String, Vec<String>) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], format!("urn:dossier:problem:{}", body["code"].as_str().unwrap()));
    assert!(body["detail"].as_str().unwrap().len() > 15, "{body}");
    assert!(body["retryable"].is_boolean());
    let errors = body["errors"].as_array().unwrap();
    let pointers = errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect();
    (status, body["code"].as_str().unwrap().to_owned(), pointers)
}

async fn post(
    stack: &TestStack,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> Result<reqwest::Response> {
    let request = stack.dev().request(Method::POST, "/v1/reports");
    Ok(request.header(header::CONTENT_TYPE, content_type).body(body).send().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_bodies_are_rejected_with_the_code_of_their_problem() -> Result<()> {
    let stack = TestStack::start().await?;
    let json = "application/json";

    let answer = post(&stack, json, vec![b' '; 64 * 1024 + 1]).await?;
    assert_eq!(problem(answer).await, (413, "body_too_large".into(), vec![]));
    let padded = format!("{}{}", clean_company(), " ".repeat(64 * 1024 - clean_company().to_string().len()));
    assert_eq!(
        post(&stack, json, padded).await?.status(),
        StatusCode::ACCEPTED,
        "exactly 64 KiB is accepted"
    );

    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
        "json",
        "application/json; charset=utf-16",
    ] {
        let answer = post(&stack, content_type, clean_company().to_string()).await?;
        assert_eq!(problem(answer).await, (415, "unsupported_media_type".into(), vec![]), "{content_type}");
    }
    let compressed = stack.dev().request(Method::POST, "/v1/reports").json(&clean_company());
    let answer = compressed.header(header::CONTENT_ENCODING, "gzip").send().await?;
    assert_eq!(answer.headers()[header::ACCEPT_ENCODING], "identity");
    assert_eq!(problem(answer).await, (415, "unsupported_media_type".into(), vec![]));
    assert_eq!(
        post(&stack, "Application/JSON; charset=utf-8", clean_company().to_string()).await?.status(),
        StatusCode::ACCEPTED
    );

    let answer = post(&stack, json, "{\n  \"companyName\": oops\n}").await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let body: Value = answer.json().await?;
    assert_eq!(body["code"], "malformed_json");
    assert!(body["detail"].as_str().unwrap().contains("line 2, column 18"), "{body}");
    for malformed in ["", "{", "{\"a\":1,}", "\u{feff}{}", &"[".repeat(500)] {
        let answer = post(&stack, json, malformed.to_owned()).await?;
        assert_eq!(problem(answer).await, (400, "malformed_json".into(), vec![]), "{malformed}");
    }
    // A repeated field has no defined meaning, at any level. Every one is told, with all other errors.
    let answer = post(
        &stack,
        json,
        r#"{"country":"JP","country":"GB","companyName":"A","corporateNumber":"<b>","extra":{"a":"1","a":"2","b":{"c":1,"c":1}}}"#,
    );
    let expected = ["/corporateNumber", "/country", "/extra", "/extra/a", "/extra/b/c"];
    assert_eq!(
        problem(answer.await?).await,
        (422, "validation_failed".into(), expected.map(str::to_owned).into())
    );
    let answer = post(&stack, json, vec![b'"', 0xff, b'"']).await?;
    assert_eq!(problem(answer).await.1, "malformed_json");
    for not_an_object in ["null", "[]", "1", "\"x\""] {
        let answer = post(&stack, json, not_an_object).await?;
        assert_eq!(
            problem(answer).await,
            (422, "validation_failed".into(), vec![String::new()]),
            "{not_an_object}"
        );
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_of_a_request_is_reported_at_once() -> Result<()> {
    let stack = TestStack::start().await?;
    let body = json!({
        "companyName": "Evil\u{202e}Corp", "corporateNumber": 7, "country": "UK", "language": "tlh",
        "callbackUrl": "http://169.254.169.254/", "colour": "red", "a/b~c": null,
    });
    let answer = stack.dev().submit(&body).await?;
    let expected =
        ["/a~1b~0c", "/callbackUrl", "/colour", "/companyName", "/corporateNumber", "/country", "/language"];
    assert_eq!(problem(answer).await, (422, "validation_failed".into(), expected.map(str::to_owned).into()));

    let answer = stack.dev().submit(&json!({})).await?;
    let body: Value = answer.json().await?;
    let codes: Vec<_> =
        body["errors"].as_array().unwrap().iter().map(|e| e["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["required"; 3]);

    let answer = stack.dev().submit(&with_fields(clean_company(), json!({"colour": "red"}))).await?;
    let body: Value = answer.json().await?;
    assert_eq!(body["errors"][0]["code"], "unknown_field");
    assert!(body["errors"][0]["message"].as_str().unwrap().contains("colour"));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_known_keys_are_accepted() -> Result<()> {
    let stack = TestStack::start().await?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/v1/reports", stack.api_url());
    for header in [None, Some("Bearer wrong"), Some("Bearer "), Some("Basic ZGV2OmRldg=="), Some("Bearer")] {
        for method in [Method::GET, Method::POST] {
            let mut request = http.request(method, &url);
            if let Some(header) = header {
                request = request.header(header::AUTHORIZATION, header);
            }
            let answer = request.send().await?;
            assert!(answer.headers()[header::WWW_AUTHENTICATE].to_str()?.starts_with("Bearer"));
            assert_eq!(problem(answer).await, (401, "unauthenticated".into(), vec![]), "{header:?}");
        }
    }
    for public in ["/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(
            http.get(format!("{}{public}", stack.api_url())).send().await?.status(),
            StatusCode::OK,
            "{public}"
        );
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_resources_and_invalid_methods_and_parameters_have_their_codes() -> Result<()> {
    let mut stack = TestStack::start().await?;
    stack.stop_worker().await?;
    let get = |path: String| {
        let client = stack.dev().clone();
        async move { problem(client.get(&path).await.unwrap()).await }
    };
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for id in [unknown, "not-a-uuid", "☃"] {
        assert_eq!(get(format!("/v1/reports/{id}")).await, (404, "report_not_found".into(), vec![]), "{id}");
    }
    // A path that is not UTF-8 names no report and no file.
    for path in ["", "/events", "/document", "/callback", "/artifacts/json"] {
        assert_eq!(
            get(format!("/v1/reports/%FF{path}")).await,
            (404, "report_not_found".into(), vec![]),
            "{path}"
        );
    }
    for path in ["cancel", "resubmit", "callback/resend"] {
        let answer = stack.dev().post(&format!("/v1/reports/%C3%28/{path}")).await?;
        assert_eq!(problem(answer).await.1, "report_not_found", "{path}");
    }
    for path in ["/%FF", "/v1/%FF", "/assets/%FF/x.js", "/assets/x/%FF", "/docs/%FF"] {
        assert_eq!(get(path.into()).await.1, "route_not_found", "{path}");
    }
    for query in ["%FF", "status=%FF", "%ZZ=1", "pageSize=%", "=", "from=2026-01-02&to=2026-01-01&x=%00"] {
        assert_eq!(get(format!("/v1/reports?{query}")).await.1, "invalid_parameter", "{query}");
    }
    assert_eq!(get("/v1/nothing".into()).await.1, "route_not_found");
    assert_eq!(get(format!("/v1/reports/{id}/artifacts/exe")).await.1, "artifact_not_found");
    assert_eq!(
        get(format!("/v1/reports/{id}/artifacts/html")).await,
        (409, "report_not_completed".into(), vec![])
    );
    let answer = stack.dev().request(Method::DELETE, "/v1/reports").send().await?;
    assert!(answer.headers()[header::ALLOW].to_str()?.contains("POST"));
    assert_eq!(problem(answer).await, (405, "method_not_allowed".into(), vec![]));

    let query = "status=DONE&country=jp&riskLevel=low&pageSize=0&pageToken=zz&colour=red&status=PENDING";
    let (status, code, pointers) = get(format!("/v1/reports?{query}")).await;
    assert_eq!((status, code.as_str(), pointers.len()), (400, "invalid_parameter", 7));
    for key in ["", "with space", "ä", &"k".repeat(256)] {
        let request = stack.dev().request(Method::POST, "/v1/reports").json(&clean_company());
        let answer = request
            .header("idempotency-key", header::HeaderValue::from_bytes(key.as_bytes())?)
            .send()
            .await?;
        assert_eq!(problem(answer).await.1, "invalid_parameter", "{key}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_request_does_not_delay_the_shutdown() -> Result<()> {
    use tokio::io::AsyncWriteExt as _;

    let stack = TestStack::start().await?;
    let address = stack.api_url().trim_start_matches("http://").to_owned();
    let mut half_open = tokio::net::TcpStream::connect(&address).await?;
    half_open.write_all(b"POST /v1/reports HTTP/1.1\r\nHost: x\r\n").await?;
    assert_eq!(stack.dev().get("/v1/reports").await?.status(), StatusCode::OK, "others are served meanwhile");
    // The drain time of a test stack, one second, bounds the shutdown.
    tokio::time::timeout(std::time::Duration::from_secs(20), stack.stop()).await?
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_request_ends_with_503() -> Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let stack = TestStack::start().await?;
    let (api, url) = stack.start_api(&[("DOSSIER_REQUEST_SECONDS", "1")]).await?;
    let mut stalled = tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await?;
    let key = stack.keys().dev.expose_secret();
    let head = format!(
        "POST /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    stalled.write_all(head.as_bytes()).await?;
    let mut answer = vec![0; 4096];
    let length = stalled.read(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer[..length]).to_lowercase();
    assert!(answer.starts_with("http/1.1 503") && answer.contains("retry-after: 5"), "{answer}");
    drop(stalled);
    api.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_aws_the_api_answers_503_without_internal_details() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.aws().stopping().cancel();
    let answer = stack.dev().submit(&clean_company()).await?;
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
    let body = answer.text().await?;
    for detail in ["DynamoDB", "PutItem", "127.0.0.1", "dispatch", "aws"] {
        assert!(!body.contains(detail), "{body}");
    }
    let body: Value = serde_json::from_str(&body)?;
    assert_eq!(
        (&body["status"], &body["code"], &body["retryable"]),
        (&json!(503), &json!("unavailable"), &json!(true))
    );
    stack.stop().await
}
