//! Evidence belongs to its submission and has a maximum age: no report uses the work files of another one that
//! had the same id, and a resubmission gathers evidence again that is too old or lacks a mandatory source.
use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use domain::{
    artifact::{earlier_work_folder, snapshot_key},
    identity::ReportId,
};
use local_stack::{
    TestStack,
    faults::Faults,
    stack::{Component, Options},
};
use serde_json::{Value, json};

use crate::support::{clean_company, sanctioned_company, text_at};

const KEY: &str = "order-7";

fn faults(value: Value) -> Faults {
    Faults::from_json(&value).unwrap()
}

async fn submit(stack: &TestStack, request: &Value) -> Result<String> {
    let post = stack.dev().request(reqwest::Method::POST, "/v1/reports");
    let answer = post.header("idempotency-key", KEY).json(request).send().await?;
    assert_eq!(answer.status(), 202);
    Ok(text_at(&answer.json().await?, "/reportId").to_owned())
}

async fn document(stack: &TestStack, id: &str) -> Result<Value> {
    let report = stack.dev().wait_for_end(id).await?;
    assert_eq!(report["status"], "COMPLETED", "{report}");
    Ok(serde_json::from_slice(&stack.dev().download(text_at(&report, "/links/json")).await?)?)
}

/// Deletes the item, as DynamoDB's time to live does.
async fn delete_item(stack: &TestStack, id: &str) -> Result<()> {
    let delete = stack.clients().dynamodb.delete_item().table_name(&stack.names().table);
    delete.key("pk", AttributeValue::S(format!("R#dev#{id}"))).send().await?;
    Ok(())
}

/// Returns the keys of the evidence of the report `id`, in the order of their names.
async fn snapshot_keys(stack: &TestStack, id: &str) -> Result<Vec<String>> {
    let list = stack.clients().s3.list_objects_v2().bucket(&stack.names().bucket);
    let listed = list.prefix(format!("work/dev/{id}/")).send().await?;
    let keys = listed.contents().iter().filter_map(|object| object.key()).map(str::to_owned);
    Ok(keys.filter(|key| key.ends_with("/evidence.json")).collect())
}

async fn object(stack: &TestStack, key: &str) -> Result<Value> {
    let get = stack.clients().s3.get_object().bucket(&stack.names().bucket).key(key).send().await?;
    Ok(serde_json::from_slice(&get.body.collect().await?.into_bytes())?)
}

async fn put_object(stack: &TestStack, key: &str, value: &Value) -> Result<()> {
    let put = stack.clients().s3.put_object().bucket(&stack.names().bucket).key(key);
    put.body(ByteStream::from(serde_json::to_vec(value)?)).send().await?;
    Ok(())
}

/// Returns `snapshot` as if it had been stored two days ago.
fn two_days_old(mut snapshot: Value) -> Value {
    let past = service_runtime::clock::now().epoch_millis() - 2 * 86_400_000;
    let past = json!(domain::time::UtcTime::from_epoch_millis(past));
    for piece in snapshot["evidence"].as_array_mut().unwrap() {
        piece["retrievedAt"] = past.clone();
    }
    if snapshot.get("storedAt").is_some() {
        snapshot["storedAt"] = past;
    }
    snapshot
}

/// Fails if `document` shows anything that the sources know of the sanctioned company.
fn assert_is_of_clean_company(document: &Value) {
    assert_eq!(document["company"]["companyName"], clean_company()["companyName"], "{document:#}");
    let text = document.to_string();
    for stranger in [sanctioned_company()["companyName"].as_str().unwrap(), "Nordhavet"] {
        assert!(!text.contains(stranger), "evidence of another company: {stranger}: {document:#}");
    }
    assert_eq!(document["riskLevel"], "LOW");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_never_uses_work_files_of_a_deleted_report_with_the_same_id() -> Result<()> {
    let mut stack = TestStack::start().await?;
    let id = submit(&stack, &sanctioned_company()).await?;
    assert_eq!(document(&stack, &id).await?["riskLevel"], "HIGH");
    // An earlier version leaves its work files under the id alone.
    let keys = snapshot_keys(&stack, &id).await?;
    let earlier = snapshot_key(&earlier_work_folder(&"dev".parse()?, id.parse::<ReportId>()?));
    let snapshot = object(&stack, keys.first().context("the evidence was stored")?).await?;
    put_object(&stack, &earlier, &two_days_old(snapshot)).await?;
    delete_item(&stack, &id).await?;

    // The same Idempotency-Key gives the same id, now for another company.
    assert_eq!(submit(&stack, &clean_company()).await?, id);
    assert_is_of_clean_company(&document(&stack, &id).await?);

    // The same for a report that is cancelled before it gathers evidence, and resubmitted.
    delete_item(&stack, &id).await?;
    stack.stop_worker().await?;
    submit(&stack, &clean_company()).await?;
    assert_eq!(stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?.status(), 200);
    assert_eq!(stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?.status(), 200);
    let worker = stack.start_worker(&[])?;
    assert_is_of_clean_company(&document(&stack, &id).await?);
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_another_request_is_set_aside() -> Result<()> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_DEADLINE_SECONDS".to_owned(), "1".to_owned());
    let stack = TestStack::with(options).await?;
    stack.bedrock().faults().set(faults(json!({"error": 1})));
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "FAILED");
    let key = snapshot_keys(&stack, &id).await?.remove(0);
    let mut foreign = object(&stack, &key).await?;
    assert!(foreign["requestSha256"].is_string() && foreign["submission"].is_string(), "{foreign}");
    foreign["requestSha256"] = json!("00");
    foreign["evidence"][0]["text"] = json!("Nordhavet is listed.");
    put_object(&stack, &key, &foreign).await?;

    stack.bedrock().faults().set(Faults::default());
    stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?;
    assert_is_of_clean_company(&document(&stack, &id).await?);
    assert_eq!(object(&stack, &key).await?, foreign, "the foreign entry is kept for whoever finds out why");
    stack.stop().await
}

