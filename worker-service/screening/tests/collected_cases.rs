//! Runs the collected cases of screening: lists as publishers write them, queries, and what must be found. They
//! are not part of the repository; their README describes the members of `case.json`.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use screening::{EntityKind, command::screen};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    id: String,
    how: String,
    args: Args,
    expect: Vec<Expectation>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Args {
    list: Option<Paths>,
    queries: Option<String>,
    runs: HashMap<String, Args>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Paths {
    One(String),
    Several(Vec<String>),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Expectation {
    run: Option<String>,
    query: String,
    country: String,
    id: Option<Value>,
    not_id: Option<String>,
    reported: bool,
    refused: bool,
    or_refused: bool,
}

/// The ids of the bodies reported for each query, or why the list was refused.
type Outcome = Result<HashMap<(String, String), Option<String>>, String>;

#[test]
#[ignore = "reads ../shared/cases; run by .ci/evidence-data"]
fn collected_cases_of_screening_hold() {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let mut failures = Vec::new();
    let mut count = 0;
    for folder in fs::read_dir(shared.join("cases/evidence")).unwrap() {
        let folder = folder.unwrap().path();
        let Ok(text) = fs::read_to_string(folder.join("case.json")) else { continue };
        let case: Value = serde_json::from_str(&text).unwrap();
        if case["how"] != "screen" {
            continue;
        }
        let case: Case = serde_json::from_value(case).unwrap();
        assert_eq!(case.how, "screen");
        count += 1;
        failures.extend(failures_of(&case, &folder, &shared));
    }
    assert!(count > 0 && failures.is_empty(), "{count} cases:\n{}", failures.join("\n"));
}

/// Returns the expectations of a case that do not hold.
fn failures_of(case: &Case, folder: &Path, shared: &Path) -> Vec<String> {
    let mut outcomes: HashMap<&str, Outcome> = HashMap::new();
    let mut failures = Vec::new();
    for expectation in &case.expect {
        let name = expectation.run.as_deref().unwrap_or_default();
        let run = case.args.runs.get(name);
        let args = Args {
            list: run.and_then(|run| run.list.clone()).or(case.args.list.clone()),
            queries: run.and_then(|run| run.queries.clone()).or(case.args.queries.clone()),
            ..Args::default()
        };
        let outcome = outcomes.entry(name).or_insert_with(|| outcome_of(&args, folder, shared));
        if let Some(failure) = failure_of(expectation, outcome) {
            failures.push(format!("{} {name}: {failure}", case.id));
        }
    }
    failures
}

/// Returns why an expectation does not hold, or `None` if it does.
fn failure_of(expectation: &Expectation, outcome: &Outcome) -> Option<String> {
    let Expectation { query, country, id, not_id, reported, refused, or_refused, .. } = expectation;
    let found = match outcome {
        Err(_) if *refused || *or_refused => return None,
        Err(why) => return Some(format!("refused: {why}")),
        Ok(_) if *refused => return Some("not refused".to_owned()),
        Ok(found) => match found.get(&(query.clone(), country.clone())) {
            Some(found) => found,
            None => return Some(format!("no answer to {query} ({country})")),
        },
    };
    let found = found.as_deref();
    let is_right = match id {
        Some(Value::Array(ids)) => ids.iter().any(|id| id.as_str() == found),
        Some(id) => id.as_str() == found,
        None => not_id.as_deref().is_none_or(|id| Some(id) != found) && (found.is_some() || !reported),
    };
    (!is_right).then(|| format!("{query} ({country}): {found:?} instead of {id:?}"))
}

/// Screens the queries against the list.
fn outcome_of(args: &Args, folder: &Path, shared: &Path) -> Outcome {
    let path = |name: &String| match name.strip_prefix("{shared}/") {
        Some(rest) => shared.join(rest),
        None => folder.join(name.trim_start_matches("{case}/")),
    };
    let joined = std::env::temp_dir().join(format!("screening-case-{}.jsonl", std::process::id()));
    let list = match args.list.as_ref().unwrap() {
        Paths::One(name) => path(name),
        Paths::Several(names) => {
            let texts: Vec<String> =
                names.iter().map(|name| fs::read_to_string(path(name)).unwrap()).collect();
            fs::write(&joined, texts.join("\n")).unwrap();
            joined
        }
    };
    let mut out = Vec::new();
    screen(&list, &path(args.queries.as_ref().unwrap()), EntityKind::Organization, &mut out)
        .map_err(|error| error.to_string())?;
    let lines = std::str::from_utf8(&out).unwrap().lines();
    let rows = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Ok(rows
        .map(|row| ((text(&row["query"]).unwrap(), text(&row["country"]).unwrap()), text(&row["id"])))
        .collect())
}
