//! Batches: each request has its own result, a repetition is harmless, and a thousand requests are accepted
//! at once.
use std::collections::BTreeSet;

use crate::support::{clean_company, sanctioned_company, text_at, with_fields};
use anyhow::Result;
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

async fn send(stack: &TestStack, key: Option<&str>, body: &Value) -> Result<Response> {
    let mut request = stack.dev().request(Method::POST, "/v1/reports/batch").json(body);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    Ok(request.send().await?)
}

async fn results(stack: &TestStack, key: Option<&str>, body: &Value) -> Result<(Vec<Value>, bool)> {
    let answer = send(stack, key, body).await?;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let replayed = answer.headers().contains_key("idempotency-replayed");
    let body: Value = answer.json().await?;
    Ok((body["results"].as_array().unwrap().clone(), replayed))
}

fn item(custom_id: &str, request: Value) -> Value {
    with_fields(request, json!({ "customId": custom_id }))
}

async fn without_worker() -> Result<TestStack> {
    TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_has_its_own_result_and_an_invalid_one_rejects_no_other() -> Result<()> {
    let stack = TestStack::start().await?;
    let body = json!({"reports": [
        item("a", clean_company()),
        item("b", with_fields(clean_company(), json!({"country": "ZZ", "colour": "red"}))),
        item("a", sanctioned_company()),
        clean_company(),
        "nonsense",
        item("c", sanctioned_company()),
    ]});
    let (results, replayed) = results(&stack, None, &body).await?;
    let ids: Vec<&Value> = results.iter().map(|result| &result["customId"]).collect();
    assert_eq!(ids, [&json!("a"), &json!("b"), &json!("a"), &Value::Null, &Value::Null, &json!("c")]);
    assert!(!replayed);
    let codes: Vec<BTreeSet<&str>> = results
        .iter()
        .map(|result| {
            let errors = result["error"]["errors"].as_array().into_iter().flatten();
            errors.map(|error| text_at(error, "/code")).collect()
        })
        .collect();
    assert_eq!(codes[1], ["country_unknown", "unknown_field"].into());
    assert_eq!((&codes[2], &codes[3]), (&["custom_id_repeated"].into(), &["custom_id_invalid"].into()));
    assert_eq!(codes[4], ["wrong_type"].into());
    let pointer = text_at(&results[4], "/error/errors/0/pointer");
    assert_eq!(pointer, "/reports/4");
    for (index, level) in [(0, "LOW"), (5, "HIGH")] {
        let id = text_at(&results[index], "/report/reportId");
        assert_eq!(results[index].get("error"), None);
        assert_eq!(stack.dev().wait_for_end(id).await?["riskLevel"], level);
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_or_a_part_of_it_can_be_repeated_under_its_idempotency_key() -> Result<()> {
    let stack = without_worker().await?;
    let body = json!({"reports": [item("a", clean_company()), item("b", sanctioned_company())]});
    let (first, replayed) = results(&stack, Some("batch-1"), &body).await?;
    assert!(!replayed);
    let (again, replayed) = results(&stack, Some("batch-1"), &body).await?;
    assert!(replayed);
    let ids = |results: &[Value]| -> Vec<String> {
        results.iter().map(|result| text_at(result, "/report/reportId").to_owned()).collect()
    };
    assert_eq!(ids(&first), ids(&again));
    // This batch has one more request than the first, and one request has a different body.
    let other = with_fields(sanctioned_company(), json!({"purpose": "another"}));
    let body = json!({"reports": [item("c", clean_company()), item("a", clean_company()), item("b", other)]});
    let (more, replayed) = results(&stack, Some("batch-1"), &body).await?;
    assert!(!replayed);
    assert_eq!(text_at(&more[1], "/report/reportId"), ids(&first)[0]);
    assert_eq!(text_at(&more[2], "/error/code"), "idempotency_key_reused");
    let (elsewhere, _) =
        results(&stack, Some("batch-2"), &json!({"reports": [item("a", clean_company())]})).await?;
    assert_ne!(ids(&elsewhere)[0], ids(&first)[0]);
    let listed: Value = stack.dev().get("/v1/reports?pageSize=100").await?.json().await?;
    assert_eq!(listed["reports"].as_array().unwrap().len(), 4);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_reports_are_recorded_and_queued_in_few_requests_to_aws() -> Result<()> {
    let stack = without_worker().await?;
    let items: Vec<Value> = (0..1_000)
        .map(|number| {
            item(
                &format!("row-{number}"),
                with_fields(clean_company(), json!({"purpose": format!("row {number}")})),
            )
        })
        .collect();
    let before = stack.aws_calls();
    let (results, _) = results(&stack, None, &json!({"reports": items})).await?;
    let ids: BTreeSet<&str> = results.iter().map(|result| text_at(result, "/report/reportId")).collect();
    assert_eq!(ids.len(), 1_000);
    let calls: u64 = stack.aws_calls().values().sum::<u64>() - before.values().sum::<u64>();
    assert!(calls <= 40 + 100 + 20, "{calls} requests");
    let messages = stack
        .clients()
        .sqs
        .get_queue_attributes()
        .queue_url(&stack.infrastructure().queues().queue_url)
        .attribute_names(aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages)
        .send()
        .await?;
    let count = messages.attributes.unwrap_or_default().into_values().next();
    assert_eq!(count.as_deref(), Some("1000"));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_batch_is_rejected_as_a_whole() -> Result<()> {
    let stack = without_worker().await?;
    let too_many: Vec<Value> = (0..1_001).map(|number| item(&number.to_string(), clean_company())).collect();
    for (body, code) in [
        (json!([]), "wrong_type"),
        (json!({}), "required"),
        (json!({"reports": {}}), "wrong_type"),
        (json!({"reports": []}), "count_invalid"),
        (json!({"reports": too_many}), "count_invalid"),
        (json!({"reports": [clean_company()], "more": 1}), "unknown_field"),
        (json!({"reports": vec![0; 50_000]}), "count_invalid"),
    ] {
        let answer = send(&stack, None, &body).await?;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{code}");
        let problem: Value = answer.json().await?;
        assert_eq!(text_at(&problem, "/errors/0/code"), code);
    }
    let large = json!({"reports": [item("a", with_fields(clean_company(), json!({"purpose": "x".repeat(5_000_000)})))]});
    assert_eq!(send(&stack, None, &large).await?.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let values = json!({"reports": vec![0; 70_000]});
    assert_eq!(send(&stack, None, &values).await?.status(), StatusCode::PAYLOAD_TOO_LARGE, "too many values");
    let anonymous = reqwest::Client::new().post(format!("{}/v1/reports/batch", stack.api_url()));
    assert_eq!(anonymous.json(&json!({})).send().await?.status(), StatusCode::UNAUTHORIZED);
    stack.stop().await
}
