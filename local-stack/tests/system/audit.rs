//! The audit log of the API: every write that was recorded is in it, however early its client disconnects, and
//! reading without links to files is not.
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::support::clean_company;
use crate::support::raw_http::Connection;
use crate::support::service_process::{ServiceProcess, service_command};
use crate::support::with_fields;
use anyhow::Result;
use aws_adapters::table::Filter;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use domain::lifecycle::Status;
use domain::report::Report;
use domain::usage::Day;
use local_stack::TestStack;
use local_stack::fault_proxy;
use local_stack::stack::{Component, Options};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use telemetry::audit::Verifier;
use tokio::time::sleep;

/// Starts the API as a process, so that its log can be read.
async fn api_process(stack: &TestStack, settings: &[(&str, &str)]) -> Result<ServiceProcess> {
    let mut environment = stack.environment().clone();
    let settings =
        settings.iter().chain(&[("DOSSIER_API_DRAIN_NOTICE_SECONDS", "0"), ("DOSSIER_LOG", "info")]);
    environment.extend(settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let api = ServiceProcess::start("api-service", &environment)?;
    while !stack.dev().get("/readyz").await.is_ok_and(|answer| answer.status() == 200) {
        sleep(Duration::from_millis(50)).await;
    }
    Ok(api)
}

/// Returns how often each pair of action and subject is in the audit log.
fn audited(log: &str) -> BTreeMap<(String, String), usize> {
    let mut lines = BTreeMap::new();
    for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if line["target"] == "dossier::audit" {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            *lines.entry((text("action"), text("subject"))).or_default() += 1;
        }
    }
    lines
}

/// Checks that the audit log of a process that ended in order is one chain, in which a changed line shows.
fn assert_one_whole_chain(log: &str) {
    let verified = |log: &str| {
        let mut verifier = Verifier::default();
        verifier.read("log", log.as_bytes()).unwrap();
        verifier.reports()
    };
    let reports = verified(log);
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].ended && reports[0].first == 0, "{reports:?}");
    assert_eq!(reports[0].problems, Vec::<String>::new());
    let count: usize = audited(log).values().sum();
    assert_eq!(reports[0].lines, count, "every line is part of it");
    let changed = log.replacen("\"action\":\"report.submit\"", "\"action\":\"report.cancel\"", 1);
    assert_eq!(verified(&changed)[0].problem_count, 1);
}

async fn reports(stack: &TestStack) -> Result<Vec<Report>> {
    let (aws, _) = stack.adapters()?;
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let page = aws.table.list(&"dev".parse()?, &Filter::default(), 100, from).await?;
        all.extend(page.reports);
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok(all),
        }
    }
}

async fn messages(stack: &TestStack) -> Result<usize> {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let queue = &stack.infrastructure().queues().queue_url;
    let answer = stack
        .clients()
        .sqs
        .get_queue_attributes()
        .queue_url(queue)
        .attribute_names(name.clone())
        .send()
        .await?;
    Ok(answer.attributes.unwrap_or_default()[&name].parse()?)
}

/// Returns the number of reports that count against the daily limit.
async fn admitted(stack: &TestStack) -> Result<usize> {
    let table = aws_sdk_dynamodb::Client::new(stack.sdk());
    let today = Day::of(service_runtime::clock::now());
    let mut sum = 0;
    // The test may cross midnight.
    for day in [today.before(1), today] {
        let key = AttributeValue::S(format!("U#dev#{day}"));
        let item = table.get_item().table_name(&stack.names().table).key("pk", key).send().await?.item;
        let count =
            item.unwrap_or_default().get("admitted").and_then(|count| count.as_n().ok()?.parse().ok());
        sum += count.unwrap_or(0_usize);
    }
    Ok(sum)
}

