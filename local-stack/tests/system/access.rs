//! Authentication and authorisation: keys, their scopes, expiry and revocation, and the limits of one tenant.
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::support::{clean_company, text_at, with_fields};
use anyhow::Result;
use api_service::api_keys::{KeysCommand, KeysError, create, run};
use api_service::auth::KeyCache;
use api_service::router::document;
use aws_adapters::keys::Keys;
use domain::access::{ApiKey, Scope};
use domain::time::UtcTime;
use local_stack::TestStack;
use local_stack::stack::client::Client;
use local_stack::stack::{Component, Options};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn without_worker(settings: &[(&str, &str)]) -> Result<TestStack> {
    let mut options = Options { without: vec![Component::Worker], ..TestStack::options() };
    options.settings.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    TestStack::with(options).await
}

fn keys(stack: &TestStack) -> Keys {
    Keys::at(stack.sdk(), stack.names().access_tables())
}

async fn key_with(stack: &TestStack, scopes: &[Scope]) -> Result<ApiKey> {
    let scopes = scopes.iter().copied().collect();
    Ok(create(&keys(stack), "dev".parse()?, scopes, None, None, service_runtime::clock::now()).await?.key)
}

/// Returns the scope that the design requires for an operation: changes need the write scope, erasure and legal
/// hold that of administrators, and usage has its own scope.
fn required_scope(method: &str, path: &str) -> Scope {
    match (method, path) {
        (_, "/v1/usage") => Scope::UsageRead,
        ("delete" | "put", _) => Scope::Admin,
        (_, path) if path.starts_with("/v1/callback") || path.starts_with("/v1/keys") => Scope::Admin,
        ("get", _) => Scope::ReportsRead,
        _ => Scope::ReportsWrite,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_requires_a_key_with_its_scope() -> Result<()> {
    let stack = without_worker(&[]).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let mut clients = Vec::new();
    for scope in Scope::ALL {
        let key = key_with(&stack, &[scope]).await?;
        clients.push((scope, Client::new(stack.api_url(), key.text().clone())?));
    }
    let anonymous = Client::new(stack.api_url(), "nothing".to_owned().into())?;
    let document = serde_json::to_value(document())?;
    let mut checked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys().filter(|_| path.starts_with("/v1/")) {
            let address = path.replace("{id}", &id).replace("{kind}", "json");
            let verb: Method = method.to_uppercase().parse()?;
            let answer = anonymous.request(verb.clone(), &address).send().await?;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            assert!(answer.headers().contains_key("www-authenticate"));
            for (scope, client) in &clients {
                let allowed = *scope == required_scope(method, path) || *scope == Scope::Admin;
                // Only the head is read, because an event stream does not end.
                let answer = client.request(verb.clone(), &address).send().await?;
                let rejected = answer.status() == StatusCode::FORBIDDEN;
                assert_eq!(rejected, !allowed, "{method} {path} with {scope}: {}", answer.status());
                if rejected {
                    assert_eq!(answer.json::<Value>().await?["code"], "scope_missing");
                }
            }
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked}");
    stack.stop().await
}

/// Checks that `report` shows its result with links, its result alone, or neither.
fn check_result(report: &Value, result: bool, links: bool, at: &str) {
    assert_eq!(report["status"], "COMPLETED", "{at}");
    for member in ["/riskLevel", "/riskScore", "/summary"] {
        assert_eq!(!report.pointer(member).unwrap().is_null(), result, "{at}: {member} of {report}");
    }
    assert_eq!(!report["sources"].as_array().unwrap().is_empty(), result, "{at}: {report}");
    assert_eq!(report["usage"]["modelCalls"] != 0, result, "{at}: {report}");
    for kind in ["html", "pdf", "md", "json", "evidence"] {
        assert_eq!(report["links"][kind].is_string(), links, "{at}: {kind} of {report}");
    }
    assert_eq!(report["linksExpireAt"].is_string(), links, "{at}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_shows_a_result_to_a_caller_who_may_only_write() -> Result<()> {
    let stack = TestStack::start().await?;
    let submit = async |client: &Client| -> Result<Value> {
        let request = client.request(Method::POST, "/v1/reports").header("idempotency-key", "k");
        Ok(request.json(&clean_company()).send().await?.error_for_status()?.json().await?)
    };
    let batch = async |client: &Client| -> Result<Value> {
        let reports = json!({"reports": [with_fields(clean_company(), json!({"customId": "a"}))]});
        let request = client.request(Method::POST, "/v1/reports/batch").header("idempotency-key", "k");
        let results: Value = request.json(&reports).send().await?.error_for_status()?.json().await?;
        Ok(results["results"][0]["report"].clone())
    };
    let (single, batched) = (submit(stack.dev()).await?, batch(stack.dev()).await?);
    let (single, batched) = (text_at(&single, "/reportId"), text_at(&batched, "/reportId"));
    stack.dev().wait_for_end(single).await?;
    stack.dev().wait_for_end(batched).await?;

    for scopes in [
        &[Scope::ReportsWrite][..],
        &[Scope::ReportsWrite, Scope::UsageRead],
        &[Scope::ReportsWrite, Scope::ReportsRead],
        &[Scope::ReportsRead],
        &[Scope::UsageRead],
        &[Scope::Admin],
    ] {
        let reads = scopes.iter().any(|scope| matches!(scope, Scope::ReportsRead | Scope::Admin));
        let writes = scopes.iter().any(|scope| matches!(scope, Scope::ReportsWrite | Scope::Admin));
        let client = Client::new(stack.api_url(), key_with(&stack, scopes).await?.text().clone())?;
        if writes {
            check_result(&submit(&client).await?, reads, reads, &format!("submit with {scopes:?}"));
            check_result(&batch(&client).await?, reads, false, &format!("batch with {scopes:?}"));
        } else {
            assert!(submit(&client).await.is_err() && batch(&client).await.is_err(), "{scopes:?}");
        }
        for (path, is_list) in [(format!("/v1/reports/{single}"), false), ("/v1/reports".to_owned(), true)] {
            let answer = client.get(&path).await?;
            assert_eq!(answer.status() == StatusCode::OK, reads, "{path} with {scopes:?}");
            let body: Value = answer.json().await?;
            if reads && is_list {
                check_result(&body["reports"][0], true, false, "list");
            } else if reads {
                check_result(&body, true, true, "read");
            }
        }
        for command in ["cancel", "resubmit"] {
            let answer = client.post(&format!("/v1/reports/{single}/{command}")).await?;
            let expected = if writes { StatusCode::CONFLICT } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status(), expected, "{command} with {scopes:?}");
            let body = answer.text().await?;
            assert!(!body.contains("LOW") && !body.contains("X-Amz-Signature"), "{body}");
        }
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_rejected_within_a_minute_even_during_an_outage() -> Result<()> {
    let stack = without_worker(&[]).await?;
    let (keys, cache, start) = (keys(&stack), KeyCache::default(), service_runtime::clock::now());
    let key = key_with(&stack, &[Scope::ReportsRead]).await?;
    let at = |seconds| start.plus(Duration::from_secs(seconds));
    let code = async |keys: &Keys, key: &ApiKey, seconds| match cache
        .caller(keys, key, LOCALHOST, at(seconds))
        .await
    {
        Ok(_) => "accepted".to_owned(),
        Err(problem) => serde_json::to_value(problem.body()).unwrap()["code"].as_str().unwrap().to_owned(),
    };
    assert_eq!(code(&keys, &key, 0).await, "accepted");
    // If the table does not answer, a cached key stays valid for less than a minute.
    let unreachable = stack.sdk().to_builder().endpoint_url("http://127.0.0.1:1").build();
    let unreachable = Keys::at(&unreachable, stack.names().access_tables());
    assert_eq!(code(&unreachable, &key, 49).await, "accepted");
    assert_eq!(code(&unreachable, &key, 50).await, "unavailable");

    keys.revoke(&key.id, at(60)).await?.unwrap();
    assert!(!cache.is_active(&keys, &key.id, at(60)).await);
    assert_eq!(code(&keys, &key, 60).await, "unauthenticated");
    // The id alone does not authenticate.
    let other = key_with(&stack, &[Scope::Admin]).await?;
    let record = keys.get(&other.id).await?.unwrap();
    let forged = ApiKey::new(hex::decode(record.id.to_string())?.try_into().unwrap(), [0; 32]);
    assert_eq!(forged.id, other.id);
    assert_eq!(code(&keys, &forged, 60).await, "unauthenticated");
    assert_eq!(code(&keys, &other, 60).await, "accepted");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_create_list_rotate_and_revoke_keys() -> Result<()> {
    let stack = without_worker(&[]).await?;
    let (keys, now) = (keys(&stack), service_runtime::clock::now());
    let secrets = stack.adapters()?.0.webhook_secrets;
    let command = async |command: KeysCommand| -> Result<Vec<Value>, KeysError> {
        let mut output = Vec::new();
        run(command, &keys, &secrets, now, &mut output).await?;
        let lines = std::str::from_utf8(&output).unwrap().lines();
        Ok(lines.map(|line| serde_json::from_str(line).unwrap()).collect())
    };
    let tenant: domain::identity::Tenant = "globex".parse()?;
    let made = command(KeysCommand::Create {
        tenant: tenant.clone(),
        scopes: vec![Scope::ReportsRead, Scope::ReportsWrite],
        label: Some("front end".to_owned()),
        expires_in_days: Some(30),
    });
    let made = made.await?.remove(0);
    let client = Client::new(stack.api_url(), text_at(&made, "/key").into())?;
    assert_eq!(client.get("/v1/reports").await?.status(), StatusCode::OK);

    let rotated = command(KeysCommand::Rotate { id: text_at(&made, "/id").parse()?, overlap_hours: 1 });
    let rotated = rotated.await?.remove(0);
    assert_eq!(rotated["scopes"], made["scopes"]);
    let listed = command(KeysCommand::List { tenant: tenant.clone() }).await?;
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|key| key.get("key").is_none() && key["label"] == "front end"), "{listed:?}");
    let old = listed.iter().find(|key| key["id"] == made["id"]).unwrap();
    assert_eq!(text_at(old, "/expiresAt").parse::<UtcTime>()?, now.plus(Duration::from_secs(3600)));

    let revoked = command(KeysCommand::Revoke { id: text_at(&rotated, "/id").parse()? }).await?.remove(0);
    assert_eq!(text_at(&revoked, "/revokedAt").parse::<UtcTime>()?, now);
    let again =
        command(KeysCommand::Rotate { id: text_at(&rotated, "/id").parse()?, overlap_hours: 1 }).await;
    assert!(matches!(again, Err(KeysError::Inactive(_))));
    let unknown = command(KeysCommand::Revoke { id: "0000000000000000".parse()? }).await;
    assert!(matches!(unknown, Err(KeysError::Unknown(_))));
    let rejected = Client::new(stack.api_url(), text_at(&rotated, "/key").into())?.get("/v1/reports").await?;
    assert_eq!(rejected.status(), StatusCode::UNAUTHORIZED);

    // The table contains no secret of a key.
    let table = aws_sdk_dynamodb::Client::new(stack.sdk());
    let items = table.scan().table_name(&stack.names().access_table).send().await?;
    assert!(items.items().len() > 2, "{items:?}");
    let items = format!("{:?}", items.items);
    for key in [text_at(&made, "/key"), text_at(&rotated, "/key"), stack.keys().dev.expose_secret()] {
        let secret = &key[key.len() - 72..key.len() - 8];
        assert!(!items.contains(secret));
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_limit_of_one_tenant_does_not_affect_another() -> Result<()> {
    let stack = without_worker(&[("DOSSIER_REQUESTS_PER_SECOND", "1")]).await?;
    let mut last = stack.dev().get("/v1/reports").await?;
    assert_eq!(last.headers()["ratelimit-policy"], "\"requests\";q=2;w=2");
    while last.status() == StatusCode::OK {
        assert!(last.headers()["ratelimit"].to_str()?.starts_with("\"requests\";r="));
        last = stack.dev().get("/v1/reports").await?;
    }
    assert_eq!(last.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(last.headers()["retry-after"], "1");
    assert_eq!(last.headers()["ratelimit"], "\"requests\";r=0;t=1");
    let problem: Value = last.json().await?;
    assert!(problem["code"] == "too_many_requests" && problem["retryable"] == true, "{problem}");
    assert_eq!(stack.acme_client()?.get("/v1/reports").await?.status(), StatusCode::OK);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_limit_counts_reports_but_not_repetitions() -> Result<()> {
    let stack = without_worker(&[("DOSSIER_REPORTS_PER_DAY", "3")]).await?;
    let submit = async |key: &str| {
        let request = stack.dev().request(Method::POST, "/v1/reports").header("idempotency-key", key);
        request.json(&clean_company()).send().await
    };
    for key in ["one", "one", "two", "one"] {
        assert_eq!(submit(key).await?.status(), StatusCode::ACCEPTED, "{key}");
    }
    let items: Vec<Value> = ["a", "b"].map(|id| with_fields(clean_company(), json!({"customId": id}))).into();
    let batch = stack.dev().request(Method::POST, "/v1/reports/batch").json(&json!({"reports": items}));
    let batch = batch.header("idempotency-key", "batch");
    let again = batch.try_clone().unwrap();
    let results: Value = batch.send().await?.json().await?;
    assert!(results.pointer("/results/0/report").is_some(), "{results}");
    assert_eq!(results.pointer("/results/1/error/code").unwrap(), "daily_limit_reached");
    let repeated: Value = again.send().await?.json().await?;
    assert_eq!(repeated.pointer("/results/0/report/reportId"), results.pointer("/results/0/report/reportId"));
    assert_eq!(repeated.pointer("/results/1/error/code").unwrap(), "daily_limit_reached");
    assert_eq!(repeated.pointer("/results/0/error"), None);
    let rejected = submit("three").await?;
    assert_eq!(rejected.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(rejected.headers()["retry-after"].to_str()?.parse::<u64>()? <= 86_400);
    let replayed = submit("two").await?;
    assert_eq!(
        (replayed.status(), replayed.headers().contains_key("idempotency-replayed")),
        (StatusCode::ACCEPTED, true)
    );
    assert_eq!(stack.acme_client()?.submit(&clean_company()).await?.status(), StatusCode::ACCEPTED);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_batch_gets_the_places_that_are_left_for_its_new_requests() -> Result<()> {
    let stack = without_worker(&[("DOSSIER_REPORTS_PER_DAY", "10")]).await?;
    let send = async |ids: std::ops::Range<u32>| -> Result<Vec<bool>> {
        let items = ids.map(|id| with_fields(clean_company(), json!({"customId": id.to_string()})));
        let body = json!({"reports": items.collect::<Vec<_>>()});
        let request = stack.dev().request(Method::POST, "/v1/reports/batch").header("idempotency-key", "b");
        let results: Value = request.json(&body).send().await?.json().await?;
        let results = results["results"].as_array().unwrap().iter();
        Ok(results.map(|result| result.get("report").is_some()).collect())
    };
    assert_eq!(send(0..6).await?, [true; 6]);
    // Four places are left. The six replays, which come first, need none of them.
    assert_eq!(send(0..9).await?, [true; 9]);
    let mut expected = [true; 12];
    expected[10..].fill(false);
    assert_eq!(send(0..12).await?, expected);
    assert_eq!(send(0..10).await?, [true; 10], "replays need no place at all");
    // Replays that arrive together take no places from each other either.
    let replays = futures::future::join_all((0..8).map(|_| send(0..10))).await;
    assert!(replays.into_iter().all(|replay| replay.unwrap() == [true; 10]));
    let acme = stack.acme_client()?.submit(&clean_company()).await?;
    assert_eq!(acme.status(), StatusCode::ACCEPTED);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_configured_origins_may_call_from_a_browser() -> Result<()> {
    let stack = without_worker(&[("DOSSIER_CORS_ORIGINS", "https://app.example.com")]).await?;
    let preflight = async |origin: &str| {
        let request = stack.dev().request(Method::OPTIONS, "/v1/reports").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        request.header("access-control-request-headers", "authorization,idempotency-key").send().await
    };
    let allowed = preflight("https://app.example.com").await?;
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://app.example.com");
    assert!(allowed.headers()["access-control-allow-headers"].to_str()?.contains("idempotency-key"));
    let other = preflight("https://evil.example").await?;
    assert!(!other.headers().contains_key("access-control-allow-origin"));
    let answer = stack.dev().get("/healthz").await?;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.headers()[name], value, "{name}");
    }
    assert!(answer.headers()["strict-transport-security"].to_str()?.starts_with("max-age="));
    let policy = answer.headers()["content-security-policy"].to_str()?;
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    stack.stop().await
}
