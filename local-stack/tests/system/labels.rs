//! What clients store with a report for themselves: the customId of a batch, and metadata.
use crate::support::{clean_company, sanctioned_company, text_at, with_fields};
use anyhow::Result;
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn without_worker() -> Result<TestStack> {
    TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await
}

async fn submit(stack: &TestStack, body: &Value) -> Result<(StatusCode, Value)> {
    let request = stack.dev().request(Method::POST, "/v1/reports").header("idempotency-key", "k");
    let answer = request.json(body).send().await?;
    Ok((answer.status(), answer.json().await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_returned_and_belongs_to_the_request() -> Result<()> {
    let stack = without_worker().await?;
    let with_metadata = |metadata: Value| with_fields(clean_company(), json!({ "metadata": metadata }));
    let body = with_metadata(json!({"caseId": "K-17", "team": "審査"}));
    let (status, report) = submit(&stack, &body).await?;
    assert_eq!((status, &report["metadata"]), (StatusCode::ACCEPTED, &body["metadata"]));
    assert_eq!(report["customId"], Value::Null);
    let id = text_at(&report, "/reportId");
    let read: Value = stack.dev().get(&format!("/v1/reports/{id}")).await?.json().await?;
    assert_eq!(read["metadata"], body["metadata"]);
    let listed: Value = stack.dev().get("/v1/reports").await?.json().await?;
    assert_eq!(listed["reports"][0]["metadata"], body["metadata"]);

    assert_eq!(submit(&stack, &body).await?.1["reportId"], id);
    for other in [json!({"caseId": "K-18", "team": "審査"}), json!({}), Value::Null] {
        let (status, problem) = submit(&stack, &with_metadata(other)).await?;
        assert_eq!((status.as_u16(), text_at(&problem, "/code")), (422, "idempotency_key_reused"));
    }
    let (status, problem) = submit(&stack, &with_metadata(json!({"a b": "", "c": 1}))).await?;
    assert_eq!((status.as_u16(), problem["errors"].as_array().unwrap().len()), (422, 2), "{problem}");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_custom_id_of_a_batch_is_returned_everywhere() -> Result<()> {
    let stack = without_worker().await?;
    let item = |id: &str, company| {
        with_fields(company, json!({"customId": id, "callbackUrl": "https://receiver.example/hook"}))
    };
    let body = json!({"reports": [item("row-1", clean_company()), item("row-2", sanctioned_company())]});
    let request = stack.dev().request(Method::POST, "/v1/reports/batch").json(&body);
    let results: Value = request.send().await?.error_for_status()?.json().await?;
    let id = text_at(&results, "/results/1/report/reportId");
    assert_eq!(text_at(&results, "/results/1/report/customId"), "row-2");
    let read: Value = stack.dev().get(&format!("/v1/reports/{id}")).await?.json().await?;
    assert_eq!(text_at(&read, "/customId"), "row-2");
    let listed: Value = stack.dev().get("/v1/reports").await?.json().await?;
    let mut listed: Vec<&str> =
        listed["reports"].as_array().unwrap().iter().map(|report| text_at(report, "/customId")).collect();
    listed.sort_unstable();
    assert_eq!(listed, ["row-1", "row-2"]);
    let csv = stack.dev().get("/v1/reports.csv").await?.text().await?;
    assert!(csv.lines().next().unwrap().ends_with(",customId"), "{csv}");
    assert!(csv.contains(",row-1\r\n") && csv.contains(",row-2\r\n"), "{csv}");
    let cancelled = stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    assert_eq!(text_at(&cancelled.json::<Value>().await?, "/customId"), "row-2");
    // The report has ended, so the stream of its events ends, too. What its receiver gets is tested with the webhooks.
    let events =
        stack.dev().get(&format!("/v1/reports/{id}/events")).await?.error_for_status()?.text().await?;
    let states: Vec<Value> = events
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    assert!(!states.is_empty() && states.iter().all(|state| state["customId"] == "row-2"), "{events}");
    let deliveries: Value = stack.dev().get("/v1/deliveries").await?.error_for_status()?.json().await?;
    assert_eq!(text_at(&deliveries, "/deliveries/0/customId"), "row-2");
    stack.stop().await
}
