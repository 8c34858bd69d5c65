//! Invalid invocations of `local-stack`: each is rejected with exit code 1 or 2, the reason and a remedy.

use std::net::TcpListener;

use crate::support::command::run;

fn assert_rejected(arguments: &[&str], code: i32, expected: &[&str]) {
    let output = run(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    for text in expected {
        assert!(stderr.contains(text), "{arguments:?}: no {text} in {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn a_taken_port_is_reported_with_the_option_that_selects_another() {
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    let expected = ["taken", port.as_str(), "--port"];
    assert_rejected(&["--port", &port], 2, &expected);
    assert_rejected(&["--port", &port, "--without", "api,worker"], 2, &expected);
    let out = tempfile::tempdir().unwrap();
    assert_rejected(&["demo", "--port", &port, "--out", out.path().to_str().unwrap()], 2, &expected);
}

#[test]
fn an_unknown_fault_is_rejected_with_the_known_ones() {
    assert_rejected(&["--fault", "bedrock=slow:2s"], 2, &["slow", "throttle", "hallucinated"]);
    assert_rejected(&["--fault", "s3=error"], 2, &["s3", "bedrock or sources"]);
    assert_rejected(&["--fault", "bedrock=throttle:2"], 2, &["bedrock=throttle:2", "probability"]);
}

#[test]
fn invalid_and_conflicting_options_are_rejected() {
    assert_rejected(&["--without", "database"], 2, &["database", "api", "worker"]);
    assert_rejected(&["--slots", "0"], 2, &["1..=10000"]);
    assert_rejected(&["--forward-url", "http://127.0.0.1:1/v1"], 2, &["--forward-model"]);
    assert_rejected(&["demo", "--without", "worker"], 2, &["--without"]);
}

#[test]
fn a_ready_file_or_directory_that_cannot_be_created_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing/ready.json");
    assert_rejected(
        &["--port", "0", "--ready-file", missing.to_str().unwrap()],
        1,
        &["missing/ready.json", "--ready-file"],
    );
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("reports");
    assert_rejected(&["demo", "--out", below.to_str().unwrap()], 1, &["file/reports", "--out"]);
    assert_rejected(
        &["--port", "0", "--ready-file", directory.path().to_str().unwrap()],
        1,
        &["cannot be replaced"],
    );
}

#[test]
fn an_invalid_setting_of_the_services_is_named() {
    let output = crate::support::command::local_stack_command(&["--port", "0"])
        .env("DOSSIER_SWEEP_SECONDS", "often")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("DOSSIER_SWEEP_SECONDS"), "{stderr}");
}
