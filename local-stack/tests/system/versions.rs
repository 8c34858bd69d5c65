//! Compatibility between versions, which run side by side while a deployment rolls: this version reads and
//! finishes what earlier versions wrote, and keeps what a later version adds.
//!
//! `.ci/record-version` makes the recordings at each release.
use std::{collections::BTreeMap, mem::discriminant, time::Duration};

use anyhow::Result;
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
use serde_json::{Value, json};

use crate::support::{
    clean_company,
    recorded::{Message, attribute, recordings, send},
    sanctioned_company, text_at, with_fields,
};

/// Returns the options of a stack without a worker whose reports are kept for ten years, since recordings are
/// older than the usual period.
fn options() -> Options {
    let mut options = Options { without: vec![Component::Worker], ..TestStack::options() };
    options.settings.insert("DOSSIER_RETENTION_DAYS".to_owned(), "3650".to_owned());
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_earlier_versions_is_read_and_finished() -> Result<()> {
    let recordings = recordings("recorded")?;
    for version in ["0.1.0", "0.2.0"] {
        let is_recorded = recordings.iter().any(|recorded| recorded.version == version);
        assert!(is_recorded, "the recording of {version} is missing");
    }
    for recorded in recordings {
        let version = &recorded.version;
        let stack = TestStack::with(options()).await?;
        recorded.restore(&stack).await?;

        // Ended reports are unchanged.
        let state = |name: &str| recorded.reports[name].as_str();
        let read = async |name: &str| anyhow::Ok(stack.dev().poll(state(name), None).await?.report);
        let completed = read("completed").await?;
        assert_eq!(completed["status"], "COMPLETED", "{version}");
        let document: Value =
            serde_json::from_slice(&stack.dev().download(text_at(&completed, "/links/json")).await?)?;
        assert_eq!(document["reportId"], state("completed"), "{version}");
        assert_eq!(read("failed").await?["status"], "FAILED", "{version}");
        assert_eq!(read("cancelled").await?["status"], "CANCELLED", "{version}");
        let listed = stack.dev().get("/v1/reports?pageSize=10").await?.json::<Value>().await?;
        assert_eq!(listed["reports"].as_array().map(Vec::len), Some(recorded.reports.len()), "{version}");
        let keys = stack.adapters()?.0.keys.list(&"dev".parse()?).await?;
        let all = Scope::ALL.into_iter().collect();
        assert!(keys.len() > 1 && keys.iter().all(|key| key.scopes == all), "{version}: {keys:?}");

        // The other readers: streams of events, webhooks, batches of reads, and usage.
        for name in ["completed", "pending"] {
            let path = format!("/v1/reports/{}/events", state(name));
            let mut events = stack.dev().get(&path).await?.error_for_status()?;
            let first = events.chunk().await?.expect("the state of the report is the first event");
            assert!(std::str::from_utf8(&first)?.contains(state(name)), "{version}, {name}");
        }
        let webhook = stack.dev().get(&format!("/v1/reports/{}/callback", state("completed"))).await?;
        assert_eq!(webhook.json::<Value>().await?["state"], "pending", "{version}");
        let dev: Tenant = "dev".parse()?;
        let ids: Vec<(Tenant, ReportId)> =
            recorded.reports.values().map(|id| Ok((dev.clone(), id.parse()?))).collect::<Result<_>>()?;
        let lookups = stack.adapters()?.0.table.get_all(&ids).await?;
        assert!(lookups.iter().all(|lookup| matches!(lookup, Lookup::Found(_))), "{version}");
        let usage = recorded.others.iter().find_map(|item| item["pk"]["S"].as_str()?.strip_prefix("U#dev#"));
        let day = usage.expect("the usage of a day is recorded");
        let usage = stack.dev().get(&format!("/v1/usage?from={day}&to={day}")).await?;
        assert!(usage.json::<Value>().await?["modelCalls"].as_u64() > Some(0), "{version}");

        // Open reports are finished: one from its message, one from the stage where its attempt was
        // interrupted.
        for message in recorded.messages.values() {
            send(&stack, &stack.infrastructure().queues().queue_url, message).await?;
        }
        let worker = stack.start_worker(&[])?;
        for name in ["pending", "interrupted"] {
            let report = stack.dev().wait_for_end(state(name)).await?;
            assert_eq!(report["status"], "COMPLETED", "{version}, {name}: {report}");
        }
        let interrupted = read("interrupted").await?;
        assert_eq!(interrupted["attempt"], 2, "{version}");
        let calls = &interrupted["usage"]["modelCalls"];
        assert_eq!(
            calls, 3,
            "{version}: the journalled answer is used, and a repair and a verification are bought"
        );
        // A failed report can be resubmitted.
        let failed = state("failed");
        let again = stack.dev().post(&format!("/v1/reports/{failed}/resubmit")).await?;
        assert_eq!(again.status(), 200, "{version}");
        assert_eq!(stack.dev().wait_for_end(failed).await?["status"], "COMPLETED", "{version}");
        let called: u64 = stack.bedrock().calls().values().sum();
        assert_eq!(called, 6, "{version}: an answer and a verification for each report that was open");
        worker.stop().await?;
        stack.stop().await?;
    }
    Ok(())
}

/// Attributes that depend on the moment, or that the previous version reads as optional.
const NOT_COMPARED: [&str; 9] = [
    "due_at",
    "due_shard",
    "lease_holder",
    "lease_expires_at",
    "leased_tenant",
    "callback_state",
    "callback_round",
    "callback_attempts",
    "expires_at",
];

/// Collects the paths at which `written` lacks a value of `recorded`, or has one of another type.
fn missing(path: &str, recorded: &AttributeValue, written: Option<&AttributeValue>, into: &mut Vec<String>) {
    match (recorded, written) {
        (AttributeValue::M(recorded), Some(AttributeValue::M(written))) => {
            for (name, value) in recorded {
                if !NOT_COMPARED.contains(&name.as_str()) {
                    missing(&format!("{path}.{name}"), value, written.get(name), into);
                }
            }
        }
        (AttributeValue::L(recorded), Some(AttributeValue::L(written))) => {
            if let (Some(recorded), Some(written)) = (recorded.first(), written.first()) {
                missing(&format!("{path}[0]"), recorded, Some(written), into);
            }
        }
        // A member without a value may have one, and the other way round.
        (AttributeValue::Null(_), Some(_)) | (_, Some(AttributeValue::Null(_))) => {}
        (recorded, Some(written)) if discriminant(recorded) == discriminant(written) => {}
        _ => into.push(path.to_owned()),
    }
}

/// The previous version reads what this one writes while a deployment rolls, and after a rollback.
#[tokio::test(flavor = "multi_thread")]
async fn the_previous_version_finds_everything_that_it_reads() -> Result<()> {
    let recordings = recordings("recorded")?;
    let previous = recordings.iter().find(|recorded| recorded.version == "0.2.0").expect("the recording");
    let stack = TestStack::with(options()).await?;
    let pending = with_fields(sanctioned_company(), json!({"language": "ja", "purpose": "onboarding"}));
    let has_webhook = json!({"callbackUrl": "https://receiver.invalid/hook"});
    let mut ids = BTreeMap::new();
    ids.insert("pending", stack.dev().submit_accepted(&pending).await?);
    ids.insert("cancelled", stack.dev().submit_accepted(&sanctioned_company()).await?);
    let cancel = stack.dev().post(&format!("/v1/reports/{}/cancel", ids["cancelled"])).await?;
    assert_eq!(cancel.status(), 200);
    let completed = stack.dev().submit_accepted(&with_fields(sanctioned_company(), has_webhook)).await?;
    let table = &stack.infrastructure().names().table;
    let item = async |id: &str| {
        let request = stack.clients().dynamodb.get_item().table_name(table).consistent_read(true);
        let answer = request.key("pk", AttributeValue::S(format!("R#dev#{id}"))).send().await?;
        anyhow::Ok(AttributeValue::M(answer.item.unwrap_or_default()))
    };
    let mut written = BTreeMap::new();
    for (state, id) in &ids {
        written.insert(*state, item(id).await?);
    }
    let worker = stack.start_worker(&[])?;
    assert_eq!(stack.dev().wait_for_end(&completed).await?["status"], "COMPLETED");
    written.insert("completed", item(&completed).await?);
    worker.stop().await?;
    let mut lacking = Vec::new();
    for (state, written) in &written {
        let recorded = previous.items[*state].iter().map(|(name, value)| (name.clone(), attribute(value)));
        missing(state, &AttributeValue::M(recorded.collect()), Some(written), &mut lacking);
    }
    assert_eq!(lacking, Vec::<String>::new());
    for message in previous.messages.values() {
        domain::message::ReportMessage::from_body(&message.body)?;
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn additions_of_a_later_version_are_preserved() -> Result<()> {
    let stack = TestStack::with(options()).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let (table, pk) = (&stack.infrastructure().names().table, AttributeValue::S(format!("R#dev#{id}")));
    let dynamodb = stack.clients().dynamodb.clone();
    let added = AttributeValue::S("of a later version".to_owned());
    dynamodb
        .update_item()
        .table_name(table)
        .key("pk", pk.clone())
        .update_expression("SET from_later = :added")
        .expression_attribute_values(":added", added.clone())
        .send()
        .await?;
    let body = json!({"v": 1, "tenant": "dev", "reportId": id, "fromLater": {"a": 1}}).to_string();
    let message = Message { body, attributes: BTreeMap::new() };
    send(&stack, &stack.infrastructure().queues().queue_url, &message).await?;
    let worker = stack.start_worker(&[])?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&report["status"], &report["attempt"]), (&json!("COMPLETED"), &json!(1)));
    let item =
        dynamodb.get_item().table_name(&stack.infrastructure().names().table).key("pk", pk).send().await?;
    assert_eq!(item.item.and_then(|mut item| item.remove("from_later")), Some(added));
    let depth = async || anyhow::Ok(stack.adapters()?.0.queue.depth().await?);
    while depth().await? != Depth::default() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    worker.stop().await?;
    let queues = stack.infrastructure().queues();
    let at = |url: &str| Queue::at(stack.sdk(), url.to_owned());
    assert_eq!(at(&queues.queue_url).depth().await?, Depth::default(), "both messages were deleted");
    assert_eq!(at(&queues.dlq_url).depth().await?, Depth::default(), "no message was dead-lettered");
    stack.stop().await
}
