//! The table of keys and webhook secrets: secrets are sealed for their tenant, and what version 0.2 keeps in the table
//! of reports works until it is moved, and after that.
use std::collections::HashMap;

use crate::support::recorded::recordings;
use crate::support::text_at;
use anyhow::{Context as _, Result};
use api_service::api_keys::{KeysCommand, create, run};
use aws_adapters::keys::Keys;
use aws_adapters::settings::AccessTables;
use aws_adapters::webhook_secrets::WebhookSecrets;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::access::Scope;
use domain::identity::Tenant;
use local_stack::TestStack;
use local_stack::stack::client::Client;
use local_stack::stack::{Component, Options};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

type Item = HashMap<String, AttributeValue>;

async fn stack() -> Result<TestStack> {
    TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await
}

/// Returns the tables as version 0.2 uses them: everything is in the table of reports.
fn of_version_0_2(stack: &TestStack) -> AccessTables {
    let table = stack.names().table.clone();
    AccessTables { current: table.clone(), former: table }
}

/// Returns the tables as if nothing was ever in the table of reports.
fn access_table_alone(stack: &TestStack) -> AccessTables {
    let table = stack.names().access_table.clone();
    AccessTables { current: table.clone(), former: table }
}

fn key(pk: &str) -> AttributeValue {
    AttributeValue::S(pk.to_owned())
}

async fn item(stack: &TestStack, table: &str, pk: &str) -> Result<Item> {
    let request = stack.clients().dynamodb.get_item().table_name(table).key("pk", key(pk));
    Ok(request.consistent_read(true).send().await?.item.unwrap_or_default())
}

