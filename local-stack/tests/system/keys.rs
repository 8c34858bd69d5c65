//! The routes `/v1/keys`: administrators list, create, rotate and revoke the keys of their own tenant.
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::support::text_at;
use anyhow::Result;
use api_service::auth::KeyCache;
use aws_adapters::keys::Keys;
use domain::access::ApiKey;
use domain::time::UtcTime;
use local_stack::TestStack;
use local_stack::stack::client::Client;
use local_stack::stack::{Component, Options};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const HOUR: Duration = Duration::from_secs(3600);

async fn stack() -> Result<TestStack> {
    TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await
}

async fn post(client: &Client, path: &str, body: &Value) -> Result<Response> {
    Ok(client.request(Method::POST, path).json(body).send().await?)
}

/// Creates a key, and returns the response.
async fn create(client: &Client, body: &Value) -> Result<Value> {
    let answer = post(client, "/v1/keys", body).await?;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    Ok(answer.json().await?)
}

async fn delete(client: &Client, id: &str) -> Result<Response> {
    Ok(client.request(Method::DELETE, &format!("/v1/keys/{id}")).send().await?)
}

/// Returns the keys of the client's tenant with this label.
async fn listed(client: &Client, label: &str) -> Result<Vec<Value>> {
    let text = client.get("/v1/keys").await?.error_for_status()?.text().await?;
    assert!(!text.contains("dossier_"), "a list contains no key: {text}");
    let mut keys: Value = serde_json::from_str(&text)?;
    let keys = keys["keys"].as_array_mut().expect("keys").drain(..);
    Ok(keys.filter(|key| key["label"] == label).collect())
}

fn time(value: &Value, pointer: &str) -> UtcTime {
    text_at(value, pointer).parse().expect("a time")
}

