//! On ECS a worker is protected from scale-in exactly while it works on reports.
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::clean;
use anyhow::Result;
use axum::{Json, Router, extract::State, routing::put};
use local_stack::{
    faults::Faults,
    stack::{Component, Options, TestStack},
};
use serde_json::{Value, json};

type Told = Arc<Mutex<Vec<Value>>>;

async fn state(State(told): State<Told>, Json(body): Json<Value>) -> Json<Value> {
    told.lock().unwrap().push(body.clone());
    Json(
        json!({"protection": {"ProtectionEnabled": body["ProtectionEnabled"], "TaskArn": "arn:aws:ecs:::task/x"}}),
    )
}

/// An agent on a free port, and what it is told.
async fn agent() -> Result<(String, Told)> {
    let told = Told::default();
    let router =
        Router::new().route("/api/v1/task-protection/v1/state", put(state)).with_state(Arc::clone(&told));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/api/v1", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, told))
}

async fn until(told: &Told, count: usize) {
    while told.lock().unwrap().len() < count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn protection_is_asked_for_while_a_report_is_in_work_and_given_up_after() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let (url, told) = agent().await?;
    stack.bedrock().faults().set(Faults::from_json(&json!({"latency": "60s"}))?);
    let worker = stack.start_worker(&[("ECS_AGENT_URI", &url)])?;
    let id = stack.dev().submit_accepted(&clean()).await?;
    until(&told, 1).await;
    assert_eq!(told.lock().unwrap()[0], json!({"ProtectionEnabled": true, "ExpiresInMinutes": 60}));

    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    stack.dev().wait_for_end(&id).await?;
    until(&told, 2).await;
    worker.stop().await?;
    let told = told.lock().unwrap().clone();
    assert_eq!(told[1..], [json!({"ProtectionEnabled": false})], "given up once, and not again at the end");
    stack.stop().await
}
