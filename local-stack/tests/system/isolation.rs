//! Tenant isolation: no route, filter, token, stream, file or error reveals anything about another tenant.
use crate::support::{clean_company, sanctioned_company, text_at};
use anyhow::Result;
use api_service::router::document;
use local_stack::TestStack;
use local_stack::stack::client::Client;
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// Returns the status, body and header names of a response, without what differs for every request.
async fn answer(client: &Client, method: &str, path: &str) -> Result<(StatusCode, Value, Vec<String>)> {
    let answer = client.request(method.to_uppercase().parse()?, path).send().await?;
    let (status, mut names) = (answer.status(), Vec::new());
    for name in answer.headers().keys() {
        names.push(name.to_string());
    }
    names.sort();
    let mut body: Value = answer.json().await.unwrap_or(Value::Null);
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
    }
    Ok((status, body, names))
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_report_is_indistinguishable_from_a_missing_one() -> Result<()> {
    let stack = TestStack::start().await?;
    let (dev, acme) = (stack.dev(), stack.acme_client()?);
    let id = dev.submit_accepted(&sanctioned_company()).await?;
    dev.wait_for_end(&id).await?;
    let unknown = uuid::Uuid::now_v7().to_string();
    let mut compared = 0;
    for (path, operations) in serde_json::to_value(document())?["paths"].as_object().unwrap() {
        if !path.starts_with("/v1/reports/{id}") {
            continue;
        }
        for method in operations.as_object().unwrap().keys() {
            for kind in ["json", "evidence", "nonsense"] {
                let at = |id: &str| path.replace("{id}", id).replace("{kind}", kind);
                let theirs = answer(&acme, method, &at(&id)).await?;
                assert_eq!(theirs, answer(&acme, method, &at(&unknown)).await?, "{method} {path}");
                assert_eq!(theirs.0, StatusCode::NOT_FOUND, "{method} {path}");
                assert_eq!(theirs.1["code"], "report_not_found");
                compared += 1;
            }
        }
    }
    assert!(compared >= 24, "{compared}");
    assert_eq!(dev.wait_for_end(&id).await?["status"], "COMPLETED", "the report is unchanged");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_exports_usage_and_page_tokens_are_limited_to_the_tenant() -> Result<()> {
    let stack = TestStack::start().await?;
    let (dev, acme) = (stack.dev(), stack.acme_client()?);
    for _ in 0..3 {
        let id = dev.submit_accepted(&sanctioned_company()).await?;
        dev.wait_for_end(&id).await?;
    }
    let own = acme.submit_accepted(&clean_company()).await?;
    acme.wait_for_end(&own).await?;
    let json =
        async |client: &Client, path: &str| -> Result<Value> { Ok(client.get(path).await?.json().await?) };

    let first = json(dev, "/v1/reports?pageSize=1").await?;
    let token = text_at(&first, "/nextPageToken");
    for query in ["", "country=GB", "riskLevel=HIGH", "status=COMPLETED", &format!("pageToken={token}")] {
        let page = json(&acme, &format!("/v1/reports?{query}")).await?;
        let ids: Vec<&Value> =
            page["reports"].as_array().unwrap().iter().map(|report| &report["reportId"]).collect();
        assert!(ids.iter().all(|id| **id == own.as_str()), "{query}: {ids:?}");
    }
    let table = acme.get("/v1/reports.csv").await?.text().await?;
    assert!(table.contains(&own) && !table.contains("Calder"), "{table}");
    assert_eq!(json(&acme, "/v1/usage").await?["reports"], 1);
    assert_eq!(json(dev, "/v1/usage").await?["reports"], 3);

    // The same idempotency key of two tenants gives two reports, and their bodies may differ.
    let submit = async |client: &Client, company: Value| -> Result<Value> {
        let request = client.request(Method::POST, "/v1/reports").header("idempotency-key", "order-1");
        let answer = request.json(&company).send().await?;
        assert_eq!(
            (answer.status(), answer.headers().contains_key("idempotency-replayed")),
            (StatusCode::ACCEPTED, false)
        );
        Ok(answer.json().await?)
    };
    let (one, other) = (submit(dev, clean_company()).await?, submit(&acme, sanctioned_company()).await?);
    assert_ne!(one["reportId"], other["reportId"]);
    stack.stop().await
}
