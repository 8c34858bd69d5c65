//! Data of a later version, which a deployment that rolls, or is rolled back, leaves to this one: new values,
//! members, artifacts and scopes, and items, messages and work files in another form. This version shows what
//! it can read, and leaves the work on it to the later version.
//!
//! `tests/later` has the records: those of this version with changes that a later version could make.
use std::{collections::BTreeMap, time::Duration};

use crate::support::{
    recorded::{Message, Recorded, recordings, send},
    text_at,
};
use anyhow::{Context as _, Result};
use aws_adapters::{
    queue::{Depth, Queue},
    table::Lookup,
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    access::Scope,
    identity::{ReportId, Tenant},
};
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// The item that this version cannot read.
const UNREADABLE: &str = "shape";

/// Starts a stack without a worker, with the records of the later version.
async fn later() -> Result<(TestStack, Recorded)> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let recorded = recordings("later")?.pop().context("there are no records of a later version")?;
    recorded.restore(&stack).await?;
    Ok((stack, recorded))
}

async fn json_of(stack: &TestStack, path: &str) -> Result<Value> {
    let answer = stack.dev().get(path).await?;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    Ok(answer.json().await?)
}

/// Lists all reports in pages of `size`, by their ids.
async fn listed(stack: &TestStack, size: usize) -> Result<BTreeMap<String, Value>> {
    let mut reports = BTreeMap::new();
    let mut path = format!("/v1/reports?pageSize={size}");
    loop {
        let page = json_of(stack, &path).await?;
        for report in page["reports"].as_array().context("reports")? {
            assert!(reports.insert(text_at(report, "/reportId").to_owned(), report.clone()).is_none());
        }
        match page["nextPageToken"].as_str() {
            Some(token) => path = format!("/v1/reports?pageSize={size}&pageToken={token}"),
            None => return Ok(reports),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_a_later_version_are_shown_and_hide_no_others() -> Result<()> {
    let (stack, recorded) = later().await?;
    let id = |name: &str| recorded.reports[name].as_str();
    let path = |name: &str| format!("/v1/reports/{}", id(name));
    let readable: Vec<&str> =
        recorded.reports.keys().map(String::as_str).filter(|name| *name != UNREADABLE).collect();

    for size in [1, 3, 100] {
        let reports = listed(&stack, size).await?;
        let expected: Vec<&str> = readable.iter().map(|name| id(name)).collect();
        let mut found: Vec<&str> = reports.keys().map(String::as_str).collect();
        found.sort_by_key(|found| expected.iter().position(|expected| expected == found));
        assert_eq!(found, expected, "pages of {size}");
    }
    let reports = listed(&stack, 100).await?;
    for name in &readable {
        let read = json_of(&stack, &path(name)).await?;
        for member in ["status", "progress", "request", "riskLevel", "sources", "expiresAt"] {
            assert_eq!(read[member], reports[id(name)][member], "{name}, {member}");
        }
    }
    let shown = |name: &str, pointer: &str| text_at(&reports[id(name)], pointer).to_owned();
    assert_eq!(shown("language", "/request/language"), "tlh");
    assert_eq!(shown("country", "/request/country"), "XK");
    assert_eq!(shown("scheme", "/request/numberScheme"), "crn_2027");
    assert_eq!(shown("format", "/request/formats/1"), "xlsx");
    assert_eq!(shown("status", "/status"), "ON_HOLD");
    assert_eq!(shown("stage", "/progress/stage"), "screen");
    assert_eq!(shown("outcome", "/riskLevel"), "CRITICAL");
    assert_eq!(shown("outcome", "/progress/stage"), "archive");
    assert_eq!(shown("outcome", "/sources/1/status"), "partial");
    assert_eq!(shown("outcome", "/sources/4/source"), "procurement");
    let outcome = json_of(&stack, &path("outcome")).await?;
    assert!(text_at(&outcome, "/links/pdf").contains("/report.pdf?"));
    assert!(outcome["links"].get("xlsx").is_none());

    // The one that cannot be read exists, and another task may be able to read it.
    let unreadable = stack.dev().get(&path(UNREADABLE)).await?;
    assert_eq!(unreadable.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(unreadable.headers().contains_key("retry-after"));

    // Everything else that reads reports.
    let csv = stack.dev().get("/v1/reports.csv").await?;
    assert_eq!(csv.status(), StatusCode::OK);
    let csv = csv.text().await?;
    assert_eq!(csv.lines().count(), readable.len() + 1);
    assert!(["tlh", "ON_HOLD", "CRITICAL", "XK"].iter().all(|value| csv.contains(value)), "{csv}");
    for name in ["language", "status", "stage"] {
        let mut events = stack.dev().get(&format!("{}/events", path(name))).await?.error_for_status()?;
        let mut text = String::new();
        while !text.contains("\n\n") {
            text.push_str(std::str::from_utf8(&events.chunk().await?.context("the stream ended")?)?);
        }
        assert!(text.contains(id(name)), "{name}: {text}");
    }
    let status = shown("outcome", "/status");
    assert_eq!(status, "COMPLETED");
    assert_eq!(json_of(&stack, &format!("{}/callback", path("outcome"))).await?["state"], "pending");
    let cancelled = stack.dev().post(&format!("{}/cancel", path("status"))).await?;
    assert_eq!(cancelled.status(), StatusCode::SERVICE_UNAVAILABLE, "only the later version may cancel it");
    let cancelled = stack.dev().post(&format!("{}/cancel", path("language"))).await?;
    assert_eq!(cancelled.json::<Value>().await?["status"], "CANCELLED");
    let usage = json_of(&stack, "/v1/usage?from=2026-12-01&to=2026-12-01").await?;
    assert_eq!(usage["modelCalls"], 2, "{usage}");

    let (aws, _) = stack.adapters()?;
    let dev: Tenant = "dev".parse()?;
    let keys = aws.keys.list(&dev).await?;
    let key = keys.iter().find(|key| key.label.as_deref() == Some("of a later version"));
    let scopes: Vec<Scope> = key.context("the key is not listed")?.scopes.iter().collect();
    assert_eq!(scopes, [Scope::ReportsRead]);
    assert!(keys.iter().all(|key| key.label.as_deref() != Some("unreadable")));
    assert_eq!(aws.webhook_secrets.of(&dev, service_runtime::clock::now(), [0; 32]).await?.len(), 1);
    let ids: Vec<(Tenant, ReportId)> =
        recorded.reports.values().map(|id| Ok((dev.clone(), id.parse()?))).collect::<Result<_>>()?;
    let lookups = aws.table.get_all(&ids).await?;
    let found = lookups.iter().filter(|lookup| matches!(lookup, Lookup::Found(_))).count();
    let unreadable = lookups.iter().filter(|lookup| matches!(lookup, Lookup::Unreadable)).count();
    assert_eq!((found, unreadable), (readable.len(), 1));
    stack.stop().await
}

/// Returns the attributes of a report's item.
async fn item(stack: &TestStack, id: &str) -> Result<std::collections::HashMap<String, AttributeValue>> {
    let request = stack.clients().dynamodb.get_item().table_name(&stack.infrastructure().names().table);
    let answer = request.key("pk", AttributeValue::S(format!("R#dev#{id}"))).consistent_read(true);
    answer.send().await?.item.context("the item is missing")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_leaves_the_work_of_a_later_version_to_it() -> Result<()> {
    let (stack, recorded) = later().await?;
    let queues = stack.infrastructure().queues();
    let id = |name: &str| recorded.reports[name].as_str();
    for message in recorded.messages.values() {
        send(&stack, &queues.queue_url, message).await?;
    }
    send(&stack, &queues.callback_queue_url, &recorded.messages["version"]).await?;
    let claimed = ["journal"];
    let left = ["language", "country", "scheme", "format", "status", UNREADABLE];
    let mut before = BTreeMap::new();
    for name in left {
        before.insert(name, item(&stack, id(name)).await?);
    }

    // What this version can process is finished, also if it has additional members.
    let worker = stack.start_worker(&[])?;
    for name in ["additions", "stage"] {
        let report = stack.dev().wait_for_end(id(name)).await?;
        assert_eq!(report["status"], "COMPLETED", "{name}: {report}");
        assert_eq!(report["links"]["html"], Value::Null, "{name} has the formats that its request names");
    }
    assert!(item(&stack, id("additions")).await?.contains_key("schema"), "what it does not know is kept");

    // Everything else waits for the later version: hidden in its queue, in no dead-letter queue.
    let hidden = u64::try_from(claimed.len() + left.len() + 1)?;
    let at = |url: &str| Queue::at(stack.sdk(), url.to_owned());
    for (url, hidden) in [(&queues.queue_url, hidden), (&queues.callback_queue_url, 1)] {
        let expected = Depth { in_flight: hidden, ..Depth::default() };
        while at(url).depth().await? != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    for name in left {
        assert_eq!(item(&stack, id(name)).await?, before[name], "{name} is not touched");
    }
    let journal = json_of(&stack, &format!("/v1/reports/{}", id("journal"))).await?;
    assert_eq!(journal["status"], "PENDING", "its lease was returned: {journal}");
    assert_eq!(journal["error"], Value::Null, "{journal}");
    for url in [&queues.dlq_url, &queues.callback_dlq_url] {
        assert_eq!(at(url).depth().await?, Depth::default());
    }

    // The later version, which is this one with the report changed to what it knows, takes over.
    let (table, key) = (&stack.infrastructure().names().table, format!("R#dev#{}", id("language")));
    let update = stack.clients().dynamodb.update_item().table_name(table).key("pk", AttributeValue::S(key));
    update
        .update_expression("SET #request.#language = :known")
        .expression_attribute_names("#request", "request")
        .expression_attribute_names("#language", "language")
        .expression_attribute_values(":known", AttributeValue::S("en".to_owned()))
        .send()
        .await?;
    let body = json!({"v": 1, "tenant": "dev", "reportId": id("language")}).to_string();
    send(&stack, &queues.queue_url, &Message { body, attributes: BTreeMap::new() }).await?;
    let report = stack.dev().wait_for_end(id("language")).await?;
    assert_eq!((&report["status"], &report["attempt"]), (&json!("COMPLETED"), &json!(1)), "{report}");
    worker.stop().await?;
    stack.stop().await
}
