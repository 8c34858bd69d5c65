//! The attempts of a report as clients see them: each with its stages and its end, whoever ended it.
use std::time::Duration;

use crate::support::{clean_company, text_at};
use anyhow::Result;
use aws_adapters::table::{Details, Executed};
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::Command,
    report::Stage,
    time::UtcTime,
};
use local_stack::{
    TestStack,
    faults::Faults,
    stack::{Component, Options},
};
use serde_json::{Value, json};

/// Returns the outcome of each attempt, oldest first, after checking that their numbers are consecutive and that no time is
/// before an earlier one.
fn outcomes(report: &Value) -> Vec<&str> {
    let attempts = report["attemptHistory"].as_array().unwrap();
    let mut last = text_at(report, "/createdAt").parse::<UtcTime>().unwrap();
    for (index, attempt) in attempts.iter().enumerate() {
        assert_eq!(attempt["attempt"], json!(index + 1), "{report}");
        let mut times = vec![&attempt["startedAt"]];
        for stage in attempt["stages"].as_array().unwrap() {
            times.extend([&stage["startedAt"], &stage["endedAt"]]);
        }
        times.push(&attempt["endedAt"]);
        for time in times.into_iter().filter_map(Value::as_str) {
            let time = time.parse().unwrap();
            assert!(time >= last, "{time} is before {last}: {report}");
            last = time;
        }
    }
    attempts.iter().map(|attempt| text_at(attempt, "/outcome")).collect()
}

fn stages(attempt: &Value) -> Vec<&str> {
    attempt["stages"].as_array().unwrap().iter().map(|stage| text_at(stage, "/stage")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_is_shown_with_its_stages_and_the_error_that_ended_it() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(Faults::from_json(&json!({"error": 1})).unwrap());
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let mut snapshot = stack.dev().poll(&id, None).await?;
    while outcomes(&snapshot.report) != ["retried", "running"] {
        assert!(!snapshot.is_terminal(), "{}", snapshot.report);
        snapshot = stack.dev().poll(&id, Some(snapshot)).await?;
    }
    let first = &snapshot.report["attemptHistory"][0];
    assert_eq!(
        (stages(first), text_at(first, "/errorCode")),
        (vec!["gather", "assess"], "model_unavailable")
    );
    assert!(snapshot.report["attemptHistory"][1]["endedAt"].is_null());

    stack.bedrock().faults().set(Faults::default());
    let report = stack.dev().wait_for_end(&id).await?;
    let mut ended = outcomes(&report);
    assert_eq!(ended.pop(), Some("completed"));
    assert!(ended.iter().all(|outcome| *outcome == "retried"), "{ended:?}");
    let last = report["attemptHistory"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["attempt"], &last["endedAt"]), (&report["attempt"], &report["endedAt"]));
    assert_eq!(stages(last), ["gather", "assess", "render", "publish"]);
    assert!(last["errorCode"].is_null());
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_worker_vanished_is_shown_as_lost() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let (aws, settings) = stack.adapters()?;
    let (tenant, report): (Tenant, ReportId) = ("dev".parse()?, id.parse()?);
    // The lease of this worker expires at once.
    let policy = domain::lifecycle::Policy { lease: Duration::ZERO, ..settings.policy };
    let claim = Command::Claim { holder: "vanished".to_owned() };
    let details = Details { progress: Some(Stage::Gather.progress()), ..Details::default() };
    let now = service_runtime::clock::now();
    let claimed = aws.table.execute(&tenant, report, &claim, &details, now, &policy).await?;
    assert!(matches!(claimed, Executed::Done(report) if report.lifecycle.attempt == 1));
    let worker = stack.start_worker(&[])?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!(outcomes(&report), ["lost", "completed"], "{report}");
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resubmission_keeps_the_attempts_before_it() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(Faults::from_json(&json!({"latency": "60s"})).unwrap());
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let mut snapshot = stack.dev().poll(&id, None).await?;
    while snapshot.report["progress"]["stage"] != "assess" {
        snapshot = stack.dev().poll(&id, Some(snapshot)).await?;
    }
    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    assert_eq!(outcomes(&stack.dev().wait_for_end(&id).await?), ["cancelled"]);
    stack.bedrock().faults().set(Faults::default());
    stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?;
    assert_eq!(outcomes(&stack.dev().wait_for_end(&id).await?), ["cancelled", "completed"]);
    stack.stop().await
}