/// Runs `keys migrate` for `tenant`, and returns what it prints.
async fn migrate(stack: &TestStack, tenant: &Tenant) -> Result<Value> {
    let (aws, now) = (stack.adapters()?.0, service_runtime::clock::now());
    let mut output = Vec::new();
    let command = KeysCommand::Migrate { tenant: tenant.clone() };
    run(command, &aws.keys, &aws.webhook_secrets, now, &mut output).await?;
    Ok(serde_json::from_slice(&output)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_keys_of_version_0_2_can_be_listed_revoked_and_moved() -> Result<()> {
    let stack = stack().await?;
    let recordings = recordings("recorded")?;
    let recorded = recordings.iter().find(|recorded| recorded.version == "0.2.0").context("0.2.0")?;
    recorded.restore(&stack).await?;
    let ids: Vec<String> = recorded
        .others
        .iter()
        .filter(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("K#")))
        .filter(|item| item["key_tenant"]["S"] == "dev")
        .map(|item| text_at(&item["key_id"], "/S").to_owned())
        .collect();
    assert!(!ids.is_empty());
    let listed: Value = stack.dev().get("/v1/keys").await?.error_for_status()?.json().await?;
    let listed = listed["keys"].as_array().context("keys")?;
    assert!(ids.iter().all(|id| listed.iter().any(|key| key["id"] == id.as_str())), "{listed:?}");

    // A revocation is seen by tasks of version 0.2 as well.
    let revoked = &ids[0];
    let path = format!("/v1/keys/{revoked}");
    let answer = stack.dev().request(Method::DELETE, &path).send().await?;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let version_0_2 = Keys::at(stack.sdk(), of_version_0_2(&stack));
    let record = version_0_2.get(&revoked.parse()?).await?.context("the key")?;
    assert!(record.revoked_at.is_some());

    let dev: Tenant = "dev".parse()?;
    assert_eq!(migrate(&stack, &dev).await?["keys"], ids.len());
    assert_eq!(migrate(&stack, &dev).await?["keys"], 0, "it can be repeated");
    let moved = Keys::at(stack.sdk(), access_table_alone(&stack));
    for id in &ids {
        let id = id.parse()?;
        assert_eq!(moved.get(&id).await?, version_0_2.get(&id).await?);
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_with_keys_of_version_0_2_notice_nothing() -> Result<()> {
    let stack = stack().await?;
    let version_0_2 = Keys::at(stack.sdk(), of_version_0_2(&stack));
    let (tenant, now): (Tenant, _) = ("globex".parse()?, service_runtime::clock::now());
    let scopes = || [Scope::ReportsRead].into_iter().collect();
    let kept = create(&version_0_2, tenant.clone(), scopes(), None, None, now).await?;
    let ended = create(&version_0_2, tenant.clone(), scopes(), None, None, now).await?;
    let client = Client::new(stack.api_url(), kept.key.text().clone())?;
    assert_eq!(client.get("/v1/reports").await?.status(), StatusCode::OK);
    assert_eq!(
        migrate(&stack, &tenant).await?,
        json!({"tenant": "globex", "keys": 2, "webhookSecrets": false})
    );
    assert_eq!(client.get("/v1/reports").await?.status(), StatusCode::OK);

    // A copy stays for a rollback. Whatever ends the key ends both, and what only the copy has is moved, too.
    let moved = Keys::at(stack.sdk(), access_table_alone(&stack));
    stack.adapters()?.0.keys.revoke(&kept.record.id, now).await?.context("the key")?;
    version_0_2.revoke(&ended.record.id, now).await?.context("the key")?;
    assert_eq!(migrate(&stack, &tenant).await?["keys"], 0);
    for id in [&kept.record.id, &ended.record.id] {
        for keys in [&moved, &version_0_2] {
            assert_eq!(keys.get(id).await?.context("the key")?.revoked_at, Some(now));
        }
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn webhook_secrets_of_version_0_2_sign_until_they_are_moved_and_after() -> Result<()> {
    let stack = stack().await?;
    let (aws, now) = (stack.adapters()?.0, service_runtime::clock::now());
    let version_0_2 = WebhookSecrets::at(stack.sdk(), of_version_0_2(&stack), None);
    let (table, access) = (stack.names().table.as_str(), stack.names().access_table.as_str());
    let text = async |secrets: &WebhookSecrets, tenant: &Tenant| {
        let signing = secrets.signing(tenant, now).await?;
        anyhow::Ok(signing.iter().map(|one| one.text().expose_secret().to_owned()).collect::<Vec<_>>())
    };
    let (dev, acme): (Tenant, Tenant) = ("dev".parse()?, "acme".parse()?);
    for tenant in [&dev, &acme] {
        version_0_2.of(tenant, now, rand::random()).await?;
        assert_eq!(text(&aws.webhook_secrets, tenant).await?, text(&version_0_2, tenant).await?);
        assert!(item(&stack, access, &format!("W#{tenant}")).await?.is_empty());
    }
    let old = text(&version_0_2, &dev).await?;
    let read: Value = stack.dev().get("/v1/callbacks/secret").await?.json().await?;
    assert_eq!(read["secret"], old[0].as_str());

    // A rotation stores both secrets in the access table; version 0.2 signs with the old one, which is valid for
    // another day.
    let rotated: Value =
        stack.dev().post("/v1/callbacks/secret/rotate").await?.error_for_status()?.json().await?;
    let both = text(&aws.webhook_secrets, &dev).await?;
    assert_eq!(both, [text_at(&rotated, "/secret"), old[0].as_str()]);
    assert_eq!(text(&version_0_2, &dev).await?, old);

    for (tenant, signing) in [(&dev, both), (&acme, text(&version_0_2, &acme).await?)] {
        assert_eq!(migrate(&stack, tenant).await?["webhookSecrets"], true);
        assert_eq!(migrate(&stack, tenant).await?["webhookSecrets"], false, "it can be repeated");
        assert_eq!(text(&aws.webhook_secrets, tenant).await?, signing);
        let pk = format!("W#{tenant}");
        assert_eq!(
            item(&stack, table, &pk).await?.into_keys().collect::<Vec<_>>(),
            ["pk"],
            "nothing is left"
        );
        assert!(item(&stack, access, &pk).await?.contains_key("sealed"));
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_secret_opens_for_its_own_tenant_alone() -> Result<()> {
    let stack = stack().await?;
    let (aws, now) = (stack.adapters()?.0, service_runtime::clock::now());
    let (dev, acme): (Tenant, Tenant) = ("dev".parse()?, "acme".parse()?);
    let of_dev = aws.webhook_secrets.of(&dev, now, rand::random()).await?.remove(0).text();
    let access = stack.names().access_table.as_str();
    let mut stored = item(&stack, access, "W#dev").await?;
    let names: Vec<&str> = stored.keys().map(String::as_str).filter(|name| *name != "pk").collect();
    assert!(names.len() == 2 && names.contains(&"sealed") && names.contains(&"version"), "{names:?}");
    let sealed = stored["sealed"].as_b().expect("bytes").clone().into_inner();
    let secret = of_dev.expose_secret().trim_start_matches("whsec_").as_bytes();
    assert!(!sealed.windows(secret.len()).any(|window| window == secret), "the secret is not readable");

    // Copied to another tenant, it cannot be opened.
    stored.insert("pk".to_owned(), key("W#acme"));
    let put = stack.clients().dynamodb.put_item().table_name(access).set_item(Some(stored));
    put.send().await?;
    let error = aws.webhook_secrets.signing(&acme, now).await.unwrap_err();
    assert_eq!((error.service, error.code.as_str()), ("KMS", "InvalidCiphertextException"));

    // Without the key, the error says what to set, and new secrets are stored in clear. With the key they can be
    // read, and the next change seals them.
    let tables = stack.names().access_tables();
    let without_key = WebhookSecrets::at(stack.sdk(), tables, None);
    let error = without_key.signing(&dev, now).await.unwrap_err();
    assert!(error.detail.contains("DOSSIER_SECRETS_KMS_KEY_ID"), "{error}");
    let globex: Tenant = "globex".parse()?;
    let clear = without_key.of(&globex, now, rand::random()).await?.remove(0).text();
    let read = aws.webhook_secrets.signing(&globex, now).await?.remove(0).text();
    assert_eq!(read.expose_secret(), clear.expose_secret());
    aws.webhook_secrets.rotate(&globex, now, std::time::Duration::from_secs(60), rand::random()).await?;
    let stored = item(&stack, access, "W#globex").await?;
    assert!(stored.contains_key("sealed") && !stored.contains_key("secrets"), "{:?}", stored.keys());
    stack.stop().await
}
