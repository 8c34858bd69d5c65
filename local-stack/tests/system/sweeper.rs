//! A sweep handles every due report of every partition exactly once, whatever else is in the index.
use std::collections::BTreeSet;

use anyhow::Result;
use aws_adapters::{
    Aws,
    retention::Retention,
    table::{Created, attribute},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::{Command, Policy, apply},
    message::ReportMessage,
    report::Report,
    request::{ReportRequest, ReportRequestDraft},
    time::UtcTime,
};
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use worker_service::{settings::Settings, worker::Worker};

const HOUR_MILLIS: i64 = 3_600_000;
/// Number of reports, enough for several in each partition of the index.
const REPORTS: usize = 64;

/// Starts a stack without services. Returns it with its adapters and a worker that is not running.
async fn stack_with_idle_worker() -> Result<(TestStack, Aws, Worker)> {
    let options = Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() };
    let stack = TestStack::with(options).await?;
    let (aws, _) = stack.adapters()?;
    let worker = worker(&stack)?;
    Ok((stack, aws, worker))
}

fn worker(stack: &TestStack) -> Result<Worker> {
    let settings = Settings::read(stack.environment())?;
    Ok(Worker::build_with(settings, stack.sdk(), stack.sdk())?)
}

fn request() -> ReportRequest {
    let draft = ReportRequestDraft {
        company_name: Some("Acme".into()),
        corporate_number: Some("1".into()),
        country: Some("AQ".into()),
        ..ReportRequestDraft::default()
    };
    draft.check().unwrap()
}

/// Records reports without sending their messages, as an API does if it dies between the two steps.
async fn record_without_message(aws: &Aws, reports: usize) -> Result<BTreeSet<ReportId>> {
    let policy = Policy::default();
    let an_hour_ago = UtcTime::from_epoch_millis(service_runtime::clock::now().epoch_millis() - HOUR_MILLIS);
    let tenant: Tenant = "dev".parse()?;
    let mut ids = BTreeSet::new();
    for _ in 0..reports {
        let lifecycle = apply(None, &Command::Submit, an_hour_ago, &policy)?;
        let report = Report::submitted(
            tenant.clone(),
            ReportId::from(uuid::Uuid::now_v7()),
            request(),
            lifecycle,
            uuid::Uuid::now_v7(),
            an_hour_ago,
            Retention::from_days(90).end(&"dev".parse().unwrap(), an_hour_ago),
        );
        assert!(matches!(aws.table.create(&report).await?, Created::New));
        ids.insert(report.id);
    }
    Ok(ids)
}

/// Receives every message of the queue and returns the report id of each.
async fn receive_report_ids(stack: &TestStack) -> Result<Vec<ReportId>> {
    let (sqs, url) = (&stack.clients().sqs, &stack.infrastructure().queues().queue_url);
    let mut ids = Vec::new();
    loop {
        let answer = sqs
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .wait_time_seconds(0)
            .send()
            .await?;
        let messages = answer.messages.unwrap_or_default();
        if messages.is_empty() {
            return Ok(ids);
        }
        let read = |body: &str| ReportMessage::from_body(body).unwrap().report_id;
        ids.extend(messages.iter().map(|message| read(message.body().unwrap())));
    }
}

async fn assert_each_sent_once(stack: &TestStack, expected: &BTreeSet<ReportId>) -> Result<()> {
    let ids = receive_report_ids(stack).await?;
    assert_eq!(ids.len(), expected.len());
    assert_eq!(&ids.into_iter().collect::<BTreeSet<_>>(), expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sweep_sends_one_message_for_every_due_report() -> Result<()> {
    let (stack, aws, worker) = stack_with_idle_worker().await?;
    let ids = record_without_message(&aws, REPORTS).await?;
    worker.sweep().await;
    // A report whose message was sent again is not due until the pickup grace is over.
    worker.sweep().await;
    assert_each_sent_once(&stack, &ids).await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sweeps_send_no_message_twice() -> Result<()> {
    let (stack, aws, first) = stack_with_idle_worker().await?;
    let (second, third) = (worker(&stack)?, worker(&stack)?);
    let ids = record_without_message(&aws, REPORTS).await?;
    tokio::join!(first.sweep(), second.sweep(), third.sweep());
    assert_each_sent_once(&stack, &ids).await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn index_entries_without_a_report_do_not_hide_reports() -> Result<()> {
    let (stack, aws, worker) = stack_with_idle_worker().await?;
    for shard in 0..8 {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = stack.clients().dynamodb.put_item().table_name(&stack.infrastructure().names().table);
        put.item(attribute::PK, text(&format!("R#?#{shard}")))
            .item(attribute::DUE_SHARD, text(&format!("s{shard}")))
            .item(attribute::DUE_AT, AttributeValue::N("0".to_owned()))
            .send()
            .await?;
    }
    let ids = record_without_message(&aws, REPORTS).await?;
    worker.sweep().await;
    assert_each_sent_once(&stack, &ids).await?;
    stack.stop().await
}
