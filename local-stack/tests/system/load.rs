//! `local-stack load` with the real services as processes, and against the API of another stack.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::Result;
use local_stack::TestStack;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::command::local_stack_command;
use crate::support::service_process::build_services;

fn load(arguments: &[&str]) -> Command {
    local_stack_command(&[&["load"], arguments].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a load test that writes its JSON to standard output, and returns the output with the JSON.
fn run(command: &mut Command) -> (Output, Value) {
    let output = command.args(["--json", "-"]).output().unwrap();
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)));
    (output, json)
}

fn requests(result: &Value, operation: &str) -> u64 {
    let operations = result["aws"]["operations"].as_array().unwrap();
    let usage = operations.iter().find(|usage| usage["operation"] == operation);
    usage.map_or(0, |usage| usage["requests"].as_u64().unwrap())
}

/// Returns the number of requests that sent messages.
fn sends(result: &Value) -> u64 {
    requests(result, "Sqs.SendMessage") + requests(result, "Sqs.SendMessageBatch")
}

/// Returns the number of requests that recorded new reports.
fn puts(result: &Value) -> u64 {
    requests(result, "DynamoDb.PutItem") + requests(result, "DynamoDb.BatchWriteItem")
}

#[test]
fn thirty_reports_are_accepted_completed_and_counted() -> Result<()> {
    build_services();
    let size = ["--reports", "30", "--concurrency", "4", "--tenants", "3"];
    let processes = ["--api-processes", "2", "--worker-processes", "2", "--slots", "4"];
    let latency = ["--model-latency", "20ms"];
    let (output, result) = run(&mut load(&[&size[..], &processes[..], &latency[..]].concat()));
    let tables = text(&output.stderr);
    assert!(output.status.success(), "{tables}");
    for expected in [
        "debug build",
        "4 clients",
        "2 x worker-service with 4 reports each",
        "Accepted per second",
        "DynamoDb.UpdateItem",
        "load generator",
        "Every accepted report was completed.",
    ] {
        assert!(tables.contains(expected), "no {expected:?}: {tables}");
    }
    let (submissions, reports) = (&result["submissions"], &result["reports"]);
    assert_eq!((&submissions["sent"], &submissions["accepted"]), (&json!(30), &json!(30)), "{result}");
    assert_eq!(submissions["answers"], json!([{"status": 202, "code": null, "count": 30}]));
    assert_eq!(
        (&reports["completed"], &reports["failed"], &reports["cancelled"], &reports["open"]),
        (&json!(30), &json!(0), &json!(0), &json!(0)),
        "{result}"
    );
    assert_eq!((&result["problems"], &result["interrupted"]), (&json!([]), &json!(false)));
    assert_eq!(result["setup"]["tenants"], 3);
    for percentiles in [&submissions["acceptLatencyMs"], &reports["submitToDoneMs"], &reports["overheadMs"]] {
        let at = |name: &str| percentiles[name].as_f64().unwrap_or_else(|| panic!("no {name}: {result}"));
        assert!(at("p50") <= at("p90") && at("p90") <= at("max"), "{percentiles}");
        // Thirty durations have no ninety-ninth percentile.
        assert_eq!((&percentiles["count"], &percentiles["p99"]), (&json!(30), &Value::Null));
    }
    // Concurrent submissions share requests. No request of the test itself counts.
    assert!((1..=30).contains(&sends(&result)), "{result}");
    assert!((1..=30).contains(&puts(&result)), "{result}");
    assert_eq!(requests(&result, "DynamoDb.Scan"), 0, "{result}");
    assert!(requests(&result, "Bedrock.Converse") >= 60, "{result}");
    let processes = &result["processes"];
    assert_eq!((&processes["api"]["processes"], &processes["worker"]["processes"]), (&json!(2), &json!(2)));
    if cfg!(target_os = "linux") {
        for service in ["api", "worker"] {
            let peak = processes[service]["memoryAtPeakBytes"].as_u64().unwrap();
            assert!(peak >= processes[service]["memoryAtRestBytes"].as_u64().unwrap(), "{processes}");
            assert!(processes[service]["cpuSeconds"].as_f64().unwrap() > 0.0, "{processes}");
        }
    }
    Ok(())
}

