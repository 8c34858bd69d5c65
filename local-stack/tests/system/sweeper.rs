//! A sweep takes care of every due report of every partition, once, and nothing stands in its way.
use std::collections::BTreeSet;

use anyhow::Result;
use aws_adapters::{
    Aws,
    table::{Created, DUE_SHARDS, attribute},
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
use local_stack::stack::{Component, Options, TestStack};
use worker_service::{settings::Settings, worker::Worker};

const HOUR_MILLIS: i64 = 3_600_000;
/// Enough that each partition has several.
const REPORTS: usize = 8 * DUE_SHARDS as usize;

/// A stack without services, its adapters, and a worker that does nothing by itself.
async fn idle() -> Result<(TestStack, Aws, Worker)> {
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

/// Records reports whose message was never sent, as an API does that dies between the two.
async fn leave_behind(aws: &Aws, reports: usize) -> Result<BTreeSet<ReportId>> {
    let policy = Policy::default();
    let then = UtcTime::from_epoch_millis(service_runtime::clock::now().epoch_millis() - HOUR_MILLIS);
    let tenant: Tenant = "dev".parse()?;
    let mut ids = BTreeSet::new();
    for _ in 0..reports {
        let lifecycle = apply(None, &Command::Submit, then, &policy)?;
        let report = Report::submitted(
            tenant.clone(),
            ReportId::from(uuid::Uuid::now_v7()),
            request(),
            lifecycle,
            uuid::Uuid::now_v7(),
            then,
        );
        assert!(matches!(aws.table.create(&report).await?, Created::New));
        ids.insert(report.id);
    }
    Ok(ids)
}

/// Every report that a message is in the queue for, as often as there is one.
async fn sent(stack: &TestStack) -> Result<Vec<ReportId>> {
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
    let ids = sent(stack).await?;
    assert_eq!(ids.len(), expected.len());
    assert_eq!(&ids.into_iter().collect::<BTreeSet<_>>(), expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sweep_sends_every_due_report_of_every_partition_once() -> Result<()> {
    let (stack, aws, worker) = idle().await?;
    let ids = leave_behind(&aws, REPORTS).await?;
    worker.sweep().await;
    // What was sent again is not due: it gets the time that a new message gets.
    worker.sweep().await;
    assert_each_sent_once(&stack, &ids).await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_sweep_at_the_same_time_send_nothing_twice() -> Result<()> {
    let (stack, aws, first) = idle().await?;
    let (second, third) = (worker(&stack)?, worker(&stack)?);
    let ids = leave_behind(&aws, REPORTS).await?;
    tokio::join!(first.sweep(), second.sweep(), third.sweep());
    assert_each_sent_once(&stack, &ids).await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_no_reports_hide_none_behind_them() -> Result<()> {
    let (stack, aws, worker) = idle().await?;
    for shard in 0..DUE_SHARDS {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = stack.clients().dynamodb.put_item().table_name(&stack.infrastructure().names().table);
        put.item(attribute::PK, text(&format!("R#?#{shard}")))
            .item(attribute::DUE_SHARD, text(&format!("s{shard}")))
            .item(attribute::DUE_AT, AttributeValue::N("0".to_owned()))
            .send()
            .await?;
    }
    let ids = leave_behind(&aws, REPORTS).await?;
    worker.sweep().await;
    assert_each_sent_once(&stack, &ids).await?;
    stack.stop().await
}
