//! A service that stops answering at any stage of a report: the report completes when the service answers
//! again, and no answer of the model is bought twice.

use crate::support::clean_company;
use anyhow::Result;
use local_stack::fault_proxy::{self, WireFault};
use local_stack::faults::Faults;
use local_stack::{TestStack, stack::Options};
use serde_json::json;
use std::time::Duration;

fn behind_proxy() -> Options {
    Options { fault_proxy: Some(fault_proxy::Options::default()), ..TestStack::options() }
}

async fn until_hanging(stack: &TestStack) {
    let plan = stack.fault_proxy().unwrap().plan();
    while plan.total(WireFault::Hang) == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    plan.set(Vec::new());
}

async fn assert_completes(stack: TestStack, id: &str) -> Result<()> {
    let report = stack.dev().wait_for_end(id).await?;
    assert_eq!(report["status"], "COMPLETED", "{report}");
    assert_eq!(report["usage"]["modelCalls"], json!(stack.bedrock().calls()["Converse"]), "{report}");
    stack.stop().await
}

/// `operation` hangs from the submission on, until one request has met the fault.
async fn hangs_at_the_start(operation: &str) -> Result<()> {
    let stack = TestStack::with(behind_proxy()).await?;
    let plan = stack.fault_proxy().unwrap().plan();
    plan.set(vec![format!("{operation}=hang:1").parse().unwrap()]);
    let request = clean_company();
    let (submitted, ()) = tokio::join!(stack.dev().submit_accepted(&request), until_hanging(&stack));
    assert_completes(stack, &submitted?).await
}

/// `operation` hangs from the moment when the model works on its answer, until one request has met the fault.
async fn hangs_after_the_model_was_asked(operation: &str) -> Result<()> {
    let stack = TestStack::with(behind_proxy()).await?;
    stack.bedrock().faults().set(Faults { latency: Duration::from_millis(500), ..Faults::default() });
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    while stack.bedrock().in_flight() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let plan = stack.fault_proxy().unwrap().plan();
    plan.set(vec![format!("{operation}=hang:1").parse().unwrap()]);
    until_hanging(&stack).await;
    assert_completes(stack, &id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_hangs_at_the_submission_delays_the_report() -> Result<()> {
    hangs_at_the_start("Sqs.SendMessage").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_hangs_when_a_worker_receives_delays_the_report() -> Result<()> {
    hangs_at_the_start("Sqs.ReceiveMessage").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_hangs_at_the_claim_delays_the_report() -> Result<()> {
    hangs_at_the_start("DynamoDb.UpdateItem").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_hangs_when_evidence_is_stored_delays_the_report() -> Result<()> {
    hangs_at_the_start("S3.PutObject").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_hangs_when_an_answer_is_journalled_delays_the_report() -> Result<()> {
    hangs_after_the_model_was_asked("S3.PutObject").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_hangs_after_the_answer_delays_the_report() -> Result<()> {
    hangs_after_the_model_was_asked("DynamoDb.UpdateItem").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_hangs_when_the_message_is_deleted_changes_nothing_for_the_report() -> Result<()> {
    hangs_after_the_model_was_asked("Sqs.DeleteMessage").await
}