fn request(path: &str, key: &str, idempotency_key: &str, body: &Value) -> String {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {idempotency_key}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A write, and the requests to AWS after each of which its client disconnects; the first one disconnects at
/// once.
const SINGLE: [&str; 5] = ["", "GetItem", "UpdateItem", "PutItem", "SendMessage"];
const BATCH: [&str; 5] = ["", "BatchGetItem", "UpdateItem", "PutItem", "SendMessageBatch"];
const CANCEL: [&str; 3] = ["", "GetItem", "UpdateItem"];
const RESUBMIT: [&str; 4] = ["", "GetItem", "UpdateItem", "SendMessage"];

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_client_disconnects_is_recorded_counted_queued_and_audited_or_not_at_all() -> Result<()>
{
    // Every request to AWS takes a while, so that the client is gone before the next one has ended.
    let rules = ["DynamoDb.*=delay:1:200ms", "Sqs.*=delay:1:200ms"].map(|rule| rule.parse().unwrap());
    let proxy = fault_proxy::Options { rules: rules.into(), observer: None };
    let stack = TestStack::with(Options {
        without: vec![Component::Api, Component::Worker],
        fault_proxy: Some(proxy),
        ..TestStack::options()
    })
    .await?;
    let api = api_process(&stack, &[("DOSSIER_REPORTS_PER_DAY", "10000")]).await?;
    let key = stack.keys().dev.expose_secret().to_owned();
    let count = |operation: &str| {
        let calls = stack.aws_calls().into_iter();
        calls.filter(|((_, name), _)| *name == operation).map(|(_, count)| count).sum::<u64>()
    };
    let interrupted = async |path: &str, id: usize, body: &Value, after: &str| -> Result<()> {
        let before = count(after);
        let mut connection = Connection::open(stack.api_url()).await?;
        connection.send(request(path, &key, &format!("interrupted-{id}"), body)).await?;
        let deadline = Instant::now() + Duration::from_secs(60);
        while !after.is_empty() && count(after) == before {
            anyhow::ensure!(Instant::now() < deadline, "{path} makes no request {after}");
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    };
    let items: Vec<Value> = ["a", "b"].map(|id| with_fields(clean_company(), json!({"customId": id}))).into();
    let (single, batch) = (clean_company(), json!({ "reports": items }));
    let (mut id, mut recorded) = (0, 0);
    let mut next = || {
        id += 1;
        id
    };
    for _ in 0..3 {
        for after in SINGLE {
            interrupted("/v1/reports", next(), &single, after).await?;
            recorded += usize::from(after == "PutItem" || after == "SendMessage");
        }
        for after in BATCH {
            interrupted("/v1/reports/batch", next(), &batch, after).await?;
            recorded += 2 * usize::from(after == "SendMessageBatch");
        }
        for after in CANCEL {
            let report = stack.dev().submit_accepted(&single).await?;
            interrupted(&format!("/v1/reports/{report}/cancel"), next(), &Value::Null, after).await?;
            recorded += 1;
        }
        for after in RESUBMIT {
            let report = stack.dev().submit_accepted(&single).await?;
            stack.dev().post(&format!("/v1/reports/{report}/cancel")).await?.error_for_status()?;
            interrupted(&format!("/v1/reports/{report}/resubmit"), next(), &Value::Null, after).await?;
            recorded += 1;
        }
    }
    // The process ends only when all writes have.
    let log = api.terminate().await?;
    assert_one_whole_chain(&log);

    let audited = audited(&log);
    let (reports, mut resubmitted) = (reports(&stack).await?, 0);
    for report in &reports {
        let count = |action: &str| {
            audited.get(&(action.to_owned(), report.id.to_string())).copied().unwrap_or_default()
        };
        let status = report.lifecycle.status;
        assert_eq!(count("report.submit"), 1, "{report:?}");
        assert!(
            count("report.cancel") <= 1 && count("report.resubmit") <= count("report.cancel"),
            "{report:?}"
        );
        let is_cancelled = count("report.cancel") > count("report.resubmit");
        assert_eq!(status == Status::Cancelled, is_cancelled, "{report:?}");
        resubmitted += count("report.resubmit");
    }
    let submits = audited.keys().filter(|(action, _)| action == "report.submit").count();
    assert_eq!((submits, admitted(&stack).await?), (reports.len(), reports.len()));
    assert_eq!(messages(&stack).await?, reports.len() + resubmitted);
    assert!(reports.len() >= recorded, "{} reports, {recorded} recorded for certain", reports.len());
    eprintln!("audit: {} reports, {resubmitted} resubmitted", reports.len());
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_audited_when_they_are_signed_and_polling_is_not() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Api], ..TestStack::options() }).await?;
    let api = api_process(&stack, &[]).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    let before = stack.dev().poll(&id, None).await?;
    // What an open page and a polling client do all day.
    for _ in 0..20 {
        let list: Value = stack.dev().get("/v1/reports?pageSize=100").await?.json().await?;
        let report = &list["reports"][0];
        assert_eq!((&report["status"], &report["riskLevel"]), (&json!("COMPLETED"), &json!("LOW")));
        assert_eq!(report["linksExpireAt"], Value::Null);
        for kind in ["html", "pdf", "md", "json", "evidence"] {
            assert_eq!(report["links"][kind], Value::Null, "{kind}");
        }
        stack.dev().poll(&id, Some(before.clone())).await?;
    }
    stack.dev().get("/v1/reports.csv").await?.text().await?;
    let log = api.terminate().await?;
    let audited = audited(&log);
    let actions: Vec<(&str, usize)> =
        audited.iter().map(|((action, _), count)| (action.as_str(), *count)).collect();
    let expected = [("artifact.links", 2), ("audit.end", 1), ("report.export", 1), ("report.submit", 1)];
    assert_eq!(actions, expected, "{audited:?}");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_command_creates_is_audited_like_one_of_the_route() -> Result<()> {
    let stack =
        TestStack::with(Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() })
            .await?;
    // Returns what the command prints, and its log.
    let keys = async |arguments: &[&str]| -> Result<(String, String)> {
        let mut command = service_command("api-service", stack.environment());
        let output = command.arg("keys").args(arguments).output().await?;
        let log = String::from_utf8(output.stderr)?;
        anyhow::ensure!(output.status.success(), "{arguments:?}: {log}");
        Ok((String::from_utf8(output.stdout)?, log))
    };
    let (created, log) = keys(&["create", "--tenant", "globex", "--scope", "admin"]).await?;
    let created: Value = serde_json::from_str(&created)?;
    let id = created["id"].as_str().unwrap();
    assert!(!log.contains(created["key"].as_str().unwrap()), "the log shows no key");
    let mut verifier = Verifier::default();
    verifier.read("log", log.as_bytes()).unwrap();
    let reports = verifier.reports();
    assert!(reports.len() == 1 && reports[0].ended && reports[0].problem_count == 0, "{reports:?}");
    let line = log.lines().find(|line| line.contains("key.create")).unwrap_or_default();
    let line: Value = serde_json::from_str(line)?;
    assert_eq!(
        (&line["subject"], &line["tenant"], &line["actor"]),
        (&json!(id), &json!("globex"), &json!("command"))
    );
    let (_, log) = keys(&["rotate", id]).await?;
    let actions: Vec<(String, usize)> =
        audited(&log).into_iter().map(|((action, _), count)| (action, count)).collect();
    let expected = [("audit.end", 1), ("key.create", 1), ("key.rotate", 1)];
    assert_eq!(actions, expected.map(|(action, count)| (action.to_owned(), count)));
    // The keys are moved, and then the webhook secrets cannot be read.
    let put = stack.clients().dynamodb.put_item().table_name(&stack.names().table);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    put.item("pk", text("W#globex")).item("secrets", text("damaged")).send().await?;
    let failure = format!("{:?}", keys(&["migrate", "--tenant", "globex"]).await.unwrap_err());
    assert!(failure.contains(r#""action":"key.migrate""#), "{failure}");

    let (listed, log) = keys(&["list", "--tenant", "globex"]).await?;
    assert_eq!((listed.lines().count(), audited(&log)), (2, BTreeMap::new()), "reading changes nothing");
    stack.stop().await
}
