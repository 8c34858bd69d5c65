//! Reports reach their end whatever dies, is lost, comes twice or answers wrongly, and no answer of
//! the model is bought twice.
use std::time::Duration;

use crate::support::{clean, sanctioned, text};
use anyhow::Result;
use aws_adapters::table::{Details, Executed};
use aws_sdk_sqs::types::QueueAttributeName;
use domain::{
    document::Document,
    identity::{ReportId, Tenant},
    lifecycle::Command,
};
use local_stack::{
    faults::Faults,
    stack::{Options, Part, testing::TestStack},
};
use serde_json::{Value, json};

fn faults(value: Value) -> Faults {
    Faults::from_json(&value).unwrap()
}

async fn document(stack: &TestStack, report: &Value) -> Result<Document> {
    Ok(serde_json::from_slice(&stack.dev().download(text(report, "/links/json")).await?)?)
}

/// Waits until the report shows `stage`.
async fn until_stage(stack: &TestStack, id: &str, stage: &str) -> Result<()> {
    let mut seen = stack.dev().look(id, None).await?;
    while seen.report["progress"]["stage"] != stage {
        assert!(!seen.has_ended(), "{}", seen.report);
        seen = stack.dev().look(id, Some(seen)).await?;
    }
    Ok(())
}

async fn purge(stack: &TestStack) -> Result<()> {
    stack.clients().sqs.purge_queue().queue_url(&stack.surroundings().queues().queue_url).send().await?;
    Ok(())
}

