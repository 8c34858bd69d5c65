//! Screening against lists that the worker loads: matches, clearances, and a broken new list that does not
//! replace a good one.
use std::{
    fmt::Write as _,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::support::{clean_company, sanctioned_company, text_at};
use anyhow::Result;
use aws_adapters::objects::Objects;
use axum::{Router, routing::get};
use domain::time::UtcTime;
use egress_guard::Guard;
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use serde_json::{Value, json};
use service_runtime::{clock::Clock, config::Reader};
use sources::{
    BuildContext, Http,
    sanctions::{Lists, SanctionsSettings},
};

/// Returns an invented list in Dossier's own format.
fn list(bodies: usize) -> String {
    let mut lines = String::from(
        r#"{"id":"x-1","name":"CALDER VANE SHIPPING LLC","aliases":["KALDER VEYN SHIPPING"],"countries":["GB"],"programs":["INVENTED"]}"#,
    );
    lines.push('\n');
    for number in 1..bodies {
        let _ = writeln!(lines, r#"{{"id":"x-{}","name":"INVENTED BODY {number}"}}"#, number + 1);
    }
    lines
}

async fn stack(lists: &str, more: &[(&str, &str)]) -> Result<TestStack> {
    let mut options = TestStack::options();
    for (name, value) in [("DOSSIER_SANCTIONS_LISTS", lists)].iter().chain(more) {
        options.settings.insert((*name).to_owned(), (*value).to_owned());
    }
    TestStack::with(options).await
}

/// Requests a report on `company` and returns its JSON artifact.
async fn report(stack: &TestStack, company: &Value) -> Result<Value> {
    let id = stack.dev().submit_accepted(company).await?;
    let ended = stack.dev().wait_for_end(&id).await?;
    Ok(serde_json::from_slice(&stack.dev().download(text_at(&ended, "/links/json")).await?)?)
}

fn evidence(report: &Value, title: &str) -> String {
    let pieces = report["evidence"].as_array().unwrap();
    let piece = pieces.iter().find(|piece| piece["title"].as_str().unwrap().contains(title));
    piece.unwrap_or_else(|| panic!("no {title}: {report:#}"))["text"].as_str().unwrap().to_owned()
}

fn file(directory: &Path, text: &str) -> Result<String> {
    let path = directory.join("list.jsonl");
    std::fs::write(&path, text)?;
    Ok(path.to_str().unwrap().to_owned())
}

/// Returns the lists of a worker that screens against `locations`.
fn lists(stack: &TestStack, locations: &str) -> Result<Lists> {
    let mut environment = stack.environment().clone();
    environment.insert("DOSSIER_SANCTIONS_LISTS".to_owned(), locations.to_owned());
    let mut reader = Reader::new(&environment);
    let settings = SanctionsSettings::read(&mut reader);
    let settings = reader.finish(settings)?;
    let guard = Guard::new(vec!["127.0.0.1".to_owned()], "DOSSIER_PRIVATE_SOURCES");
    let http = Http::new(Duration::from_secs(10), guard.clone(), Clock::system())?;
    Ok(Lists::new(
        &settings,
        &BuildContext { http: &http, guard: &guard, sdk: stack.sdk(), table: &stack.names().table },
    )?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_company_is_high_with_reasons_and_an_unlisted_one_is_cleared() -> Result<()> {
    let directory = tempfile::tempdir()?;
    // The match service is not configured, so only the lists are screened.
    let stack = stack(&file(directory.path(), &list(20))?, &[("DOSSIER_SANCTIONS_URL", "")]).await?;
    let listed = report(&stack, &sanctioned_company()).await?;
    assert_eq!(listed["riskLevel"], "HIGH");
    let why = evidence(&listed, "Sanctions list: CALDER VANE SHIPPING LLC");
    for part in ["entry x-1", "Programs: INVENTED", "\"calder\" is the same", "country agrees", "loaded on"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let cleared = report(&stack, &clean_company()).await?;
    assert_eq!(cleared["riskLevel"], "LOW");
    assert!(evidence(&cleared, "No match on list.jsonl").contains("20 bodies"));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_the_match_service_both_give_evidence() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let stack = stack(&file(directory.path(), &list(20))?, &[]).await?;
    let both = report(&stack, &sanctioned_company()).await?;
    let is_sanctions = |piece: &&Value| piece["source"] == "sanctions";
    let texts: Vec<&str> = both["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .filter(is_sanctions)
        .map(|piece| piece["text"].as_str().unwrap())
        .collect();
    assert!(texts.iter().any(|text| text.contains("entry x-1")), "{texts:#?}");
    assert!(texts.iter().any(|text| text.contains("Datasets")), "{texts:#?}");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_loaded_list_no_company_is_cleared() -> Result<()> {
    let missing = "/nowhere/list.jsonl";
    let settings = [("DOSSIER_SANCTIONS_URL", ""), ("DOSSIER_DEADLINE_SECONDS", "0")];
    let stack = stack(missing, &settings).await?;
    let report = report(&stack, &clean_company()).await?;
    assert_eq!((&report["riskLevel"], &report["review"]["required"]), (&json!("UNDETERMINED"), &json!(true)));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_in_the_private_network_is_refused_unless_it_is_allowed() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let settings = [("DOSSIER_PRIVATE_SOURCES", "other.internal"), ("DOSSIER_SANCTIONS_URL", "")];
    let stack = stack(&file(directory.path(), &list(20))?, &settings).await?;
    let report = report(&stack, &clean_company()).await?;
    let status = |source: &str| {
        let sources = report["sources"].as_array().unwrap();
        sources.iter().find(|outcome| outcome["source"] == source).unwrap()["status"].clone()
    };
    // The stand-ins listen on 127.0.0.1.
    assert_eq!((status("news"), status("registry")), (json!("failed"), json!("failed")));
    assert_eq!((status("sanctions"), status("country_risk")), (json!("ok"), json!("ok")));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_can_be_read_from_s3() -> Result<()> {
    let options = Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() };
    let stack = TestStack::with(options).await?;
    let (s3, bucket) = (&stack.clients().s3, &stack.names().bucket);
    s3.put_object().bucket(bucket).key("lists/a.jsonl").body(list(3).into_bytes().into()).send().await?;
    let objects = Objects::new(stack.sdk());
    let object = objects.read(bucket, "lists/a.jsonl", 10_000).await?;
    assert_eq!(object.bytes, list(3).into_bytes());
    assert!(object.last_modified.is_some());
    assert!(objects.read(bucket, "lists/a.jsonl", 10).await.is_err());
    assert!(objects.read(bucket, "lists/none", 10_000).await.is_err());
    let lists = lists(&stack, &format!("s3://{bucket}/lists/a.jsonl"))?;
    assert!(lists.refresh().await);
    assert_eq!(lists.entries(), [Some(3)]);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_or_much_smaller_list_does_not_replace_the_previous_one() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let path = file(directory.path(), &list(50))?;
    let options = Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() };
    let stack = TestStack::with(options).await?;
    let lists = lists(&stack, &path)?;
    assert!(lists.refresh().await);
    assert_eq!(lists.entries(), [Some(50)]);
    for (content, expected) in
        [("not a list", 50), ("", 50), (list(30).as_str(), 50), (list(45).as_str(), 45)]
    {
        std::fs::write(&path, content)?;
        assert_eq!(lists.refresh().await, expected != 50);
        assert_eq!(lists.entries(), [Some(expected)]);
    }
    std::fs::remove_file(&path)?;
    assert!(!lists.refresh().await);
    assert_eq!(lists.entries(), [Some(45)]);
    stack.stop().await
}

/// Returns the outcome of the source `sanctions` in a document.
fn sanctions(report: &Value) -> &Value {
    let sources = report["sources"].as_array().unwrap();
    sources.iter().find(|outcome| outcome["source"] == "sanctions").unwrap()
}

fn days_ago(days: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(days * 86_400)
}

fn assert_stale(report: &Value, as_of: &Value, why: &str) {
    assert_eq!(
        (&sanctions(report)["status"], &sanctions(report)["asOf"]),
        (&json!("stale"), as_of),
        "{report:#}"
    );
    assert!(evidence(report, "No match on").contains(why), "{report:#}");
    let reasons = report["review"]["reasons"].as_array().unwrap();
    let is_stale = |reason: &Value| reason.as_str().unwrap().contains("may be out of date");
    assert!(report["review"]["required"] == true && reasons.iter().any(is_stale), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_as_current_as_its_file_and_stale_if_nobody_updates_it() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let path = file(directory.path(), &list(20))?;
    for (days, status) in [(2, "ok"), (31, "stale")] {
        let modified = days_ago(days);
        std::fs::File::options().write(true).open(&path)?.set_modified(modified)?;
        let stack = stack(&path, &[("DOSSIER_SANCTIONS_URL", "")]).await?;
        let report = report(&stack, &clean_company()).await?;
        let as_of = json!(UtcTime::from(modified));
        assert_eq!((&sanctions(&report)["status"], &sanctions(&report)["asOf"]), (&json!(status), &as_of));
        if status == "stale" {
            assert_stale(&report, &as_of, "out of date: it is more than 30 days old");
        } else {
            assert_eq!(report["review"]["required"], false, "{report:#}");
        }
        stack.stop().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_date_that_a_list_states_counts_more_than_that_of_its_file() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("un.xml");
    let text = r#"<CONSOLIDATED_LIST dateGenerated="2025-02-27T00:00:09.554Z"><ENTITIES><ENTITY><DATAID>1</DATAID>
        <FIRST_NAME>KESTREL FOUNDATION</FIRST_NAME></ENTITY></ENTITIES></CONSOLIDATED_LIST>"#;
    std::fs::write(&path, text)?;
    let stack = stack(path.to_str().unwrap(), &[("DOSSIER_SANCTIONS_URL", "")]).await?;
    let report = report(&stack, &clean_company()).await?;
    assert_stale(&report, &json!("2025-02-27T00:00:09.554Z"), "List of 2025-02-27");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downloaded_list_is_as_current_as_its_last_modified() -> Result<()> {
    const OLD: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
    let dated = get(|| async { ([("last-modified", OLD)], list(20)) });
    let router =
        Router::new().route("/dated.jsonl", dated).route("/undated.jsonl", get(|| async { list(20) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let no_service = [("DOSSIER_SANCTIONS_URL", "")];

    let stack_of_dated = stack(&format!("{base}/dated.jsonl"), &no_service).await?;
    let of_dated = report(&stack_of_dated, &clean_company()).await?;
    assert_stale(&of_dated, &json!("2025-01-01T00:00:00.000Z"), "List in a file of 2025-01-01");
    stack_of_dated.stop().await?;

    let stack_of_undated = stack(&format!("{base}/undated.jsonl"), &no_service).await?;
    let of_undated = report(&stack_of_undated, &clean_company()).await?;
    assert_stale(&of_undated, &Value::Null, "not known when the list was published");
    stack_of_undated.stop().await
}
