//! Runs the collected cases of evidence that need whole reports: lists, registers and news as they really answer. They
//! are not part of the repository; their README describes the members of `case.json`.

mod expectation;
mod search;
mod services;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use local_stack::{
    TestStack,
    stack::{Component, Options},
};
use serde::Deserialize;
use serde_json::{Value, json};

use self::{expectation::Expectation, services::Services};
use crate::support::{service_process::ServiceProcess, text_at};

/// The sources of a stack, which the cases replace.
const SOURCES: [&str; 3] = ["DOSSIER_SANCTIONS_URL", "DOSSIER_NEWS_URL", "DOSSIER_REGISTRY_URL"];
const LISTS: &str = "DOSSIER_SANCTIONS_LISTS";

#[derive(Deserialize)]
struct Case {
    id: String,
    args: Value,
    expect: Vec<Expectation>,
}

#[derive(Clone, Debug, Deserialize)]
struct Run {
    #[serde(default)]
    settings: BTreeMap<String, String>,
    #[serde(flatten)]
    request: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Args {
    #[serde(default)]
    settings: BTreeMap<String, String>,
    #[serde(default)]
    serve: Vec<services::Rule>,
    runs: BTreeMap<String, Run>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cases/evidence")
}

/// Returns the cases that are looked at in reports, with their folders.
fn cases() -> Result<Vec<(PathBuf, Case)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder()).context("the collected cases are not there")? {
        let path = entry?.path();
        let Ok(text) = fs::read(path.join("case.json")) else { continue };
        let head: Value = serde_json::from_slice(&text)?;
        if head["how"] == "report" {
            found.push((path, serde_json::from_slice(&text)?));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

/// Runs the requests of one case that share settings, and returns their JSON artifacts by the names of the runs.
async fn reports(
    stack: &TestStack,
    settings: &BTreeMap<String, String>,
    runs: &[(&String, &Run)],
) -> Result<BTreeMap<String, Value>> {
    let mut environment = stack.environment().clone();
    environment.retain(|name, _| !SOURCES.contains(&name.as_str()));
    environment.insert("DOSSIER_PRIVATE_SOURCES".to_owned(), "127.0.0.1".to_owned());
    environment.insert("DOSSIER_NEWS_PAUSE_SECONDS".to_owned(), "0".to_owned());
    if !settings.contains_key(LISTS) {
        environment.insert("DOSSIER_MANDATORY_SOURCES".to_owned(), "none".to_owned());
    }
    environment.extend(settings.clone());
    let worker = ServiceProcess::start("worker-service", &environment)?;
    let report = async |(name, run): &(&String, &Run)| -> Result<(String, Value)> {
        let id = stack.dev().submit_accepted(&json!(run.request)).await?;
        let ended = stack.dev().wait_for_end(&id).await?;
        anyhow::ensure!(ended["status"] == "COMPLETED", "{name}: {ended}");
        let artifact = stack.dev().download(text_at(&ended, "/links/json")).await?;
        Ok(((*name).clone(), serde_json::from_slice(&artifact)?))
    };
    let reports = try_join_all(runs.iter().map(report)).await?;
    worker.terminate().await?;
    Ok(reports.into_iter().collect())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "reads ../shared/cases; run by .ci/evidence-data"]
async fn collected_cases_of_reports_hold() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let mut failures = Vec::new();
    let cases = cases()?;
    for (path, case) in &cases {
        let args: Args = serde_json::from_value(case.args.clone()).with_context(|| case.id.clone())?;
        let services = Services::start(path, args.serve).await?;
        // Runs with the same settings share a worker.
        let mut groups: BTreeMap<BTreeMap<String, String>, Vec<(&String, &Run)>> = BTreeMap::new();
        for (name, run) in &args.runs {
            let settings = args.settings.iter().chain(&run.settings);
            let filled = |text: &String| {
                text.replace("{case}", &path.to_string_lossy()).replace("{fake}", services.url())
            };
            let settings = settings.map(|(name, value)| (name.clone(), filled(value))).collect();
            groups.entry(settings).or_default().push((name, run));
        }
        let mut found = BTreeMap::new();
        for (settings, runs) in &groups {
            found.extend(reports(&stack, settings, runs).await.with_context(|| case.id.clone())?);
        }
        for expectation in &case.expect {
            let run =
                expectation.run.clone().or_else(|| args.runs.keys().next().cloned()).unwrap_or_default();
            let report = found.get(&run).with_context(|| format!("{}: no run {run}", case.id))?;
            failures.extend(
                expectation.problems(report).into_iter().map(|why| format!("{} {run}: {why}", case.id)),
            );
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(cases.len() >= 10, "{} cases", cases.len());
    stack.stop().await
}
