//! Recovery: reports reach a terminal state whichever process dies and whichever message is lost, repeated or
//! answered wrongly, and no answer of the model is bought twice.
use std::time::Duration;

use crate::support::{clean_company, sanctioned_company, text_at};
use anyhow::Result;
use aws_adapters::table::{Details, Executed};
use aws_sdk_sqs::types::QueueAttributeName;
use domain::{
    document::Document,
    identity::{ReportId, Tenant},
    lifecycle::Command,
};
use local_stack::{
    TestStack,
    faults::Faults,
    stack::{Component, Options},
};
use serde_json::{Value, json};

fn faults(value: Value) -> Faults {
    Faults::from_json(&value).unwrap()
}

async fn document(stack: &TestStack, report: &Value) -> Result<Document> {
    Ok(serde_json::from_slice(&stack.dev().download(text_at(report, "/links/json")).await?)?)
}

/// Waits until the report is in `stage`.
async fn wait_for_stage(stack: &TestStack, id: &str, stage: &str) -> Result<()> {
    let mut snapshot = stack.dev().poll(id, None).await?;
    while snapshot.report["progress"]["stage"] != stage {
        assert!(!snapshot.is_terminal(), "{}", snapshot.report);
        snapshot = stack.dev().poll(id, Some(snapshot)).await?;
    }
    Ok(())
}

async fn purge(stack: &TestStack) -> Result<()> {
    stack.clients().sqs.purge_queue().queue_url(&stack.infrastructure().queues().queue_url).send().await?;
    Ok(())
}

