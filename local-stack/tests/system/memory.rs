//! The memory of the API under the worst bodies that it accepts.
use std::time::Duration;

use crate::support::service_process::{ServiceProcess, peak_memory};
use crate::support::{clean_company, with_fields};
use anyhow::{Context as _, Result};
use futures::future::join_all;
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

/// The default of `DOSSIER_API_BODY_MIB`, and how many times its size a body may take, as that setting says.
const BODY_MIB: u64 = 32;
const FACTOR: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn bodies_take_no_more_memory_than_the_setting_says() -> Result<()> {
    let without = vec![Component::Api, Component::Worker];
    let stack = TestStack::with(Options { without, ..TestStack::options() }).await?;
    let mut environment = stack.environment().clone();
    for (name, value) in [
        ("DOSSIER_API_DRAIN_NOTICE_SECONDS", "0"),
        ("DOSSIER_LOG", "error"),
        ("DOSSIER_REQUEST_SECONDS", "120"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let api = ServiceProcess::start("api-service", &environment)?;
    while !stack.dev().get("/readyz").await.is_ok_and(|answer| answer.status() == 200) {
        sleep(Duration::from_millis(50)).await;
    }
    let process = api.id().context("the API has ended")?;
    let before = peak_memory(process)?;
    let post = async |body: &[u8]| {
        let request = stack.dev().request(Method::POST, "/v1/reports/batch");
        let request = request.header("content-type", "application/json").timeout(Duration::from_secs(180));
        request.body(body.to_vec()).send().await.map(|answer| answer.status())
    };

    // The bodies with the most values for their size, and the longest names and texts.
    let zeros = format!("{{\"reports\":[{}0]}}", "0,".repeat(2_000_000));
    let names: Vec<String> = (0..50_000).map(|number| format!("\"{number:060}\":0")).collect();
    let names = format!("{{{}}}", names.join(","));
    let text = format!("{{\"reports\":[\"{}\"]}}", "x".repeat(4_000_000));
    for body in [zeros, names, text] {
        let answers = join_all((0..64).map(|_| post(body.as_bytes()))).await;
        for answer in answers {
            let status = answer?;
            // A batch whose only request is invalid is answered with 202 and the error of the request.
            let refused =
                [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNPROCESSABLE_ENTITY, StatusCode::ACCEPTED];
            assert!(refused.contains(&status) || status == StatusCode::SERVICE_UNAVAILABLE, "{status}");
        }
    }
    let hostile = peak_memory(process)?;

    // The largest valid batches, as many as fit at a time.
    let items: Vec<Value> = (0..1_000)
        .map(|number| {
            let more = json!({"customId": number.to_string(), "purpose": "目".repeat(500),
                "callbackUrl": format!("https://hooks.example.com/{}", "x".repeat(1_900))});
            with_fields(clean_company(), more)
        })
        .collect();
    let body = json!({ "reports": items }).to_string();
    assert!((3_500_000..4 * 1024 * 1024).contains(&body.len()), "{}", body.len());
    for answer in join_all((0..8).map(|_| post(body.as_bytes()))).await {
        assert_eq!(answer?, StatusCode::ACCEPTED);
    }
    let valid = peak_memory(process)?;
    eprintln!(
        "memory: peak {before} KiB at first, {hostile} KiB after hostile bodies, {valid} KiB after valid ones"
    );
    assert!(valid < before + BODY_MIB * FACTOR * 1024, "{before} KiB at first, {hostile} KiB, {valid} KiB");
    api.terminate().await?;
    stack.stop().await
}
