//! A whole stack over the fault rig: reports complete although requests and answers are lost, the model's included.

use crate::support::{clean, sanctioned, text};
use anyhow::Result;
use local_stack::{
    fault_proxy::{self, WireFault},
    stack::{Options, TestStack},
};
use serde_json::json;

fn over(rules: &[&str]) -> Options {
    let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    Options { fault_proxy: Some(fault_proxy::Options { rules, observer: None }), ..TestStack::options() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_completes_over_a_wire_that_loses_and_repeats() -> Result<()> {
    let stack = TestStack::with(over(&[])).await?;
    let plan = stack.fault_proxy().unwrap().plan();
    plan.set(["all=0.05", "Sqs.ReceiveMessage=repeat:1"].map(|rule| rule.parse().unwrap()).into());
    for request in [clean(), sanctioned(), clean(), sanctioned()] {
        // The API itself may refuse for now: the client asks again, as clients do.
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
        assert!(["COMPLETED", "FAILED"].contains(&text(&end, "/status")), "{end}");
    }
    let injected: u64 = WireFault::ALL.into_iter().map(|kind| plan.total(kind)).sum();
    assert!(injected > 10, "{injected} faults");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_a_report_go_through_the_rig_and_work() -> Result<()> {
    let stack = TestStack::with(over(&[])).await?;
    let id = stack.dev().submit_accepted(&clean()).await?;
    let report = stack.dev().wait_for_end(&id).await?;
    let link = text(&report, "/links/html");
    assert!(link.starts_with(&stack.fault_proxy().unwrap().aws_url()), "{link}");
    assert!(!stack.dev().download(link).await?.is_empty());
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_of_the_model_is_paid_for_and_asked_for_again() -> Result<()> {
    let stack = TestStack::with(over(&["Bedrock.Converse=lost-answer:1"])).await?;
    let plan = stack.fault_proxy().unwrap().plan();
    let id = stack.dev().submit_accepted(&clean()).await?;
    while plan.total(WireFault::LostAnswer) == 0 {
        stack.dev().poll(&id, None).await?;
        tokio::task::yield_now().await;
    }
    plan.set(Vec::new());
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["usage"]["modelCalls"]), (&json!("COMPLETED"), &json!(1)));
    assert_eq!(stack.bedrock().calls()["Converse"], 1 + plan.total(WireFault::LostAnswer));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_model_costs_no_attempt_through_the_rig() -> Result<()> {
    let stack = TestStack::with(over(&["Bedrock.Converse=throttle:1"])).await?;
    let plan = stack.fault_proxy().unwrap().plan();
    let id = stack.dev().submit_accepted(&clean()).await?;
    while plan.total(WireFault::Throttle) == 0 {
        stack.dev().poll(&id, None).await?;
        tokio::task::yield_now().await;
    }
    plan.set(Vec::new());
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    stack.stop().await
}