/// Messages in the queue, waiting or hidden.
async fn messages(stack: &TestStack) -> Result<u32> {
    let attributes = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let url = &stack.surroundings().queues().queue_url;
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
async fn a_lost_message_is_sent_again_by_the_sweeper() -> Result<()> {
    let mut stack = TestStack::start().await?;
    stack.stop_worker().await?;
    let id = stack.dev().submitted(&clean()).await?;
    purge(&stack).await?;
    let worker = stack.start_worker(&[])?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["attempt"]), (&json!("COMPLETED"), &json!(1)));
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_worker_gives_back_and_the_next_one_does_not_pay_again() -> Result<()> {
    let mut stack = TestStack::start().await?;
    // The first answer is paid for and journalled; the second takes too long for this worker.
    let id = stack.dev().submitted(&sanctioned()).await?;
    stack.bedrock().faults().set(faults(json!({"latency": "60s"})));
    until_stage(&stack, &id, "assess").await?;
    let evidence_before = stack.feeds().calls();
    stack.stop_worker().await?;
    let given_back = stack.dev().look(&id, None).await?.report;
    assert_eq!(
        (&given_back["status"], &given_back["progress"]["stage"]),
        (&json!("PENDING"), &json!("queued"))
    );

    stack.bedrock().faults().set(Faults::default());
    let worker = stack.start_worker(&[])?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["attempt"]), (&json!("COMPLETED"), &json!(2)));
    assert_eq!(stack.feeds().calls(), evidence_before, "the evidence was frozen and is not gathered again");
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_twice_changes_nothing() -> Result<()> {
    let stack = TestStack::start().await?;
    let id = stack.dev().submitted(&clean()).await?;
    let report = stack.dev().wait_for_end(&id).await?;
    let calls = stack.bedrock().calls();
    let body = json!({"v": 1, "tenant": "dev", "reportId": id}).to_string();
    let url = &stack.surroundings().queues().queue_url;
    stack.clients().sqs.send_message().queue_url(url).message_body(body).send().await?;
    while messages(&stack).await? > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let again = stack.dev().look(&id, None).await?.report;
    assert_eq!((&again["endedAt"], &again["attempt"]), (&report["endedAt"], &report["attempt"]));
    assert_eq!(stack.bedrock().calls(), calls);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_during_the_models_call_stops_it() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(faults(json!({"latency": "60s"})));
    let id = stack.dev().submitted(&clean()).await?;
    until_stage(&stack, &id, "assess").await?;
    let asked = stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    assert_eq!(asked.status().as_u16(), 200);
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!(report["status"], "CANCELLED");
    assert_eq!(stack.bedrock().calls().get("Converse"), None);
    while messages(&stack).await? > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn throttles_and_faults_of_the_model_are_ridden_out() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(faults(json!({"throttle": 0.3, "error": 0.2})));
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(stack.dev().submitted(&clean()).await?);
    }
    for id in &ids {
        assert_eq!(stack.dev().wait_for_end(id).await?["status"], "COMPLETED");
    }
    assert_eq!(stack.bedrock().calls()["Converse"], ids.len() as u64);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_model_cannot_prove_is_never_published() -> Result<()> {
    let stack = TestStack::start().await?;
    for fault in ["uncited", "hallucinated"] {
        stack.bedrock().faults().set(faults(json!({ fault: 1 })));
        let id = stack.dev().submitted(&sanctioned()).await?;
        let report = stack.dev().wait_for_end(&id).await?;
        let document = document(&stack, &report).await?;
        assert_eq!(report["riskLevel"], "HIGH", "the rules' floor stands");
        assert!(!document.dropped.is_empty() && document.review.required, "{fault}: {document:#?}");
        for finding in &document.findings {
            for citation in &finding.citations {
                let piece = document.evidence.iter().find(|piece| piece.id == citation.evidence_id).unwrap();
                assert!(piece.text.contains(&citation.quote), "{fault}");
            }
        }
        assert_eq!(report["usage"]["modelCalls"], 2, "one repair turn, and no more");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_usable_answer_the_rules_speak_and_a_person_is_asked() -> Result<()> {
    let stack = TestStack::start().await?;
    for fault in ["malformed", "refusal"] {
        stack.bedrock().faults().set(faults(json!({ fault: 1 })));
        let id = stack.dev().submitted(&sanctioned()).await?;
        let report = stack.dev().wait_for_end(&id).await?;
        assert_eq!(
            (&report["status"], &report["riskLevel"]),
            (&json!("COMPLETED"), &json!("HIGH")),
            "{fault}"
        );
        assert_eq!(report["review"]["required"], true);
        assert!(text(&report, "/summary").starts_with("This summary was composed from the rules alone."));
        assert_eq!(document(&stack, &report).await?.versions.model, None);
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repaired_answer_is_as_good_as_a_first_one() -> Result<()> {
    let options = Options { seed: 11, ..TestStack::options() };
    let stack = TestStack::with(options).await?;
    stack.bedrock().faults().set(faults(json!({"uncited": 0.5})));
    let mut repaired = 0;
    for _ in 0..8 {
        let id = stack.dev().submitted(&sanctioned()).await?;
        let report = stack.dev().wait_for_end(&id).await?;
        let document = document(&stack, &report).await?;
        if report["usage"]["modelCalls"] == 2 && document.dropped.is_empty() {
            assert!(!document.findings.is_empty());
            assert_eq!(document.review.reasons.len(), 1, "the match itself, and nothing of the repair");
            repaired += 1;
        }
    }
    assert!(repaired > 0, "the seed gives at least one repair that succeeds");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_mandatory_source_no_report_is_low() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.feeds().faults().set(faults(json!({"error": 1})));
    let id = stack.dev().submitted(&clean()).await?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!(
        (&report["status"], &report["riskLevel"]),
        (&json!("COMPLETED"), &json!("UNDETERMINED")),
        "{report}"
    );
    // The table of countries needs no service: there is something to assess.
    assert_eq!((&report["attempt"], &report["usage"]["modelCalls"]), (&json!(3), &json!(1)));
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
async fn a_report_whose_attempts_are_spent_reads_failed_and_can_be_resubmitted() -> Result<()> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_ATTEMPTS".to_owned(), "1".to_owned());
    let stack = TestStack::with(options).await?;
    stack.bedrock().faults().set(faults(json!({"error": 1})));
    let id = stack.dev().submitted(&clean()).await?;
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
async fn an_api_that_cannot_reach_the_queue_loses_no_report() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Part::Worker], ..TestStack::options() }).await?;
    // The record is written; the message goes to a queue that is not there.
    let wrong = format!("{}-gone", stack.surroundings().queues().queue_url);
    let settings = api_settings(&stack, &wrong)?;
    let stop = tokio_util::sync::CancellationToken::new();
    let api = api_service::startup::Application::build_with(settings, stack.sdk(), stop.clone()).await?;
    let client = local_stack::stack::client::Client::new(
        &format!("http://{}", api.address()?),
        stack.keys().dev.clone(),
    )?;
    let api = tokio::spawn(api.run());
    let id = client.submitted(&clean()).await?;
    assert_eq!(messages(&stack).await?, 0);
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
async fn one_tenants_many_reports_do_not_hold_up_anothers_one() -> Result<()> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_TENANT_MAX_IN_PROGRESS".to_owned(), "2".to_owned());
    let stack = TestStack::with(options).await?;
    stack.bedrock().faults().set(faults(json!({"latency": "60s"})));
    let mut many = Vec::new();
    for _ in 0..12 {
        many.push(stack.dev().submitted(&clean()).await?);
    }
    until_in_progress(&stack, 2).await?;
    // All eight slots could be busy with the first tenant's twelve; two are.
    let other = stack.acme_client()?;
    let id = other.submitted(&clean()).await?;
    let mut seen = other.look(&id, None).await?;
    while seen.report["progress"]["stage"] != "assess" {
        seen = other.look(&id, Some(seen)).await?;
    }
    assert_eq!(in_progress(&stack).await?, 2);
    for id in &many {
        stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    }
    stack.stop().await
}

async fn in_progress(stack: &TestStack) -> Result<usize> {
    let page: Value = stack.dev().get("/v1/reports?status=PROCESSING&pageSize=100").await?.json().await?;
    Ok(page["reports"].as_array().map_or(0, Vec::len))
}

async fn until_in_progress(stack: &TestStack, count: usize) -> Result<()> {
    while in_progress(stack).await? < count {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_lease_stops_and_writes_nothing_more() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(faults(json!({"latency": "60s"})));
    let id = stack.dev().submitted(&clean()).await?;
    until_stage(&stack, &id, "assess").await?;

    // Somebody for whom the lease has run out takes the report over.
    let (aws, settings) = stack.adapters()?;
    let table = aws.table;
    let (tenant, report): (Tenant, ReportId) = ("dev".parse()?, id.parse()?);
    let later = service_runtime::clock::now().plus(Duration::from_secs(3600));
    let run = async |command: Command| {
        table.execute(&tenant, report, &command, &Details::default(), later, &settings.policy).await
    };
    let taken = run(Command::Claim { holder: "thief".to_owned() }).await?;
    assert!(matches!(taken, Executed::Done(report) if report.lifecycle.attempt == 2));

    // At its next heartbeat the first worker gives up its slot and its model call.
    while stack.bedrock().in_flight() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let now = table.get(&tenant, report).await?.unwrap();
    assert_eq!((now.lifecycle.attempt, now.lifecycle.lease.unwrap().holder.as_str()), (2, "thief"));
    assert_eq!(stack.bedrock().calls().get("Converse"), None);

    stack.bedrock().faults().set(Faults::default());
    assert!(matches!(run(Command::Release { attempt: 2, delay: Duration::ZERO }).await?, Executed::Done(_)));
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["usage"]["modelCalls"]), (&json!("COMPLETED"), &json!(1)));
    stack.stop().await
}
