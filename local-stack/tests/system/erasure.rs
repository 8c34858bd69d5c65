//! Erasure: a report that a person erases is gone at once for everybody, and soon from table and bucket, whatever
//! fails on the way.
use std::time::Duration;

use crate::support::{clean_company, sanctioned_company, with_fields};
use anyhow::{Context as _, Result};
use aws_adapters::table::{Details, DuePartition, ErasureRequest, Executed, Work};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{identity::Tenant, lifecycle::Command, lifecycle::Policy};
use local_stack::TestStack;
use local_stack::aws::Service;
use local_stack::fault_proxy;
use local_stack::stack::{Component, Options};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service_runtime::clock::Clock;

fn dev() -> Tenant {
    "dev".parse().unwrap()
}

async fn erase(stack: &TestStack, id: &str) -> Result<(StatusCode, Value)> {
    let answer = stack.dev().request(Method::DELETE, &format!("/v1/reports/{id}")).send().await?;
    Ok((answer.status(), answer.json().await.unwrap_or(Value::Null)))
}

/// Returns the keys of everything that the bucket holds of the report.
async fn objects(stack: &TestStack, id: &str) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    for kind in ["reports", "work"] {
        let request = stack.clients().s3.list_objects_v2().bucket(&stack.infrastructure().names().bucket);
        let listed = request.prefix(format!("{kind}/dev/{id}/")).send().await?;
        keys.extend(listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
    }
    Ok(keys)
}

async fn has_item(stack: &TestStack, id: &str) -> Result<bool> {
    let request = stack.clients().dynamodb.get_item().table_name(&stack.infrastructure().names().table);
    let read = request.key("pk", AttributeValue::S(format!("R#dev#{id}"))).consistent_read(true);
    Ok(read.send().await?.item.is_some())
}

