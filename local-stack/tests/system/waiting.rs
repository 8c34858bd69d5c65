//! Waiting is not failing: while a service is down, the model throttles or a tenant is at its limit, reports wait
//! until they can be processed, and no message is sent without need. Times are shorter than in production by a
//! factor of some hundreds.
use std::time::Duration;

use crate::support::{clean_company, text_at, with_fields};
use anyhow::{Context as _, Result};
use aws_adapters::queue::{Depth, Queue};
use aws_adapters::table::{Details, Executed};
use domain::{lifecycle::Command, message::ReportMessage};
use local_stack::{TestStack, aws::Service, fault_proxy, faults::Faults, stack::Options};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// How long a service is down: many times longer than the retries within one attempt.
const OUTAGE: Duration = Duration::from_secs(12);

/// Settings with which an outage of [`OUTAGE`] has many attempts, most of them after a wait outside the queue.
const SHORT_WAITS: [(&str, &str); 6] = [
    ("DOSSIER_QUEUE_WAIT_SECONDS", "1"),
    ("DOSSIER_RETRY_MAX_SECONDS", "3"),
    ("DOSSIER_TENANT_WAIT_MAX_SECONDS", "2"),
    ("DOSSIER_PICKUP_GRACE_SECONDS", "2"),
    ("DOSSIER_LEASE_SECONDS", "5"),
    ("DOSSIER_DEADLINE_SECONDS", "120"),
];

fn options(more: &[(&str, &str)]) -> Options {
    let mut options = TestStack::options();
    let settings = SHORT_WAITS.iter().chain(more);
    options.settings.extend(settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    options
}

fn faults(value: Value) -> Faults {
    Faults::from_json(&value).unwrap()
}

async fn submit(stack: &TestStack, count: usize) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(stack.dev().submit_accepted(&clean_company()).await?);
    }
    Ok(ids)
}

async fn count(stack: &TestStack, status: &str) -> Result<usize> {
    let page: Value =
        stack.dev().get(&format!("/v1/reports?status={status}&pageSize=100")).await?.json().await?;
    Ok(page["reports"].as_array().map_or(0, Vec::len))
}

async fn depth(stack: &TestStack) -> Result<Depth> {
    Ok(stack.adapters()?.0.queue.depth().await?)
}

fn sent(stack: &TestStack) -> u64 {
    stack.aws_calls().get(&(Service::Sqs, "SendMessage".to_owned())).copied().unwrap_or_default()
}

