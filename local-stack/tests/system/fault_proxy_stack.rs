//! A whole stack behind the fault proxy: reports complete although requests and answers are lost, including
//! the model's.

use crate::support::{clean_company, sanctioned_company, text_at};
use anyhow::Result;
use local_stack::{
    TestStack,
    fault_proxy::{self, WireFault},
    stack::Options,
};
use serde_json::json;

fn behind_proxy(rules: &[&str]) -> Options {
    let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    let fault_proxy = Some(fault_proxy::Options { rules, observer: None });
    let mut options = Options { fault_proxy, ..TestStack::options() };
    // A message that was received twice cannot be hidden. Its report waits outside the queue, a minute by default.
    options.settings.insert("DOSSIER_QUEUE_WAIT_SECONDS".to_owned(), "1".to_owned());
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_end_although_the_wire_loses_and_repeats_requests() -> Result<()> {
    let stack = TestStack::with(behind_proxy(&[])).await?;
    let plan = stack.fault_proxy().unwrap().plan();
    plan.set(["all=0.05", "Sqs.ReceiveMessage=repeat:1"].map(|rule| rule.parse().unwrap()).into());
    for request in [clean_company(), sanctioned_company(), clean_company(), sanctioned_company()] {
        // The API may answer 503, so the client retries, as clients do.
        let id = loop {
            if let Ok(id) = stack.dev().submit_accepted(&request).await {
                break id;
            }
        };
        let end = loop {
            if let Ok(report) = stack.dev().wait_for_end(&id).await {
                break report;
            }
        };
        assert!(["COMPLETED", "FAILED"].contains(&text_at(&end, "/status")), "{end}");
    }
    let injected: u64 = WireFault::ALL.into_iter().map(|kind| plan.total(kind)).sum();
    assert!(injected > 10, "{injected} faults");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_links_of_a_report_work_through_the_proxy() -> Result<()> {
    let stack = TestStack::with(behind_proxy(&[])).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let report = stack.dev().wait_for_end(&id).await?;
    let link = text_at(&report, "/links/html");
    assert!(link.starts_with(&stack.fault_proxy().unwrap().s3_url()), "{link}");
    assert!(!stack.dev().download(link).await?.is_empty());
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_model_answer_is_paid_for_and_requested_again() -> Result<()> {
    let stack = TestStack::with(behind_proxy(&["Bedrock.Converse=lost-answer:1"])).await?;
    let plan = stack.fault_proxy().unwrap().plan();
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    while plan.total(WireFault::LostAnswer) == 0 {
        stack.dev().poll(&id, None).await?;
        tokio::task::yield_now().await;
    }
    plan.set(Vec::new());
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["usage"]["modelCalls"]), (&json!("COMPLETED"), &json!(2)));
    assert_eq!(stack.bedrock().calls()["Converse"], 2 + plan.total(WireFault::LostAnswer));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_model_costs_no_attempt() -> Result<()> {
    let stack = TestStack::with(behind_proxy(&["Bedrock.Converse=throttle:1"])).await?;
    let plan = stack.fault_proxy().unwrap().plan();
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    while plan.total(WireFault::Throttle) == 0 {
        stack.dev().poll(&id, None).await?;
        tokio::task::yield_now().await;
    }
    plan.set(Vec::new());
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    stack.stop().await
}
