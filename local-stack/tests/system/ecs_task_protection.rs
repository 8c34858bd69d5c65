//! On ECS, a worker has scale-in protection while it processes reports, and only then.
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::clean_company;
use anyhow::Result;
use axum::{Json, Router, extract::State, routing::put};
use local_stack::{
    TestStack,
    faults::Faults,
    stack::{Component, Options},
};
use serde_json::{Value, json};

type ReceivedBodies = Arc<Mutex<Vec<Value>>>;

async fn state(State(received): State<ReceivedBodies>, Json(body): Json<Value>) -> Json<Value> {
    received.lock().unwrap().push(body.clone());
    Json(
        json!({"protection": {"ProtectionEnabled": body["ProtectionEnabled"], "TaskArn": "arn:aws:ecs:::task/x"}}),
    )
}

/// Starts an ECS agent on a free port. Returns its URL and the request bodies that it receives.
async fn agent() -> Result<(String, ReceivedBodies)> {
    let received = ReceivedBodies::default();
    let router =
        Router::new().route("/api/v1/task-protection/v1/state", put(state)).with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/api/v1", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, received))
}

async fn wait_for_requests(received: &ReceivedBodies, count: usize) {
    while received.lock().unwrap().len() < count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn protection_is_on_while_a_report_is_processed_and_off_afterwards() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let (url, received) = agent().await?;
    stack.bedrock().faults().set(Faults::from_json(&json!({"latency": "60s"}))?);
    let worker = stack.start_worker(&[("ECS_AGENT_URI", &url)])?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    wait_for_requests(&received, 1).await;
    assert_eq!(received.lock().unwrap()[0], json!({"ProtectionEnabled": true, "ExpiresInMinutes": 60}));

    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    stack.dev().wait_for_end(&id).await?;
    wait_for_requests(&received, 2).await;
    worker.stop().await?;
    let received = received.lock().unwrap().clone();
    assert_eq!(
        received[1..],
        [json!({"ProtectionEnabled": false})],
        "turned off once, and not again when the worker stops"
    );
    stack.stop().await
}