/// Counts the messages in the queue, visible or not.
async fn count_messages(stack: &TestStack) -> Result<u32> {
    let attributes = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let url = &stack.infrastructure().queues().queue_url;
    let answer = stack
        .clients()
        .sqs
        .get_queue_attributes()
        .queue_url(url)
        .set_attribute_names(Some(attributes.into()))
        .send()
        .await?;
    Ok(answer.attributes.unwrap_or_default().values().filter_map(|count| count.parse::<u32>().ok()).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweeper_sends_a_lost_message_again() -> Result<()> {
    let mut stack = TestStack::start().await?;
    stack.stop_worker().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    purge(&stack).await?;
    let worker = stack.start_worker(&[])?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["attempt"]), (&json!("COMPLETED"), &json!(1)));
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_worker_releases_its_report_and_the_next_one_does_not_gather_again() -> Result<()> {
    let mut stack = TestStack::start().await?;
    // The model's answer takes longer than this worker runs.
    let id = stack.dev().submit_accepted(&sanctioned_company()).await?;
    stack.bedrock().faults().set(faults(json!({"latency": "60s"})));
    wait_for_stage(&stack, &id, "assess").await?;
    let evidence_before = stack.feeds().calls();
    stack.stop_worker().await?;
    let released = stack.dev().poll(&id, None).await?.report;
    assert_eq!(text_at(&released, "/attemptHistory/0/outcome"), "released");
    assert_eq!((&released["status"], &released["progress"]["stage"]), (&json!("PENDING"), &json!("queued")));

    stack.bedrock().faults().set(Faults::default());
    let worker = stack.start_worker(&[])?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["attempt"]), (&json!("COMPLETED"), &json!(2)));
    assert_eq!(
        stack.feeds().calls(),
        evidence_before,
        "the stored evidence is reused and not gathered again"
    );
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_message_changes_nothing() -> Result<()> {
    let stack = TestStack::start().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let report = stack.dev().wait_for_end(&id).await?;
    let calls = stack.bedrock().calls();
    let body = json!({"v": 1, "tenant": "dev", "reportId": id}).to_string();
    let url = &stack.infrastructure().queues().queue_url;
    stack.clients().sqs.send_message().queue_url(url).message_body(body).send().await?;
    while count_messages(&stack).await? > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let again = stack.dev().poll(&id, None).await?.report;
    assert_eq!((&again["endedAt"], &again["attempt"]), (&report["endedAt"], &report["attempt"]));
    assert_eq!(stack.bedrock().calls(), calls);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_stops_the_model_call_in_flight() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(faults(json!({"latency": "60s"})));
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    wait_for_stage(&stack, &id, "assess").await?;
    let cancelled = stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    assert_eq!(cancelled.status().as_u16(), 200);
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!(report["status"], "CANCELLED");
    assert_eq!(stack.bedrock().calls().get("Converse"), None);
    while count_messages(&stack).await? > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_complete_despite_throttles_and_errors_of_the_model() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(faults(json!({"throttle": 0.3, "error": 0.2})));
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(stack.dev().submit_accepted(&clean_company()).await?);
    }
    for id in &ids {
        assert_eq!(stack.dev().wait_for_end(id).await?["status"], "COMPLETED");
    }
    assert_eq!(
        stack.bedrock().calls()["Converse"],
        2 * ids.len() as u64,
        "one assessment and one verification each"
    );
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn unproven_claims_of_the_model_are_never_published() -> Result<()> {
    let stack = TestStack::start().await?;
    for fault in ["uncited", "hallucinated"] {
        stack.bedrock().faults().set(faults(json!({ fault: 1 })));
        let id = stack.dev().submit_accepted(&sanctioned_company()).await?;
        let report = stack.dev().wait_for_end(&id).await?;
        let document = document(&stack, &report).await?;
        assert_eq!(report["riskLevel"], "HIGH", "the floor of the rules applies");
        assert!(!document.dropped.is_empty() && document.review.required, "{fault}: {document:#?}");
        for finding in &document.findings {
            for citation in &finding.citations {
                let piece = document.evidence.iter().find(|piece| piece.id == citation.evidence_id).unwrap();
                assert!(piece.text.contains(&citation.quote), "{fault}");
            }
        }
        assert_eq!(report["usage"]["modelCalls"], 3, "exactly one repair turn, and the verification");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_usable_answer_the_rules_write_the_summary_and_review_is_required() -> Result<()> {
    let stack = TestStack::start().await?;
    for fault in ["malformed", "refusal"] {
        stack.bedrock().faults().set(faults(json!({ fault: 1 })));
        let id = stack.dev().submit_accepted(&sanctioned_company()).await?;
        let report = stack.dev().wait_for_end(&id).await?;
        assert_eq!(
            (&report["status"], &report["riskLevel"]),
            (&json!("COMPLETED"), &json!("HIGH")),
            "{fault}"
        );
        assert_eq!(report["review"]["required"], true);
        assert!(text_at(&report, "/summary").starts_with("This summary was composed from the rules alone."));
        assert_eq!(document(&stack, &report).await?.versions.model, None);
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repaired_answer_leaves_no_trace_in_the_report() -> Result<()> {
    let options = Options { seed: 11, ..TestStack::options() };
    let stack = TestStack::with(options).await?;
    stack.bedrock().faults().set(faults(json!({"uncited": 0.5})));
    let mut repaired = 0;
    for _ in 0..8 {
        let id = stack.dev().submit_accepted(&sanctioned_company()).await?;
        let report = stack.dev().wait_for_end(&id).await?;
        let document = document(&stack, &report).await?;
        if report["usage"]["modelCalls"] == 3 && document.dropped.is_empty() {
            assert!(!document.findings.is_empty());
            assert_eq!(document.review.reasons.len(), 1, "the only reason is the match, not the repair");
            repaired += 1;
        }
    }
    assert!(repaired > 0, "with this seed at least one repair succeeds");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mandatory_source_no_report_is_low() -> Result<()> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_DEADLINE_SECONDS".to_owned(), "3".to_owned());
    let stack = TestStack::with(options).await?;
    stack.feeds().faults().set(faults(json!({"error": 1})));
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!(
        (&report["status"], &report["riskLevel"]),
        (&json!("COMPLETED"), &json!("UNDETERMINED")),
        "{report}"
    );
    // The country table needs no service, so there is evidence to assess.
    assert!(report["attempt"].as_u64() > Some(1), "the source is asked until the deadline: {report}");
    assert_eq!(report["usage"]["modelCalls"], 2, "one call assesses, one verifies");
    assert_eq!(report["review"]["required"], true);
    for source in report["sources"].as_array().unwrap() {
        if source["source"] == "country_risk" {
            assert_eq!(source["status"], "ok");
        } else {
            assert_eq!((&source["status"], &source["asOf"]), (&json!("failed"), &Value::Null));
        }
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_whose_deadline_passes_reads_failed_and_can_be_resubmitted() -> Result<()> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_DEADLINE_SECONDS".to_owned(), "1".to_owned());
    let stack = TestStack::with(options).await?;
    stack.bedrock().faults().set(faults(json!({"error": 1})));
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!(
        (&report["status"], &report["error"]["code"]),
        (&json!("FAILED"), &json!("model_unavailable"))
    );
    assert_eq!(report["error"]["retryable"], true);

    stack.bedrock().faults().set(Faults::default());
    stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["error"]), (&json!("COMPLETED"), &Value::Null));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_cannot_send_to_the_queue_loses_no_report() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    // The report is recorded, but the message goes to a queue that does not exist.
    let missing_queue = format!("{}-gone", stack.infrastructure().queues().queue_url);
    let settings = api_settings(&stack, &missing_queue)?;
    let stop = tokio_util::sync::CancellationToken::new();
    let api = api_service::startup::Application::build_with(settings, stack.sdk(), stop.clone()).await?;
    let client = local_stack::stack::client::Client::new(
        &format!("http://{}", api.address()?),
        stack.keys().dev.clone(),
    )?;
    let api = tokio::spawn(api.run());
    let id = client.submit_accepted(&clean_company()).await?;
    assert_eq!(count_messages(&stack).await?, 0);
    stop.cancel();

    let worker = stack.start_worker(&[])?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    worker.stop().await?;
    api.abort();
    stack.stop().await
}

fn api_settings(stack: &TestStack, queue_url: &str) -> Result<api_service::settings::Settings> {
    let mut environment = stack.environment().clone();
    environment.insert("DOSSIER_QUEUE_URL".to_owned(), queue_url.to_owned());
    environment.insert("DOSSIER_BIND".to_owned(), "127.0.0.1:0".to_owned());
    Ok(api_service::settings::Settings::read(&environment)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_many_reports_of_one_tenant_do_not_delay_the_report_of_another() -> Result<()> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_TENANT_MAX_IN_PROGRESS".to_owned(), "2".to_owned());
    let stack = TestStack::with(options).await?;
    stack.bedrock().faults().set(faults(json!({"latency": "60s"})));
    let mut many = Vec::new();
    for _ in 0..12 {
        many.push(stack.dev().submit_accepted(&clean_company()).await?);
    }
    wait_for_in_progress(&stack, 2).await?;
    // The first tenant's twelve reports could take all eight slots, but the limit for a tenant is two.
    let other = stack.acme_client()?;
    let id = other.submit_accepted(&clean_company()).await?;
    let mut snapshot = other.poll(&id, None).await?;
    while snapshot.report["progress"]["stage"] != "assess" {
        snapshot = other.poll(&id, Some(snapshot)).await?;
    }
    assert_eq!(count_in_progress(&stack).await?, 2);
    for id in &many {
        stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    }
    stack.stop().await
}

async fn count_in_progress(stack: &TestStack) -> Result<usize> {
    let page: Value = stack.dev().get("/v1/reports?status=PROCESSING&pageSize=100").await?.json().await?;
    Ok(page["reports"].as_array().map_or(0, Vec::len))
}

async fn wait_for_in_progress(stack: &TestStack, count: usize) -> Result<()> {
    while count_in_progress(stack).await? < count {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_its_lease_stops_and_writes_nothing() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(faults(json!({"latency": "60s"})));
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    wait_for_stage(&stack, &id, "assess").await?;

    // Another holder, for whom the lease has expired, claims the report.
    let (aws, settings) = stack.adapters()?;
    let table = aws.table;
    let (tenant, report): (Tenant, ReportId) = ("dev".parse()?, id.parse()?);
    let later = service_runtime::clock::now().plus(Duration::from_secs(3600));
    let execute = async |command: Command| {
        table.execute(&tenant, report, &command, &Details::default(), later, &settings.policy).await
    };
    let claimed = execute(Command::Claim { holder: "other-worker".to_owned() }).await?;
    assert!(matches!(claimed, Executed::Done(report) if report.lifecycle.attempt == 2));

    // At its next heartbeat the first worker releases its slot and cancels its model call.
    while stack.bedrock().in_flight() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let current = table.get(&tenant, report).await?.unwrap();
    assert_eq!(
        (current.lifecycle.attempt, current.lifecycle.lease.unwrap().holder.as_str()),
        (2, "other-worker")
    );
    assert_eq!(stack.bedrock().calls().get("Converse"), None);

    stack.bedrock().faults().set(Faults::default());
    assert!(matches!(execute(Command::Release { attempt: 2 }).await?, Executed::Done(_)));
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["usage"]["modelCalls"]), (&json!("COMPLETED"), &json!(2)));
    stack.stop().await
}
