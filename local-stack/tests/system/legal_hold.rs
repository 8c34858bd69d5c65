//! Legal hold: a held report is neither erased nor resubmitted, and outlives its retention with all files, whatever
//! fails on the way; a released one expires like any other.
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::support::{clean_company, text_at};
use anyhow::{Context as _, Result};
use aws_adapters::table::{Details, DuePartition, ErasureRequest, Executed, HoldRequest, Table, Work};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::artifact::sha256_hex;
use domain::identity::{ReportId, Tenant};
use domain::legal_hold::LegalHold;
use domain::lifecycle::{Command, Policy};
use domain::time::UtcTime;
use local_stack::TestStack;
use local_stack::fault_proxy::{self, Observer, Plan, WireFault};
use local_stack::stack::{Component, Options};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service_runtime::clock::{self, Clock};

const PAUSE: Duration = Duration::from_millis(20);

fn dev() -> Tenant {
    "dev".parse().unwrap()
}

async fn place(stack: &TestStack, id: &str, reason: &str) -> Result<(StatusCode, Value)> {
    let request = stack.dev().request(Method::PUT, &format!("/v1/reports/{id}/hold"));
    let answer = request.json(&json!({ "reason": reason })).send().await?;
    Ok((answer.status(), answer.json().await?))
}

async fn release(stack: &TestStack, id: &str) -> Result<StatusCode> {
    Ok(stack.dev().request(Method::DELETE, &format!("/v1/reports/{id}/hold")).send().await?.status())
}

async fn erase(stack: &TestStack, id: &str) -> Result<(StatusCode, Value)> {
    let answer = stack.dev().request(Method::DELETE, &format!("/v1/reports/{id}")).send().await?;
    Ok((answer.status(), answer.json().await.unwrap_or(Value::Null)))
}

async fn read(stack: &TestStack, id: &str) -> Result<Value> {
    Ok(stack.dev().get(&format!("/v1/reports/{id}")).await?.error_for_status()?.json().await?)
}

async fn completed(stack: &TestStack) -> Result<String> {
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    Ok(id)
}

