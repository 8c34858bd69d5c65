//! What a worker costs that has nothing to do. The clock is that of the runtime, so an hour takes no time, and a
//! stand-in answers AWS's requests: with an empty queue and an empty table.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result};
use aws_adapters::SdkConfig;
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use worker_service::{settings::Settings, worker::Worker};

/// Maximum number of requests that an idle worker sends in an hour: fewer than ten a minute.
const REQUESTS_MAX: u64 = 10 * 60 - 1;

/// AWS with empty queues and an empty table. It counts requests by operation.
#[derive(Clone, Debug, Default)]
struct EmptyAws(Arc<Mutex<BTreeMap<String, u64>>>);

impl EmptyAws {
    fn counts(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap().clone()
    }

    fn count(&self, operation: &str) -> u64 {
        self.counts().get(operation).copied().unwrap_or_default()
    }
}

impl HttpConnector for EmptyAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        *self.0.lock().unwrap().entry(operation.clone()).or_default() += 1;
        let body: Value =
            serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        HttpConnectorFuture::new(async move {
            let (status, answer) = match operation.as_str() {
                "ReceiveMessage" => {
                    // A long poll lasts as long as it may.
                    sleep(Duration::from_secs(body["WaitTimeSeconds"].as_u64().unwrap_or_default())).await;
                    (200, json!({}))
                }
                "Query" => (200, json!({"Count": 0, "ScannedCount": 0, "Items": []})),
                "GetQueueAttributes" => {
                    let numbers = ["", "NotVisible", "Delayed"]
                        .map(|state| (format!("ApproximateNumberOfMessages{state}"), "0"));
                    (200, json!({"Attributes": BTreeMap::from(numbers)}))
                }
                _ => (400, json!({"__type": "ValidationException", "message": "no idle worker sends this"})),
            };
            let status = StatusCode::try_from(status).expect("a status");
            Ok(HttpResponse::new(status, SdkBody::from(answer.to_string())))
        })
    }
}

fn sdk(stack: &TestStack, aws: &EmptyAws) -> SdkConfig {
    let connector = SharedHttpConnector::new(aws.clone());
    let client = http_client_fn(move |_, _| connector.clone());
    stack.sdk().clone().into_builder().http_client(client).build()
}

#[tokio::test]
async fn an_idle_worker_sends_fewer_than_ten_requests_a_minute() -> Result<()> {
    let mut options = Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() };
    // The settings of production.
    options.settings.retain(|name, _| name == "DOSSIER_WORKER_DRAIN_SECONDS");
    let stack = TestStack::with(options).await?;
    let aws = EmptyAws::default();
    let sdk = sdk(&stack, &aws);
    let worker = Worker::build_with(Settings::read(stack.environment())?, &sdk, &sdk)?;
    let stop = CancellationToken::new();
    let running = tokio::spawn(worker.run(stop.clone()));
    // Both queues are polled once the sources are ready.
    while aws.count("ReceiveMessage") < 2 {
        sleep(Duration::from_millis(10)).await;
    }
    tokio::time::pause();
    let before = aws.counts();
    sleep(Duration::from_secs(3600)).await;
    let mut sent = aws.counts();
    for (operation, count) in &before {
        *sent.get_mut(operation).context("an operation was forgotten")? -= count;
    }
    tokio::time::resume();
    stop.cancel();
    running.await??;
    eprintln!("requests of an idle worker in an hour: {sent:?}");
    let operations: Vec<&str> = sent.keys().map(String::as_str).collect();
    assert_eq!(operations, ["Query", "ReceiveMessage"], "{sent:?}");
    // Two queues are polled for 20 seconds each time, and the dead-letter queue is scanned every few minutes.
    let polls = 2 * 3600 / 20;
    assert!((polls..polls + 30).contains(&sent["ReceiveMessage"]), "{sent:?}");
    assert!(sent["Query"] >= 8 * 15, "the sweeps go on: {sent:?}");
    assert!(sent.values().sum::<u64>() <= REQUESTS_MAX, "{sent:?}");
    stack.stop().await
}