/// Waits until all reports have completed, and checks that nothing is left in the queues.
async fn assert_all_complete(stack: &TestStack, ids: &[String]) -> Result<()> {
    for id in ids {
        let report = stack.dev().wait_for_end(id).await?;
        assert_eq!(report["status"], "COMPLETED", "{report}");
    }
    while depth(stack).await? != Depth::default() {
        sleep(Duration::from_millis(50)).await;
    }
    let dead_letters = Queue::at(stack.sdk(), stack.infrastructure().queues().dlq_url.clone());
    assert_eq!(dead_letters.depth().await?, Depth::default());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_messages_of_a_backlog_are_not_sent_again() -> Result<()> {
    let stack =
        TestStack::with(Options { slots: 1, ..options(&[("DOSSIER_PICKUP_GRACE_SECONDS", "1")]) }).await?;
    stack.bedrock().faults().set(faults(json!({"latency": "300ms"})));
    let ids = submit(&stack, 20).await?;
    // Every report but the first few becomes due for the sweeper several times while it waits in the queue.
    let mut compared = 0;
    loop {
        let (before, pending) = (depth(&stack).await?.visible, count(&stack, "PENDING").await?);
        if pending == 0 {
            break;
        }
        // Between the two counts, the worker may have received a message and not claimed its report yet.
        if depth(&stack).await?.visible == before {
            compared += 1;
            assert!((pending as u64).abs_diff(before) <= 1, "{before} visible messages, {pending} PENDING");
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(compared > 20, "{compared}");
    assert_all_complete(&stack, &ids).await?;
    assert_eq!(sent(&stack), ids.len() as u64, "each message is sent once");
    stack.stop().await
}

/// Submits reports, injects faults for [`OUTAGE`], and checks that all reports complete afterwards.
async fn assert_survives(
    stack: TestStack,
    begin: impl Fn(&TestStack),
    end: impl Fn(&TestStack),
) -> Result<()> {
    // One worker must not take the messages for lost that the other one hides.
    let second = stack.start_worker(&[])?;
    begin(&stack);
    let mut ids = Vec::new();
    let ends = Instant::now() + OUTAGE;
    while Instant::now() < ends {
        if ids.len() < 6
            && let Ok(id) = stack.dev().submit_accepted(&clean_company()).await
        {
            ids.push(id);
        }
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(count(&stack, "FAILED").await.unwrap_or_default(), 0);
    end(&stack);
    while ids.len() < 6 {
        ids.extend(submit(&stack, 1).await?);
    }
    assert_all_complete(&stack, &ids).await?;
    second.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_survive_an_outage_of_the_model() -> Result<()> {
    let stack = TestStack::with(options(&[])).await?;
    let set = |stack: &TestStack, faults: Faults| {
        stack.bedrock().faults().set(faults);
    };
    let down = |stack: &TestStack| set(stack, faults(json!({"error": 1})));
    assert_survives(stack, down, |stack| set(stack, Faults::default())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_wait_outside_the_queue_while_the_model_throttles() -> Result<()> {
    let stack = TestStack::with(options(&[("DOSSIER_QUEUE_WAIT_SECONDS", "0")])).await?;
    stack.bedrock().faults().set(faults(json!({"throttle": 1})));
    let ids = submit(&stack, 4).await?;
    // Reports wait without a message, and messages are sent when a wait is over.
    let reports = ids.len() as u64;
    let mut has_waited = false;
    while !has_waited || sent(&stack) <= reports {
        let Depth { visible, delayed, in_flight } = depth(&stack).await?;
        // No report ends while the model throttles.
        has_waited |= visible + delayed + in_flight < reports;
        sleep(Duration::from_millis(20)).await;
    }
    let before = sent(&stack);
    stack.bedrock().faults().set(Faults::default());
    assert_all_complete(&stack, &ids).await?;
    assert!(sent(&stack) <= before + 2 * ids.len() as u64);
    stack.stop().await
}

async fn behind_proxy() -> Result<TestStack> {
    let proxy = fault_proxy::Options { rules: Vec::new(), observer: None };
    TestStack::with(Options { fault_proxy: Some(proxy), ..options(&[]) }).await
}

fn rules(stack: &TestStack, rules: &[&str]) {
    let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    stack.fault_proxy().unwrap().plan().set(rules);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_survive_an_outage_of_the_bucket() -> Result<()> {
    let stack = behind_proxy().await?;
    assert_survives(stack, |stack| rules(stack, &["S3.*=unavailable:1"]), |stack| rules(stack, &[])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_survive_an_outage_of_the_queues() -> Result<()> {
    let stack = behind_proxy().await?;
    assert_survives(stack, |stack| rules(stack, &["Sqs.*=unavailable:1"]), |stack| rules(stack, &[])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_survive_an_outage_of_the_table_that_begins_while_they_are_processed() -> Result<()> {
    let stack = behind_proxy().await?;
    stack.bedrock().faults().set(faults(json!({"latency": "1s"})));
    let ids = submit(&stack, 4).await?;
    sleep(Duration::from_millis(500)).await;
    rules(&stack, &["DynamoDb.*=internal-error:1"]);
    sleep(OUTAGE).await;
    rules(&stack, &[]);
    assert_all_complete(&stack, &ids).await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_at_its_limit_waits_outside_the_queue_and_starts_soon_after_a_slot_is_free() -> Result<()> {
    let stack = TestStack::with(options(&[("DOSSIER_TENANT_MAX_IN_PROGRESS", "1")])).await?;
    stack.bedrock().faults().set(faults(json!({"latency": "300s"})));
    let holder = submit(&stack, 1).await?.remove(0);
    while count(&stack, "PROCESSING").await? == 0 {
        sleep(Duration::from_millis(20)).await;
    }
    let waiting = submit(&stack, 5).await?;
    sleep(OUTAGE).await;
    assert_eq!(count(&stack, "PENDING").await?, waiting.len());
    // The message of the report in progress is hidden; the others have one only while they are checked.
    let mut without_message = 0;
    for _ in 0..50 {
        let Depth { visible, in_flight, delayed } = depth(&stack).await?;
        without_message += u32::from(visible + in_flight + delayed <= 1);
        sleep(Duration::from_millis(20)).await;
    }
    assert!(without_message > 5, "{without_message}");
    stack.bedrock().faults().set(Faults::default());
    stack.dev().post(&format!("/v1/reports/{holder}/cancel")).await?;
    assert_all_complete(&stack, &waiting).await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_waits_all_night_for_its_tenants_share_is_completed_in_the_morning() -> Result<()> {
    // By a clock that runs 3,600 times as fast: a deadline of six hours, and a night of twelve.
    let settings = [
        ("DOSSIER_DEADLINE_SECONDS", "6"),
        ("DOSSIER_TENANT_MAX_IN_PROGRESS", "1"),
        ("DOSSIER_TENANT_WAIT_MAX_SECONDS", "1"),
        ("DOSSIER_QUEUE_WAIT_SECONDS", "0"),
    ];
    let night = Duration::from_secs(12);
    let stack = TestStack::with(options(&settings)).await?;
    let second = stack.start_worker(&settings)?;
    stack.bedrock().faults().set(faults(json!({"latency": "300s"})));
    let holder = submit(&stack, 1).await?.remove(0);
    while count(&stack, "PROCESSING").await? == 0 {
        sleep(Duration::from_millis(20)).await;
    }
    let waiting = submit(&stack, 3).await?;
    let evening = Instant::now();
    while evening.elapsed() < night {
        // Waiting fails no report, not even after its deadline.
        assert_eq!(count(&stack, "PENDING").await?, waiting.len());
        sleep(Duration::from_millis(200)).await;
    }
    stack.bedrock().faults().set(Faults::default());
    stack.dev().post(&format!("/v1/reports/{holder}/cancel")).await?;
    assert_all_complete(&stack, &waiting).await?;
    for id in &waiting {
        let report: Value = stack.dev().get(&format!("/v1/reports/{id}")).await?.json().await?;
        assert_eq!(report["attempt"], 1, "it was never claimed before: {report}");
    }
    second.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_message_of_a_report_in_progress_is_deleted_when_it_is_received() -> Result<()> {
    // Otherwise it would come back after the lease, beside the next message of the report.
    let stack = TestStack::with(options(&[("DOSSIER_LEASE_SECONDS", "600")])).await?;
    stack.bedrock().faults().set(faults(json!({"latency": "300s"})));
    let id = submit(&stack, 1).await?.remove(0);
    while count(&stack, "PROCESSING").await? == 0 {
        sleep(Duration::from_millis(20)).await;
    }
    let message = ReportMessage::new("dev".parse()?, id.parse()?);
    stack.adapters()?.0.queue.send(&message, None).await?;
    let own = Depth { in_flight: 1, ..Depth::default() };
    while depth(&stack).await? != own {
        sleep(Duration::from_millis(20)).await;
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_whose_message_could_not_be_sent_waits_outside_the_queue() -> Result<()> {
    let mut stack = behind_proxy().await?;
    stack.stop_worker().await?;
    rules(&stack, &["Sqs.SendMessage=unavailable:1", "Sqs.SendMessageBatch=unavailable:1"]);
    let id = submit(&stack, 1).await?.remove(0);
    let item = with_fields(clean_company(), json!({"customId": "a"}));
    let batch = stack.dev().request(Method::POST, "/v1/reports/batch");
    let batch: Value = batch.json(&json!({"reports": [item]})).send().await?.json().await?;
    let ids = [id, text_at(&batch, "/results/0/report/reportId").to_owned()];
    let (aws, _) = stack.adapters()?;
    for id in &ids {
        let report = aws.table.get(&"dev".parse()?, id.parse()?).await?.context("the report exists")?;
        assert!(report.lifecycle.waits_outside_queue(), "{:?}", report.lifecycle);
    }
    rules(&stack, &[]);
    let worker = stack.start_worker(&[])?;
    assert_all_complete(&stack, &ids).await?;
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_report_whose_worker_vanished_needs_no_slot_of_its_tenant() -> Result<()> {
    let mut stack = TestStack::with(options(&[])).await?;
    stack.stop_worker().await?;
    let ids = submit(&stack, 2).await?;
    let (aws, settings) = stack.adapters()?;
    let (tenant, now) = ("dev".parse()?, service_runtime::clock::now());
    let hour = Duration::from_secs(3_600);
    let execute = async |id: &str, command: Command, now| {
        let details = Details::default();
        let executed =
            aws.table.execute(&tenant, id.parse()?, &command, &details, now, &settings.policy).await?;
        assert!(matches!(executed, Executed::Done(_)), "{command:?}: {executed:?}");
        anyhow::Ok(())
    };
    // Another worker holds the tenant's only slot, and the worker of the other report has vanished.
    execute(&ids[0], Command::Claim { holder: "busy".to_owned() }, now.plus(hour)).await?;
    execute(&ids[1], Command::Claim { holder: "vanished".to_owned() }, now).await?;
    execute(&ids[1], Command::RequestCancel, now).await?;
    let worker = stack.start_worker(&[("DOSSIER_TENANT_MAX_IN_PROGRESS", "1")])?;
    assert_eq!(stack.dev().wait_for_end(&ids[1]).await?["status"], "CANCELLED");
    assert_eq!(count(&stack, "PROCESSING").await?, 1);
    worker.stop().await?;
    stack.stop().await
}
