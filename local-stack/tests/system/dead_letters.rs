//! What cannot be worked on goes to the dead-letter queue with its reason and holds up nobody; what
//! is behind a dead letter reads FAILED, and an operator brings it back.
use std::{collections::BTreeMap, time::Duration};

use crate::support::clean;
use anyhow::Result;
use local_stack::stack::{Options, testing::TestStack};
use serde_json::{Value, json};
use worker_service::{dead_letters::Redriven, settings::Settings, worker::Worker};

/// Every message of the dead-letter queue, by body, with its reason; hidden from others for a moment.
async fn letters(stack: &TestStack) -> Result<BTreeMap<String, Option<String>>> {
    let mut letters = BTreeMap::new();
    loop {
        let request = stack.clients().sqs.receive_message().queue_url(&stack.surroundings().queues().dlq_url);
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
    let mut said = Vec::new();
    let done = worker(stack)?
        .redrive(limit, dry_run, &mut said)
        .await
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok((done, String::from_utf8(said)?))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_goes_there_with_its_reason_and_holds_up_nobody() -> Result<()> {
    let stack = TestStack::with(Options { workers: 2, ..TestStack::options() }).await?;
    let url = stack.surroundings().queues().queue_url.clone();
    let ghost =
        json!({"v": 1, "tenant": "dev", "reportId": "01890a5d-ac96-774b-bcce-b302099a8057"}).to_string();
    let newer = r#"{"v":9,"tenant":"dev","reportId":"x"}"#;
    for body in ["{}", "not json", newer, &ghost] {
        send(&stack, &url, body).await?;
    }
    let id = stack.dev().submitted(&clean()).await?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");

    let mut found = BTreeMap::new();
    while found.len() < 4 {
        found.extend(letters(&stack).await?);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let reason = |body: &str| found[body].clone().unwrap_or_default();
    assert!(reason("not json").starts_with("unreadable: the body is not a report message"));
    assert!(reason(newer).contains("has version 9, this worker reads version 1"));
    assert!(reason(&ghost).starts_with("there is no report 01890a5d"));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_behind_a_dead_letter_reads_failed_until_it_is_brought_back() -> Result<()> {
    let mut stack = TestStack::start().await?;
    stack.stop_worker().await?;
    let id = stack.dev().submitted(&clean()).await?;
    // As SQS does after too many receives: the message is in the dead-letter queue alone.
    let queues = stack.surroundings().queues();
    stack.clients().sqs.purge_queue().queue_url(&queues.queue_url).send().await?;
    let body = json!({"v": 1, "tenant": "dev", "reportId": id}).to_string();
    send(&stack, &queues.dlq_url, &body).await?;
    send(&stack, &queues.dlq_url, "not json").await?;

    let (would, said) = redrive(&stack, u64::MAX, true).await?;
    assert_eq!(would, Redriven { resubmitted: 1, settled: 0, left: 1 }, "{said}");
    assert_eq!(stack.dev().look(&id, None).await?.status(), "PENDING", "a dry run changes nothing");

    // The look of a worker that just started; it takes no message of the report, for there is none.
    let settings = [("DOSSIER_PICKUP_GRACE_SECONDS", "3600")];
    let worker = stack.start_worker(&settings)?;
    let failed = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("FAILED"), &json!("dead_lettered")));

    // The worker's look hides the letter for a while: an operator's redrive comes later, or elsewhere.
    send(&stack, &stack.surroundings().queues().dlq_url, &body).await?;
    let (done, said) = redrive(&stack, 10, false).await?;
    assert_eq!(done.resubmitted, 1, "{said}");
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_settles_what_has_ended_and_keeps_to_its_limit() -> Result<()> {
    let mut stack = TestStack::start().await?;
    let id = stack.dev().submitted(&clean()).await?;
    stack.dev().wait_for_end(&id).await?;
    stack.stop_worker().await?;
    let dlq = stack.surroundings().queues().dlq_url.clone();
    for _ in 0..3 {
        send(&stack, &dlq, &json!({"v": 1, "tenant": "dev", "reportId": id}).to_string()).await?;
    }
    let (done, _) = redrive(&stack, 2, false).await?;
    assert_eq!(done, Redriven { resubmitted: 0, settled: 2, left: 0 });
    assert_eq!(letters(&stack).await?.len(), 1);
    let report: Value = stack.dev().look(&id, None).await?.report;
    assert_eq!(report["status"], "COMPLETED");
    stack.stop().await
}
