//! What `local-stack` cannot do as asked: it says why and what to do, and ends with 2 or 1.

use std::net::TcpListener;

use crate::support::command::run;

fn refused(arguments: &[&str], code: i32, words: &[&str]) {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?} did not say {word}: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_taken_port_is_named_with_the_option_that_chooses_another() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let words = ["taken", port.as_str(), "--port"];
    refused(&["--port", &port], 2, &words);
    refused(&["--port", &port, "--without", "api,worker"], 2, &words);
    let out = tempfile::tempdir().unwrap();
    refused(&["demo", "--port", &port, "--out", out.path().to_str().unwrap()], 2, &words);
}

#[test]
fn a_fault_that_is_not_known_is_refused_with_those_that_are() {
    refused(&["--fault", "bedrock=slow:2s"], 2, &["slow", "throttle", "hallucinated"]);
    refused(&["--fault", "s3=error"], 2, &["s3", "bedrock or feeds"]);
    refused(&["--fault", "bedrock=throttle:2"], 2, &["bedrock=throttle:2", "probability"]);
}

#[test]
fn options_that_mean_nothing_are_refused() {
    refused(&["--without", "database"], 2, &["database", "api", "worker"]);
    refused(&["--workers", "0"], 2, &["1..=256"]);
    refused(&["--forward-url", "http://127.0.0.1:1/v1"], 2, &["--forward-model"]);
    refused(&["demo", "--without", "worker"], 2, &["--without"]);
}

#[test]
fn a_ready_file_or_directory_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing/ready.json");
    refused(
        &["--port", "0", "--ready-file", missing.to_str().unwrap()],
        1,
        &["missing/ready.json", "--ready-file"],
    );
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("reports");
    refused(&["demo", "--out", below.to_str().unwrap()], 1, &["file/reports", "--out"]);
    refused(&["--port", "0", "--ready-file", directory.path().to_str().unwrap()], 1, &["cannot be replaced"]);
}

#[test]
fn a_setting_of_the_services_that_cannot_be_used_is_named() {
    let output = crate::support::command::command(&["--port", "0"])
        .env("DOSSIER_SWEEP_SECONDS", "often")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("DOSSIER_SWEEP_SECONDS"), "{said}");
}