/// Returns the status of a read with the key that `created` shows.
async fn read_with(stack: &TestStack, created: &Value) -> Result<StatusCode> {
    let client = Client::new(stack.api_url(), text_at(created, "/key").into())?;
    Ok(client.get("/v1/reports").await?.status())
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_create_list_rotate_and_revoke_keys() -> Result<()> {
    let (stack, label) = (stack().await?, "front end");
    let wanted = json!({"scopes": ["reports:read"], "label": label, "expiresInDays": 30});
    let first = create(stack.dev(), &wanted).await?;
    assert_eq!((&first["tenant"], &first["scopes"]), (&json!("dev"), &json!(["reports:read"])));
    assert_eq!(time(&first, "/expiresAt").since(time(&first, "/createdAt")), HOUR * 24 * 30);
    assert_eq!(read_with(&stack, &first).await?, StatusCode::OK);
    let client = Client::new(stack.api_url(), text_at(&first, "/key").into())?;
    assert_eq!(post(&client, "/v1/keys", &wanted).await?.status(), StatusCode::FORBIDDEN);

    let path = format!("/v1/keys/{}/rotate", text_at(&first, "/id"));
    let answer = post(stack.dev(), &path, &json!({"overlapHours": 1})).await?;
    assert_eq!(
        (answer.status(), &answer.headers()["cache-control"]),
        (StatusCode::CREATED, &"no-store".parse()?)
    );
    let second: Value = answer.json().await?;
    assert_eq!((&second["scopes"], &second["label"]), (&first["scopes"], &first["label"]));
    assert_eq!(time(&second, "/expiresAt").since(time(&second, "/createdAt")), HOUR * 24 * 30);
    for key in [&first, &second] {
        assert_eq!(read_with(&stack, key).await?, StatusCode::OK);
    }
    let keys = listed(stack.dev(), label).await?;
    assert_eq!([&keys[0]["id"], &keys[1]["id"]], [&first["id"], &second["id"]]);
    assert_eq!(time(&keys[0], "/expiresAt").since(time(&second, "/createdAt")), HOUR);

    // Without a body the old key works for a day, unless it expires earlier.
    let path = format!("/v1/keys/{}/rotate", text_at(&second, "/id"));
    let third: Value = stack.dev().post(&path).await?.error_for_status()?.json().await?;
    let keys = listed(stack.dev(), label).await?;
    assert_eq!(time(&keys[1], "/expiresAt").since(time(&third, "/createdAt")), HOUR * 24);

    for _ in 0..2 {
        let answer = delete(stack.dev(), text_at(&second, "/id")).await?;
        assert_eq!((answer.status(), answer.text().await?.as_str()), (StatusCode::NO_CONTENT, ""));
    }
    assert_eq!(
        read_with(&stack, &second).await?,
        StatusCode::UNAUTHORIZED,
        "the task that revoked it knows at once"
    );
    assert_eq!(read_with(&stack, &third).await?, StatusCode::OK);
    let keys = listed(stack.dev(), label).await?;
    assert!(keys[0]["revokedAt"].is_null() && keys[1]["revokedAt"].is_string(), "{keys:?}");
    let again = stack.dev().post(&path).await?;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert_eq!(again.json::<Value>().await?["code"], "key_not_active");

    // A key can revoke itself.
    let admin = create(stack.dev(), &json!({"scopes": ["admin"]})).await?;
    let client = Client::new(stack.api_url(), text_at(&admin, "/key").into())?;
    assert_eq!(delete(&client, text_at(&admin, "/id")).await?.status(), StatusCode::NO_CONTENT);
    assert_eq!(client.get("/v1/keys").await?.status(), StatusCode::UNAUTHORIZED);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_task_refuses_a_revoked_key_when_its_cached_record_is_20_seconds_old() -> Result<()> {
    let stack = stack().await?;
    let created = create(stack.dev(), &json!({"scopes": ["reports:read"]})).await?;
    let key = ApiKey::parse(text_at(&created, "/key")).expect("a key");
    let keys = Keys::at(stack.sdk(), stack.names().access_tables());
    let (other_task, start) = (KeyCache::default(), service_runtime::clock::now());
    let is_accepted = async |seconds| {
        let now = start.plus(Duration::from_secs(seconds));
        other_task.caller(&keys, &key, LOCALHOST, now).await.is_ok()
    };
    assert!(is_accepted(0).await);
    assert_eq!(delete(stack.dev(), text_at(&created, "/id")).await?.status(), StatusCode::NO_CONTENT);
    assert!(is_accepted(9).await, "the cached record is used");
    assert!(!is_accepted(20).await);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_another_tenant_do_not_exist() -> Result<()> {
    let (stack, label) = (stack().await?, "of dev");
    let created = create(stack.dev(), &json!({"scopes": ["reports:read"], "label": label})).await?;
    let acme = stack.acme_client()?;
    assert_eq!(listed(stack.dev(), label).await?.len(), 1);
    assert!(listed(&acme, label).await?.is_empty());
    let mut bodies = Vec::new();
    for id in [text_at(&created, "/id"), "0000000000000000", "x", "%ff"] {
        let answers = [delete(&acme, id).await?, acme.post(&format!("/v1/keys/{id}/rotate")).await?];
        for answer in answers {
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{id}");
            let mut problem: Value = answer.json().await?;
            problem.as_object_mut().expect("a problem").remove("instance");
            bodies.push(problem);
        }
    }
    assert_eq!(bodies[0]["code"], "key_not_found");
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the answers do not differ: {bodies:?}");
    assert_eq!(read_with(&stack, &created).await?, StatusCode::OK, "the key is unchanged");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_a_request_is_told_and_nothing_is_created() -> Result<()> {
    let stack = stack().await?;
    let count = async || anyhow::Ok(listed(stack.dev(), "made by local-stack").await?.len());
    let before = count().await?;
    let body =
        json!({"scopes": ["admin", "reports:delete"], "label": "", "expiresInDays": 0, "tenant": "acme"});
    let answer = post(stack.dev(), "/v1/keys", &body).await?;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await?;
    let found: Vec<(&str, &str)> = problem["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| (text_at(error, "/pointer"), text_at(error, "/code")))
        .collect();
    let expected = [
        ("/expiresInDays", "out_of_range"),
        ("/label", "label_invalid"),
        ("/scopes/1", "scope_unknown"),
        ("/tenant", "unknown_field"),
    ];
    assert_eq!(found, expected);

    let created = create(stack.dev(), &json!({"scopes": ["usage:read"]})).await?;
    let path = format!("/v1/keys/{}/rotate", text_at(&created, "/id"));
    for (body, pointer) in [(json!({"overlapHours": 8761}), "/overlapHours"), (json!({"hours": 1}), "/hours")]
    {
        let answer = post(stack.dev(), &path, &body).await?;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.json::<Value>().await?["errors"][0]["pointer"], pointer);
    }
    let text = stack.dev().request(Method::POST, &path).body("{}").send().await?;
    assert_eq!(text.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "a body is JSON");
    let large = json!({"scopes": ["admin"], "label": "x".repeat(5_000)});
    assert_eq!(post(stack.dev(), "/v1/keys", &large).await?.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(count().await?, before);
    stack.stop().await
}
