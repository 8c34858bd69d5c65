//! Dead letters: a message that cannot be processed goes to the dead-letter queue with its reason and does
//! not delay other messages. Its report is FAILED until an operator redrives the message.
use std::{collections::BTreeMap, time::Duration};

use crate::support::clean_company;
use anyhow::Result;
use local_stack::TestStack;
use local_stack::stack::Options;
use serde_json::{Value, json};
use worker_service::{dead_letters::Redriven, settings::Settings, worker::Worker};

/// Receives every message of the dead-letter queue, and returns the reasons by body. The messages stay hidden
/// for 30 seconds.
async fn receive_dead_letters(stack: &TestStack) -> Result<BTreeMap<String, Option<String>>> {
    let mut letters = BTreeMap::new();
    loop {
        let request =
            stack.clients().sqs.receive_message().queue_url(&stack.infrastructure().queues().dlq_url);
        let request = request.max_number_of_messages(10).wait_time_seconds(0).visibility_timeout(30);
        let messages =
            request.message_attribute_names("dossier.reason").send().await?.messages.unwrap_or_default();
        if messages.is_empty() {
            return Ok(letters);
        }
        for message in messages {
            let attributes = message.message_attributes.unwrap_or_default();
            let reason = attributes.get("dossier.reason").and_then(|value| value.string_value.clone());
            letters.insert(message.body.unwrap_or_default(), reason);
        }
    }
}

async fn send(stack: &TestStack, url: &str, body: &str) -> Result<()> {
    stack.clients().sqs.send_message().queue_url(url).message_body(body).send().await?;
    Ok(())
}

fn worker(stack: &TestStack) -> Result<Worker> {
    let settings = Settings::read(stack.environment())?;
    Ok(Worker::build_with(settings, stack.sdk(), stack.bedrock_sdk())?)
}

async fn redrive(stack: &TestStack, limit: u64, dry_run: bool) -> Result<(Redriven, String)> {
    let mut output = Vec::new();
    let redriven = worker(stack)?
        .redrive(limit, dry_run, &mut output)
        .await
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok((redriven, String::from_utf8(output)?))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_message_is_dead_lettered_with_its_reason_and_delays_no_report() -> Result<()> {
    let stack = TestStack::with(Options { slots: 2, ..TestStack::options() }).await?;
    let url = stack.infrastructure().queues().queue_url.clone();
    let unknown_report =
        json!({"v": 1, "tenant": "dev", "reportId": "01890a5d-ac96-774b-bcce-b302099a8057"}).to_string();
    let unknown_version = r#"{"v":0,"tenant":"dev","reportId":"x"}"#;
    for body in ["{}", "not json", unknown_version, &unknown_report] {
        send(&stack, &url, body).await?;
    }
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");

    let mut found = BTreeMap::new();
    while found.len() < 4 {
        found.extend(receive_dead_letters(&stack).await?);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let reason = |body: &str| found[body].clone().unwrap_or_default();
    assert!(reason("not json").starts_with("unreadable: the body is not a report message"));
    assert!(reason(unknown_version).contains("has version 0, this worker reads version 1"));
    assert!(reason(&unknown_report).starts_with("there is no report 01890a5d"));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_lettered_report_reads_failed_until_it_is_redriven() -> Result<()> {
    let mut stack = TestStack::start().await?;
    stack.stop_worker().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    // The message is only in the dead-letter queue, as after too many receives.
    let queues = stack.infrastructure().queues();
    stack.clients().sqs.purge_queue().queue_url(&queues.queue_url).send().await?;
    let body = json!({"v": 1, "tenant": "dev", "reportId": id}).to_string();
    send(&stack, &queues.dlq_url, &body).await?;
    send(&stack, &queues.dlq_url, "not json").await?;

    let (dry_run, output) = redrive(&stack, u64::MAX, true).await?;
    assert_eq!(dry_run, Redriven { resubmitted: 1, settled: 0, left: 1 }, "{output}");
    assert_eq!(stack.dev().poll(&id, None).await?.status(), "PENDING", "a dry run changes nothing");

    // A worker inspects the dead-letter queue when it starts. It claims no report, because no message is
    // left.
    let settings = [("DOSSIER_PICKUP_GRACE_SECONDS", "3600")];
    let worker = stack.start_worker(&settings)?;
    let failed = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("FAILED"), &json!("dead_lettered")));

    // The worker's inspection hides the first letter for a while, so the operator's redrive gets another one.
    send(&stack, &stack.infrastructure().queues().dlq_url, &body).await?;
    let (redriven, output) = redrive(&stack, 10, false).await?;
    assert_eq!(redriven.resubmitted, 1, "{output}");
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_deletes_messages_of_ended_reports_and_respects_its_limit() -> Result<()> {
    let mut stack = TestStack::start().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().wait_for_end(&id).await?;
    stack.stop_worker().await?;
    let dlq = stack.infrastructure().queues().dlq_url.clone();
    for _ in 0..3 {
        send(&stack, &dlq, &json!({"v": 1, "tenant": "dev", "reportId": id}).to_string()).await?;
    }
    let (redriven, _) = redrive(&stack, 2, false).await?;
    assert_eq!(redriven, Redriven { resubmitted: 0, settled: 2, left: 0 });
    assert_eq!(receive_dead_letters(&stack).await?.len(), 1);
    let report: Value = stack.dev().poll(&id, None).await?.report;
    assert_eq!(report["status"], "COMPLETED");
    stack.stop().await
}