/// Waits until the item of the report is deleted, which is the last step.
async fn until_erased(stack: &TestStack, id: &str) -> Result<()> {
    while has_item(stack, id).await? {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Makes the report due now: after an error, the next turn of an erasure comes minutes later.
async fn bring_forward(stack: &TestStack, id: &str) -> Result<()> {
    let now = service_runtime::clock::now().epoch_millis();
    let request = stack.clients().dynamodb.update_item().table_name(&stack.infrastructure().names().table);
    request
        .key("pk", AttributeValue::S(format!("R#dev#{id}")))
        .update_expression("SET due_at = :now")
        .expression_attribute_values(":now", AttributeValue::N(now.to_string()))
        .send()
        .await?;
    Ok(())
}

async fn completed(stack: &TestStack, request: &Value) -> Result<String> {
    let id = stack.dev().submit_accepted(request).await?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    Ok(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_report_is_gone_at_once_and_its_files_soon() -> Result<()> {
    let stack = TestStack::start().await?;
    let kept = completed(&stack, &sanctioned_company()).await?;
    let company = with_fields(clean_company(), json!({"callbackUrl": "https://receiver.example.com/hook"}));
    let id = completed(&stack, &company).await?;
    assert_eq!(objects(&stack, &id).await?.len(), 8, "files and work files");

    let lists = || {
        let calls = stack.aws_calls();
        calls.get(&(Service::S3, "ListObjectVersions".to_owned())).copied().unwrap_or_default()
    };
    let before = lists();
    assert_eq!(erase(&stack, &id).await?, (StatusCode::NO_CONTENT, Value::Null));
    for path in ["", "/events", "/document", "/artifacts/pdf", "/callback"] {
        let answer = stack.dev().get(&format!("/v1/reports/{id}{path}")).await?;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/cancel", "/resubmit", "/callback/resend"] {
        let answer = stack.dev().post(&format!("/v1/reports/{id}{path}")).await?;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let (status, problem) = erase(&stack, &id).await?;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("report_not_found")));
    let list: Value = stack.dev().get("/v1/reports").await?.json().await?;
    let ids: Vec<&Value> = list["reports"].as_array().unwrap().iter().map(|r| &r["reportId"]).collect();
    assert_eq!(ids, [&json!(kept)]);

    until_erased(&stack, &id).await?;
    assert_eq!(objects(&stack, &id).await?, Vec::<String>::new());
    assert_eq!(lists() - before, 6, "two folders of the report, and four for the copies of a hold");
    assert_eq!(objects(&stack, &kept).await?.len(), 8, "the files of other reports stay");
    assert_eq!(stack.dev().get(&format!("/v1/reports/{kept}")).await?.status(), StatusCode::OK);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_reaches_the_copies_in_another_region() -> Result<()> {
    let mut options = TestStack::options();
    for (name, value) in
        [("DOSSIER_COPY_BUCKET", "arn:aws:s3:::copies"), ("DOSSIER_COPY_REGION", "us-east-1")]
    {
        options.settings.insert(name.to_owned(), value.to_owned());
    }
    let stack = TestStack::with(options).await?;
    let s3 = &stack.clients().s3;
    let [erased, kept] =
        [completed(&stack, &clean_company()).await?, completed(&stack, &clean_company()).await?];
    s3.create_bucket().bucket("copies").send().await?;
    let keys = [&erased, &kept].map(|id| format!("reports/dev/{id}/1/report.json"));
    for key in &keys {
        s3.put_object().bucket("copies").key(key).body(b"{}".to_vec().into()).send().await?;
    }
    assert_eq!(erase(&stack, &erased).await?.0, StatusCode::NO_CONTENT);
    until_erased(&stack, &erased).await?;
    let listed = s3.list_objects_v2().bucket("copies").send().await?;
    let left: Vec<_> = listed.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(left, [keys[1].as_str()]);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_has_not_ended_is_not_erased() -> Result<()> {
    let options = Options { without: vec![Component::Worker], ..TestStack::options() };
    let stack = TestStack::with(options).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let (status, problem) = erase(&stack, &id).await?;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("transition_not_allowed")));
    assert_eq!(problem["detail"], "the report is PENDING: cancel it, and erase it once it is CANCELLED");
    assert_eq!(stack.dev().get(&format!("/v1/reports/{id}")).await?.status(), StatusCode::OK);

    let unknown = uuid::Uuid::now_v7().to_string();
    for id in [unknown.as_str(), "nonsense"] {
        assert_eq!(erase(&stack, id).await?.0, StatusCode::NOT_FOUND, "{id}");
    }
    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    assert_eq!(erase(&stack, &id).await?.0, StatusCode::NO_CONTENT);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_makes_a_new_report_once_the_old_one_is_erased() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let submit = async |stack: &TestStack| {
        let request = stack.dev().request(Method::POST, "/v1/reports").json(&clean_company());
        request.header("idempotency-key", "key-1").send().await
    };
    let first: Value = submit(&stack).await?.json().await?;
    let id = first["reportId"].as_str().context("an id")?.to_owned();
    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    assert_eq!(erase(&stack, &id).await?.0, StatusCode::NO_CONTENT);

    // No worker runs, so its erasure is not finished.
    let again = submit(&stack).await?;
    assert_eq!(again.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(again.headers()["retry-after"], "60");
    let problem: Value = again.json().await?;
    assert_eq!((&problem["code"], &problem["retryable"]), (&json!("unavailable"), &json!(true)));
    let batch = json!({"reports": [with_fields(clean_company(), json!({"customId": "a"}))]});
    assert!(
        stack
            .dev()
            .request(Method::POST, "/v1/reports/batch")
            .json(&batch)
            .send()
            .await?
            .status()
            .is_success()
    );

    let worker = stack.start_worker(&[])?;
    until_erased(&stack, &id).await?;
    let again = submit(&stack).await?;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert!(!again.headers().contains_key("idempotency-replayed"), "it is another report");
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_fails_halfway_is_finished_later() -> Result<()> {
    let proxy = Some(fault_proxy::Options::default());
    let stack = TestStack::with(Options { fault_proxy: proxy, ..TestStack::options() }).await?;
    let id = completed(&stack, &clean_company()).await?;
    let plan = stack.fault_proxy().unwrap().plan();
    plan.set(vec!["S3.DeleteObject=unavailable:1".parse().unwrap()]);
    assert_eq!(erase(&stack, &id).await?.0, StatusCode::NO_CONTENT);
    while plan.total(fault_proxy::WireFault::Unavailable) < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(has_item(&stack, &id).await?, "the item is the promise to go on");
    assert_eq!(objects(&stack, &id).await?.len(), 8);
    assert_eq!(erase(&stack, &id).await?.0, StatusCode::NOT_FOUND, "it exists for nobody");

    plan.set(Vec::new());
    bring_forward(&stack, &id).await?;
    until_erased(&stack, &id).await?;
    assert_eq!(objects(&stack, &id).await?, Vec::<String>::new());
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_one_erases_and_no_command_brings_a_report_back() -> Result<()> {
    let without = vec![Component::Worker];
    let stack = TestStack::with(Options { without, ..TestStack::options() }).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    let (aws, settings) = stack.adapters_at(&Clock::system())?;
    let id = id.parse()?;
    let now = service_runtime::clock::now();
    for _ in 0..2 {
        // A repetition after a lost answer finds itself.
        let requested = aws.table.request_erasure(&dev(), id, now).await?;
        assert!(matches!(requested, ErasureRequest::Accepted), "{requested:?}");
    }
    for partition in DuePartition::all() {
        let due = aws.table.due(partition, now, 10, None).await?.entries;
        let is_due = due.iter().any(|due| due.work == Work::Report { tenant: dev(), id });
        assert_eq!(
            is_due,
            partition == DuePartition::Erasures,
            "{partition}: no erasure stands before a report that waits"
        );
    }
    let later = now.plus(Duration::from_secs(1));
    let requested = aws.table.request_erasure(&dev(), id, later).await?;
    assert!(matches!(requested, ErasureRequest::Missing), "{requested:?}");
    let (details, policy) = (Details::default(), Policy::default());
    let executed = aws.table.execute(&dev(), id, &Command::Resubmit, &details, later, &policy).await?;
    assert!(matches!(executed, Executed::Rejected(None)), "{executed:?}");
    assert!(aws.table.resend_webhook(&dev(), id, later).await?.is_none());

    let report = aws.table.get_or_erasing(&dev(), id).await?.context("it waits for its erasure")?;
    assert!(report.expires_at > now.plus(settings.policy.deadline), "its time to live does not end first");
    assert!(aws.table.claim_erasure(&dev(), id, now).await?);
    assert!(!aws.table.claim_erasure(&dev(), id, later).await?, "another worker has its turn");
    let minutes_later = now.plus(Duration::from_secs(600));
    assert!(aws.table.claim_erasure(&dev(), id, minutes_later).await?, "that worker vanished");
    for _ in 0..2 {
        aws.table.finish_erasure(&dev(), id).await?;
    }
    assert!(aws.table.get_or_erasing(&dev(), id).await?.is_none());
    stack.stop().await
}