async fn until_secured(stack: &TestStack, id: &str) -> Result<Value> {
    loop {
        let report = read(stack, id).await?;
        if report["legalHold"]["filesSecuredAt"].is_string() {
            return Ok(report);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Returns the keys of the objects of a report in the folders `kinds`.
async fn objects(stack: &TestStack, id: &str, kinds: [&str; 2]) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    for kind in kinds {
        let request = stack.clients().s3.list_objects_v2().bucket(&stack.infrastructure().names().bucket);
        let listed = request.prefix(format!("{kind}/dev/{id}/")).send().await?;
        keys.extend(listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
    }
    Ok(keys)
}

const ORIGINALS: [&str; 2] = ["reports", "work"];
const COPIES: [&str; 2] = ["held/reports", "held/work"];

/// Deletes the files and work files of a report, as the lifecycle rules of the bucket do at the end of the period.
async fn lifecycle_deletes_files(stack: &TestStack, id: &str) -> Result<()> {
    for key in objects(stack, id, ORIGINALS).await? {
        let request = stack.clients().s3.delete_object().bucket(&stack.infrastructure().names().bucket);
        request.key(key).send().await?;
    }
    Ok(())
}

async fn item(stack: &TestStack, pk: String) -> Result<Option<HashMap<String, AttributeValue>>> {
    let request = stack.clients().dynamodb.get_item().table_name(&stack.infrastructure().names().table);
    Ok(request.key("pk", AttributeValue::S(pk)).consistent_read(true).send().await?.item)
}

/// Sets a number of an item.
async fn set(stack: &TestStack, pk: String, attribute: &str, value: i64) -> Result<()> {
    let request = stack.clients().dynamodb.update_item().table_name(&stack.infrastructure().names().table);
    request
        .key("pk", AttributeValue::S(pk))
        .update_expression("SET #attribute = :value")
        .expression_attribute_names("#attribute", attribute)
        .expression_attribute_values(":value", AttributeValue::N(value.to_string()))
        .send()
        .await?;
    Ok(())
}

fn report_item(id: &str) -> String {
    format!("R#dev#{id}")
}

fn task_item(id: &str) -> String {
    format!("H#dev#{id}")
}

async fn until_gone(stack: &TestStack, pk: String) -> Result<()> {
    while item(stack, pk.clone()).await?.is_some() {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_report_outlives_its_retention_with_all_files() -> Result<()> {
    let stack = TestStack::start().await?;
    let id = completed(&stack).await?;
    let before = read(&stack, &id).await?;
    assert_eq!(before["legalHold"], Value::Null);
    let (status, placed) = place(&stack, &id, "case 2026/17").await?;
    assert_eq!((status, &placed["legalHold"]["reason"]), (StatusCode::OK, &json!("case 2026/17")));
    assert!(text_at(&placed, "/legalHold/placedBy").starts_with("key:"));
    assert_eq!(placed["expiresAt"], before["expiresAt"], "the end of its retention stays known");
    let held = until_secured(&stack, &id).await?;
    assert_eq!(held["legalHold"]["placedAt"], placed["legalHold"]["placedAt"]);
    until_gone(&stack, task_item(&id)).await?;

    // Its retention ends.
    let item = item(&stack, report_item(&id)).await?.context("the item")?;
    let time_to_live: i64 = item["expires_at"].as_n().unwrap().parse()?;
    let thousand_years = Duration::from_secs(1_000 * 365 * 24 * 3600);
    assert!(time_to_live > clock::now().plus(thousand_years).epoch_seconds(), "DynamoDB does not delete it");
    set(&stack, report_item(&id), "expires_after_hold", clock::now().epoch_seconds() - 1).await?;
    let originals = objects(&stack, &id, ORIGINALS).await?;
    lifecycle_deletes_files(&stack, &id).await?;
    let copies: Vec<String> = originals.iter().map(|key| format!("held/{key}")).collect();
    assert_eq!((copies.len(), objects(&stack, &id, COPIES).await?), (8, copies));

    let report = read(&stack, &id).await?;
    assert!(text_at(&report, "/expiresAt").parse::<UtcTime>()? < clock::now());
    let (aws, _) = stack.adapters()?;
    let record = aws.table.get(&dev(), id.parse()?).await?.context("the report exists")?;
    for (kind, artifact) in record.outcome.context("a result")?.artifacts {
        let link = text_at(&report, &format!("/links/{kind}"));
        let bytes = reqwest::get(link).await?.error_for_status()?.bytes().await?;
        assert_eq!(sha256_hex(&bytes), artifact.sha256, "{kind}");
    }
    let document = stack.dev().get(&format!("/v1/reports/{id}/document")).await?;
    assert_eq!(document.status(), StatusCode::OK);
    let list: Value = stack.dev().get("/v1/reports").await?.json().await?;
    assert_eq!(list["reports"][0]["legalHold"]["reason"], "case 2026/17");
    let (status, problem) = erase(&stack, &id).await?;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("legal_hold")));

    // Once it is released, nothing is left of it.
    assert_eq!(release(&stack, &id).await?, StatusCode::NO_CONTENT);
    assert_eq!(stack.dev().get(&format!("/v1/reports/{id}")).await?.status(), StatusCode::NOT_FOUND);
    until_gone(&stack, report_item(&id)).await?;
    until_gone(&stack, task_item(&id)).await?;
    assert_eq!(objects(&stack, &id, COPIES).await?, Vec::<String>::new());
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_released_in_time_expires_as_before() -> Result<()> {
    let stack = TestStack::start().await?;
    let id = completed(&stack).await?;
    let before = item(&stack, report_item(&id)).await?.context("the item")?;
    place(&stack, &id, "audit").await?;
    until_secured(&stack, &id).await?;
    assert_eq!(release(&stack, &id).await?, StatusCode::NO_CONTENT);
    until_gone(&stack, task_item(&id)).await?;
    assert_eq!(objects(&stack, &id, COPIES).await?, Vec::<String>::new());
    assert_eq!(objects(&stack, &id, ORIGINALS).await?.len(), 8);
    let after = item(&stack, report_item(&id)).await?.context("the item")?;
    assert_eq!(after["expires_at"], before["expires_at"]);
    for attribute in ["legal_hold", "expires_after_hold", "erasure_requested_at"] {
        assert!(!after.contains_key(attribute), "{attribute}");
    }
    let report = read(&stack, &id).await?;
    assert_eq!(report["legalHold"], Value::Null);
    let link = reqwest::get(text_at(&report, "/links/pdf")).await?;
    assert_eq!(link.status(), StatusCode::OK);
    // It can be erased again.
    assert_eq!(release(&stack, &id).await?, StatusCode::NO_CONTENT, "a repetition changes nothing");
    assert_eq!(erase(&stack, &id).await?.0, StatusCode::NO_CONTENT);
    until_gone(&stack, report_item(&id)).await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_report_that_has_ended_is_held_and_for_one_reason() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let (status, problem) = place(&stack, &id, "a").await?;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("transition_not_allowed")));
    assert_eq!(problem["detail"], "the report is PENDING: wait until it has ended, or cancel it");
    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    for reason in ["", "two\nlines"] {
        let (status, problem) = place(&stack, &id, reason).await?;
        let at = &problem["errors"][0]["pointer"];
        assert_eq!((status, at), (StatusCode::UNPROCESSABLE_ENTITY, &json!("/reason")), "{reason:?}");
    }
    let tag = async || -> Result<String> {
        let answer = stack.dev().get(&format!("/v1/reports/{id}")).await?;
        Ok(answer.headers()["etag"].to_str()?.to_owned())
    };
    let before = tag().await?;
    let (_, first) = place(&stack, &id, "a").await?;
    assert_ne!(tag().await?, before, "readers see the change");
    let (status, again) = place(&stack, &id, "a").await?;
    assert_eq!((status, &again["legalHold"]), (StatusCode::OK, &first["legalHold"]));
    let (status, problem) = place(&stack, &id, "b").await?;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("legal_hold")));
    let resubmitted = stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?;
    assert_eq!(resubmitted.status(), StatusCode::CONFLICT);
    assert_eq!(resubmitted.json::<Value>().await?["code"], "legal_hold");
    assert_eq!(release(&stack, &id).await?, StatusCode::NO_CONTENT);
    assert_eq!(stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?.status(), StatusCode::OK);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn copying_that_fails_halfway_is_finished_later() -> Result<()> {
    // S3 fails once three files are copied.
    let (copied, fail) = (AtomicU32::new(0), Arc::new(OnceLock::<Arc<Plan>>::new()));
    let failing = Arc::clone(&fail);
    let observer = Observer::new(move |exchange| {
        if exchange.operation == "S3.CopyObject" && copied.fetch_add(1, Ordering::SeqCst) == 2 {
            failing.get().unwrap().set(vec!["S3.CopyObject=unavailable:1".parse().unwrap()]);
        }
    });
    let proxy = Some(fault_proxy::Options { observer: Some(observer), ..fault_proxy::Options::default() });
    let stack = TestStack::with(Options { fault_proxy: proxy, ..TestStack::options() }).await?;
    let id = completed(&stack).await?;
    let plan = stack.fault_proxy().unwrap().plan();
    fail.set(Arc::clone(plan)).unwrap();
    assert_eq!(place(&stack, &id, "a").await?.0, StatusCode::OK);
    while plan.total(WireFault::Unavailable) < 3 {
        tokio::time::sleep(PAUSE).await;
    }
    let report = read(&stack, &id).await?;
    assert_eq!(report["legalHold"]["filesSecuredAt"], Value::Null);
    assert_eq!(objects(&stack, &id, COPIES).await?.len(), 3);
    assert_eq!(reqwest::get(text_at(&report, "/links/pdf")).await?.status(), StatusCode::OK, "the original");
    assert!(item(&stack, task_item(&id)).await?.is_some(), "the task is the promise to go on");

    // Its next turn comes minutes later; the test brings it forward.
    plan.set(Vec::new());
    set(&stack, task_item(&id), "due_at", clock::now().epoch_millis()).await?;
    until_secured(&stack, &id).await?;
    until_gone(&stack, task_item(&id)).await?;
    assert_eq!(objects(&stack, &id, COPIES).await?.len(), 8);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_and_its_task_are_written_together_or_not_at_all() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let changes = async || -> Result<Option<String>> {
        let task = item(&stack, task_item(&id)).await?;
        Ok(task.map(|task| task["changes"].as_n().unwrap().clone()))
    };
    assert_eq!(place(&stack, &id, "a").await?.0, StatusCode::CONFLICT, "it has not ended");
    assert_eq!(changes().await?, None);
    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    assert_eq!(place(&stack, &id, "a").await?.0, StatusCode::OK);
    assert_eq!(changes().await?.as_deref(), Some("1"));
    assert_eq!(place(&stack, &id, "b").await?.0, StatusCode::CONFLICT, "another reason");
    assert_eq!(changes().await?.as_deref(), Some("1"));
    assert_eq!(release(&stack, &id).await?, StatusCode::NO_CONTENT);
    assert_eq!(changes().await?.as_deref(), Some("2"));
    stack.stop().await
}

async fn due(table: &Table, id: ReportId, now: UtcTime) -> Result<bool> {
    for partition in DuePartition::all() {
        let page = table.due(partition, now, 10, None).await?;
        if page.entries.iter().any(|due| due.work == Work::Hold { tenant: dev(), id }) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_one_has_the_turn_and_a_release_during_it_is_not_forgotten() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    let (aws, _) = stack.adapters_at(&Clock::system())?;
    let (id, now): (ReportId, _) = (id.parse()?, clock::now());
    let (reason, placed_by) = ("a".to_owned(), "key:1".to_owned());
    let hold = LegalHold { reason, placed_by, placed_at: now, files_secured_at: None };
    let unknown = ReportId::from(uuid::Uuid::now_v7());
    let placed = aws.table.place_hold(&dev(), unknown, &hold, now).await?;
    assert!(matches!(placed, HoldRequest::Missing), "{placed:?}");
    for _ in 0..2 {
        // A repetition after a lost answer finds itself.
        let placed = aws.table.place_hold(&dev(), id, &hold, now).await?;
        assert!(matches!(placed, HoldRequest::Placed(_)), "{placed:?}");
    }
    let requested = aws.table.request_erasure(&dev(), id, now).await?;
    assert!(matches!(requested, ErasureRequest::Held), "{requested:?}");
    let (details, policy) = (Details::default(), Policy::default());
    let executed = aws.table.execute(&dev(), id, &Command::Resubmit, &details, now, &policy).await?;
    assert!(matches!(executed, Executed::Rejected(Some(_))), "{executed:?}");

    assert!(due(&aws.table, id, now).await?);
    let turn = aws.table.claim_hold_task(&dev(), id, now).await?.context("the first turn")?;
    assert!(aws.table.claim_hold_task(&dev(), id, now).await?.is_none(), "another worker has its turn");
    // The report is released while a worker copies its files, and held again: the worker's work does not count.
    let report = aws.table.get(&dev(), id).await?.context("the report")?;
    for _ in 0..2 {
        assert!(aws.table.release_hold(&report, now).await?);
    }
    assert!(!due(&aws.table, id, now).await?, "no other worker begins during the turn");
    let later = now.plus(Duration::from_secs(1));
    let second = LegalHold { placed_at: later, ..hold.clone() };
    aws.table.place_hold(&dev(), id, &second, later).await?;
    assert!(!aws.table.record_files_secured(&dev(), id, &hold, later).await?, "it copied for another hold");
    aws.table.finish_hold_task(&dev(), id, turn, later).await?;
    assert!(due(&aws.table, id, later).await?, "the hold has changed");

    let turn = aws.table.claim_hold_task(&dev(), id, later).await?.context("the second turn")?;
    for _ in 0..2 {
        assert!(aws.table.record_files_secured(&dev(), id, &second, later).await?);
    }
    // That worker vanishes before it has finished.
    let minutes_later = later.plus(Duration::from_secs(600));
    let again = aws.table.claim_hold_task(&dev(), id, minutes_later).await?.context("the third turn")?;
    for turn in [again, turn] {
        aws.table.finish_hold_task(&dev(), id, turn, minutes_later).await?;
    }
    assert!(!due(&aws.table, id, minutes_later).await?);
    let report = aws.table.get(&dev(), id).await?.context("the report")?;
    assert_eq!(report.legal_hold.and_then(|hold| hold.files_secured_at), Some(later));
    stack.stop().await
}