#[test]
fn the_reports_of_a_killed_worker_are_completed_by_the_other_one() {
    build_services();
    let arguments = ["--reports", "12", "--rate", "100", "--worker-processes", "2", "--slots", "6"];
    let kill = ["--kill-worker", "1s", "--model-latency", "1s"];
    let mut command = load(&[&arguments[..], &kill[..]].concat());
    // A short lease lets the other worker take over soon.
    command.envs([("DOSSIER_LEASE_SECONDS", "5"), ("DOSSIER_SWEEP_SECONDS", "1")]);
    let (output, result) = run(&mut command);
    let tables = text(&output.stderr);
    assert!(output.status.success(), "{tables}");
    assert!(tables.contains("One worker process is killed after 1s"), "{tables}");
    assert_eq!((&result["reports"]["completed"], &result["reports"]["open"]), (&json!(12), &json!(0)));
    assert_eq!(result["processes"]["worker"]["processes"], 1, "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_of_another_stack_is_loaded_with_the_keys_of_a_file() -> Result<()> {
    let stack = TestStack::start().await?;
    let directory = tempfile::tempdir()?;
    let (keys, result) = (directory.path().join("keys"), directory.path().join("result.json"));
    let (dev, acme) = (stack.keys().dev.expose_secret(), stack.keys().acme.expose_secret());
    std::fs::write(&keys, format!("# two tenants\n{dev}\n\n{acme}\n"))?;
    let of = |path: &Path| path.to_str().unwrap().to_owned();
    let mut command = load(&["--api", stack.api_url(), "--key-file", &of(&keys), "--json", &of(&result)]);
    command.args(["--rate", "50", "--reports", "10", "--ramp", "100ms"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let (tables, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{tables}{errors}");
    assert!(tables.contains("Every accepted report was completed."), "{tables}");
    assert!(!tables.contains(dev) && !errors.contains(dev), "the key is in the output");
    let result: Value = serde_json::from_slice(&std::fs::read(&result)?)?;
    assert_eq!(
        (&result["submissions"]["accepted"], &result["reports"]["completed"]),
        (&json!(10), &json!(10))
    );
    assert_eq!((&result["aws"], &result["processes"]["api"]), (&Value::Null, &Value::Null), "{result}");
    assert_eq!(result["reports"]["overheadMs"], Value::Null, "the latency of the model is not known");
    assert_eq!(result["setup"]["tenants"], 2);
    stack.stop().await
}

#[test]
fn refused_submissions_are_counted_by_status_and_code() -> Result<()> {
    build_services();
    let single = ["--wire-fault", "DynamoDb.PutItem=throttle:1"];
    let batch = ["--wire-fault", "DynamoDb.BatchWriteItem=throttle:1", "--seed", "3"];
    let fault = [single.as_slice(), &batch].concat();
    let (output, result) = run(load(&["--accept-only", "--reports", "4", "--concurrency", "4"]).args(fault));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!(
        result["submissions"]["answers"],
        json!([{"status": 503, "code": "unavailable", "count": 4}]),
        "{result}"
    );
    assert_eq!(result["problems"], json!(["no report was accepted"]));
    assert!(text(&output.stderr).contains("unavailable"), "{}", text(&output.stderr));
    Ok(())
}

#[test]
fn with_accept_only_no_worker_runs_and_no_report_is_followed() -> Result<()> {
    build_services();
    let (output, result) = run(&mut load(&["--accept-only", "--reports", "20", "--rate", "100"]));
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(result["submissions"]["accepted"], 20);
    assert_eq!(
        (&result["reports"], &result["processes"]["worker"]),
        (&Value::Null, &Value::Null),
        "{result}"
    );
    assert_eq!(requests(&result, "Sqs.ReceiveMessage"), 0, "{result}");
    assert!((1..=20).contains(&sends(&result)), "{result}");
    Ok(())
}

#[test]
fn a_report_that_fails_is_named_with_its_code_and_the_exit_code_is_1() -> Result<()> {
    build_services();
    let mut command = load(&["--reports", "2", "--fault", "bedrock=error"]);
    let (output, result) = run(command.env("DOSSIER_DEADLINE_SECONDS", "0"));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!((&result["submissions"]["accepted"], &result["reports"]["failed"]), (&json!(2), &json!(2)));
    let failures = result["reports"]["failures"].as_array().unwrap();
    assert_eq!((failures.len(), &failures[0]["count"]), (1, &json!(2)), "{result}");
    let code = failures[0]["code"].as_str().unwrap();
    assert_eq!(result["problems"], json!([format!("2 reports FAILED with {code}")]));
    assert!(text(&output.stderr).contains("The load test FAILED"), "{}", text(&output.stderr));
    Ok(())
}

#[test]
fn an_interrupted_load_test_prints_what_it_has_measured() -> Result<()> {
    build_services();
    let mut command = load(&["--seconds", "600", "--rate", "20", "--model-latency", "10m", "--json", "-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    // A progress line tells that a report was accepted and is in flight.
    while !seen.lines().any(|line| line.contains("in flight ") && !line.contains("in flight 0")) {
        assert!(errors.read_line(&mut seen)? > 0, "{seen}");
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status()?.success());
    errors.read_to_string(&mut seen)?;
    let output = child.wait_with_output()?;
    assert_eq!(output.status.code(), Some(1), "{seen}");
    let result: Value = serde_json::from_slice(&output.stdout)?;
    let accepted = result["submissions"]["accepted"].as_u64().unwrap();
    assert!(accepted > 0, "{result}");
    assert_eq!((&result["interrupted"], &result["reports"]["open"]), (&json!(true), &json!(accepted)));
    assert!(seen.contains(&format!("{accepted} reports had not ended")), "{seen}");
    Ok(())
}

#[test]
fn a_service_that_ends_is_named_with_the_last_line_of_its_log() {
    build_services();
    let output = load(&["--reports", "1"]).env("DOSSIER_SWEEP_SECONDS", "often").output().unwrap();
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("worker-1 ended unexpectedly") && errors.contains("DOSSIER_SWEEP_SECONDS"),
        "{errors}"
    );
}

#[test]
fn a_json_file_that_cannot_be_written_is_named_before_the_test() {
    let missing = tempfile::tempdir().unwrap().path().join("missing/result.json");
    let output = load(&["--json", missing.to_str().unwrap()]).output().unwrap();
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("missing/result.json") && errors.contains("--json"), "{errors}");
}

#[test]
fn every_invalid_option_of_a_load_test_is_named_at_once() {
    let output = load(&["--rate", "0", "--reports", "none", "--api", "http://127.0.0.1:1", "--slots", "2"])
        .output()
        .unwrap();
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    for expected in ["--rate", "--reports", "--key-file", "--slots"] {
        assert!(errors.contains(expected), "no {expected}: {errors}");
    }
}

#[test]
fn a_file_without_keys_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let keys = directory.path().join("keys");
    for (content, expected) in [(None, "cannot be read"), (Some("# none\n"), "contains no API key")] {
        if let Some(content) = content {
            std::fs::write(&keys, content).unwrap();
        }
        let arguments = ["--api", "http://127.0.0.1:1", "--key-file", keys.to_str().unwrap()];
        let output = load(&arguments).output().unwrap();
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(expected) && errors.contains(keys.to_str().unwrap()), "{errors}");
    }
}