/// Fails a report, changes its stored evidence with `age`, resubmits it, and returns whether the sources were
/// asked again.
async fn asked_again(age: impl Fn(Value) -> Value) -> Result<bool> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_DEADLINE_SECONDS".to_owned(), "1".to_owned());
    let stack = TestStack::with(options).await?;
    stack.bedrock().faults().set(faults(json!({"error": 1})));
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "FAILED");
    let key = snapshot_keys(&stack, &id).await?.remove(0);
    put_object(&stack, &key, &age(object(&stack, &key).await?)).await?;
    let asked = stack.feeds().calls();

    stack.bedrock().faults().set(Faults::default());
    let resubmitted = service_runtime::clock::now();
    stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?;
    let document = document(&stack, &id).await?;
    let asked_again = stack.feeds().calls() != asked;
    for piece in document["evidence"].as_array().unwrap() {
        let retrieved: domain::time::UtcTime = text_at(piece, "/retrievedAt").parse()?;
        assert_eq!(retrieved >= resubmitted, asked_again, "{piece}");
    }
    assert_eq!(snapshot_keys(&stack, &id).await?.len(), if asked_again { 2 } else { 1 });
    stack.stop().await?;
    Ok(asked_again)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resubmission_gathers_evidence_again_if_it_is_older_than_the_maximum_age() -> Result<()> {
    assert!(!asked_again(|snapshot| snapshot).await?, "fresh evidence is kept");
    assert!(asked_again(two_days_old).await?, "evidence of two days ago is gathered again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resubmission_asks_a_missing_mandatory_source_again() -> Result<()> {
    let without_sanctions = |mut snapshot: Value| {
        for outcome in snapshot["sources"].as_array_mut().unwrap() {
            if outcome["source"] == "sanctions" {
                outcome["status"] = json!("failed");
            }
        }
        snapshot
    };
    assert!(asked_again(without_sanctions).await?);
    Ok(())
}

/// Moves the work files of the report `id` to where version 0.2 leaves them, under the id alone.
async fn move_to_earlier_folder(stack: &TestStack, id: &str) -> Result<()> {
    let (s3, bucket) = (&stack.clients().s3, &stack.names().bucket);
    let folder = format!("work/dev/{id}/");
    let listed = s3.list_objects_v2().bucket(bucket).prefix(&folder).send().await?;
    for key in listed.contents().iter().filter_map(|object| object.key()) {
        let mut content = object(stack, key).await?;
        content.as_object_mut().context("a work file is an object")?.remove("submission");
        let name = key.rsplit('/').next().context("a key has a name")?;
        put_object(stack, &format!("{folder}{name}"), &content).await?;
        s3.delete_object().bucket(bucket).key(key).send().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_attempt_paid_is_part_of_the_usage_after_its_evidence_has_expired() -> Result<()> {
    paid_before_its_evidence_expired(false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_attempt_of_0_2_paid_is_part_of_the_usage_after_its_evidence_has_expired() -> Result<()> {
    paid_before_its_evidence_expired(true).await
}

async fn paid_before_its_evidence_expired(by_0_2: bool) -> Result<()> {
    let stack = TestStack::start().await?;
    // The first answer is paid, and the attempt ends before the second one.
    stack.bedrock().faults().set(faults(json!({"verifierHangs": 1})));
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let read = async || -> Result<Value> {
        Ok(stack.dev().get(&format!("/v1/reports/{id}")).await?.error_for_status()?.json().await?)
    };
    while read().await?["usage"]["modelCalls"] != 1 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    let cancelled = stack.dev().wait_for_end(&id).await?;
    assert_eq!(cancelled["status"], "CANCELLED");
    if by_0_2 {
        move_to_earlier_folder(&stack, &id).await?;
    }
    let key = snapshot_keys(&stack, &id).await?.remove(0);
    put_object(&stack, &key, &two_days_old(object(&stack, &key).await?)).await?;

    stack.bedrock().faults().set(Faults::default());
    stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?;
    let completed = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&completed["status"], &completed["usage"]["modelCalls"]), (&json!("COMPLETED"), &json!(3)));
    let cost = |report: &Value| report["usage"]["costUsd"].as_f64().unwrap();
    assert!(cost(&completed) > 2.0 * cost(&cancelled), "{completed} {cancelled}");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_stored_under_the_submission() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let (aws, _) = stack.adapters()?;
    let submission = async || {
        let report = aws.table.get(&"dev".parse()?, id.parse()?).await?.context("the report exists")?;
        anyhow::Ok(report.submission)
    };
    let submission = submission().await?;
    let worker = stack.start_worker(&[])?;
    document(&stack, &id).await?;
    worker.stop().await?;
    let list = stack.clients().s3.list_objects_v2().bucket(&stack.names().bucket).send().await?;
    let keys: Vec<&str> = list.contents().iter().filter_map(|object| object.key()).collect();
    let of_report: Vec<&&str> = keys.iter().filter(|key| key.contains(&id)).collect();
    assert_eq!(of_report.len(), 8, "{keys:?}");
    for key in of_report {
        assert!(key.contains(&format!("/dev/{id}/{submission}/")), "{key}");
    }
    stack.stop().await
}
