//! Dead letters: a message that cannot be processed goes to the dead-letter queue with its reason and does
//! not delay other messages. Its report is FAILED until an operator redrives the message.
use std::{collections::BTreeMap, time::Duration};

use crate::support::clean_company;
use anyhow::Result;
use aws_adapters::queue::{Depth, Queue};
use aws_sdk_sqs::types::QueueAttributeName;
use domain::message::ReportMessage;
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

/// Submits a report whose message is only in the dead-letter queue, as after too many receives.
async fn submit_dead_lettered(stack: &TestStack) -> Result<(String, String)> {
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let queues = stack.infrastructure().queues();
    stack.clients().sqs.purge_queue().queue_url(&queues.queue_url).send().await?;
    let body = json!({"v": 1, "tenant": "dev", "reportId": id}).to_string();
    send(stack, &queues.dlq_url, &body).await?;
    Ok((id, body))
}

#[tokio::test(flavor = "multi_thread")]
async fn before_its_deadline_a_dead_lettered_report_is_queued_again_and_completes() -> Result<()> {
    let mut stack = TestStack::start().await?;
    stack.stop_worker().await?;
    let (id, _) = submit_dead_lettered(&stack).await?;
    // The sweeper does not find the report by itself, because it is not due yet.
    let settings = [("DOSSIER_PICKUP_GRACE_SECONDS", "3600"), ("DOSSIER_QUEUE_WAIT_SECONDS", "0")];
    let worker = stack.start_worker(&settings)?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["attempt"]), (&json!("COMPLETED"), &json!(1)), "{report}");
    let dlq = Queue::at(stack.sdk(), stack.infrastructure().queues().dlq_url.clone());
    while dlq.depth().await? != Depth::default() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_its_deadline_a_dead_lettered_report_reads_failed_until_it_is_redriven() -> Result<()> {
    let mut stack = TestStack::start().await?;
    stack.stop_worker().await?;
    let (id, body) = submit_dead_lettered(&stack).await?;
    let queues = stack.infrastructure().queues();
    send(&stack, &queues.dlq_url, "not json").await?;

    let (dry_run, output) = redrive(&stack, u64::MAX, true).await?;
    assert_eq!(dry_run, Redriven { resubmitted: 0, settled: 1, left: 1 }, "{output}");
    assert_eq!(stack.dev().poll(&id, None).await?.status(), "PENDING", "a dry run changes nothing");

    // A worker inspects the dead-letter queue when it starts. It claims no report, because no message is
    // left.
    let settings = [("DOSSIER_PICKUP_GRACE_SECONDS", "3600"), ("DOSSIER_DEADLINE_SECONDS", "0")];
    let worker = stack.start_worker(&settings)?;
    let failed = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("FAILED"), &json!("dead_lettered")));

    // The worker's inspection hides both letters for a while, so the operator's redrive gets another one.
    worker.stop().await?;
    send(&stack, &queues.dlq_url, &body).await?;
    let (redriven, output) = redrive(&stack, 1, false).await?;
    assert_eq!(redriven.resubmitted, 1, "{output}");
    let worker = stack.start_worker(&settings)?;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_the_queue_would_reject_keeps_its_body_in_the_bucket() -> Result<()> {
    let stack = TestStack::start().await?;
    let queues = stack.infrastructure().queues();
    // Longer than a message with attributes may be, and longer than the dead-letter queue accepts.
    let bodies = ["x".repeat(256 * 1024), "y".repeat(2_000)];
    let limit = stack.clients().sqs.set_queue_attributes().queue_url(&queues.dlq_url);
    limit.attributes(QueueAttributeName::MaximumMessageSize, "1024").send().await?;
    for body in &bodies {
        send(&stack, &queues.queue_url, body).await?;
    }
    let mut found = BTreeMap::new();
    while found.len() < bodies.len() {
        found.extend(receive_dead_letters(&stack).await?);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut stored = Vec::new();
    for (letter, reason) in found {
        assert!(reason.unwrap().starts_with("unreadable: the body is not a report message"));
        let pointer: Value = serde_json::from_str(&letter)?;
        let bucket = &stack.infrastructure().names().bucket;
        let object = stack.clients().s3.get_object().bucket(bucket).key(pointer["bodyKey"].as_str().unwrap());
        stored.push(String::from_utf8(object.send().await?.body.collect().await?.to_vec())?);
        assert_eq!(pointer["bytes"], stored.last().unwrap().len());
    }
    stored.sort();
    assert_eq!(stored, bodies);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_has_no_characters_that_sqs_rejects() -> Result<()> {
    let stack = TestStack::start().await?;
    let url = stack.infrastructure().queues().queue_url.clone();
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    send(&stack, &url, &format!(r#"{{"v":1,"tenant":"\u0001\u001b","reportId":"{id}"}}"#)).await?;
    let reason = loop {
        if let Some((_, reason)) = receive_dead_letters(&stack).await?.pop_first() {
            break reason.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(reason.starts_with("unreadable: ") && !reason.contains(char::is_control), "{reason:?}");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_and_a_redrive_of_many_letters_see_each_once_and_end() -> Result<()> {
    const LETTERS: usize = 1_200;
    let mut stack = TestStack::start().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().wait_for_end(&id).await?;
    stack.stop_worker().await?;
    let dlq = Queue::at(stack.sdk(), stack.infrastructure().queues().dlq_url.clone());
    let message = ReportMessage::new("dev".parse()?, id.parse()?);
    assert!(dlq.send_all(vec![message; LETTERS], None).await.is_empty());

    let (redriven, _) = redrive(&stack, u64::MAX, true).await?;
    assert_eq!(redriven, Redriven { resubmitted: 0, settled: LETTERS as u64, left: 0 });
    assert_eq!(dlq.depth().await?.visible, LETTERS as u64, "a dry run returns every letter");

    // The scan hides each letter that it has seen, for a minute.
    worker(&stack)?.scan_dead_letters().await?;
    let Depth { visible, in_flight, .. } = dlq.depth().await?;
    assert_eq!(visible + in_flight, LETTERS as u64);
    assert!(in_flight > 1_000, "{in_flight} letters seen");
    stack.stop().await
}
