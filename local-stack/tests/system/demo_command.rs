//! `local-stack demo` as a process: it saves two reports with different risk levels, and says why a report
//! failed.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::support::command::local_stack_command;
use serde_json::Value;

/// Returns the directories of the reports under `out`, each with its JSON file.
fn reports(out: &Path) -> Vec<(PathBuf, Value)> {
    let directories = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
    directories
        .map(|directory| {
            let json = fs::read(directory.join("report.json")).unwrap();
            (directory, serde_json::from_slice(&json).unwrap())
        })
        .collect()
}

#[test]
fn the_demo_saves_a_low_and_a_high_report_even_if_the_default_port_is_taken() {
    // Occupies the default port. If another program already does, the test works as well.
    let _occupied = TcpListener::bind("127.0.0.1:8080");
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("new/reports");
    let ended = local_stack_command(&["demo", "--out", out.to_str().unwrap()]).output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
    assert_eq!(ended.status.code(), Some(0), "{stdout}{stderr}");

    let reports = reports(&out);
    let mut levels: Vec<_> = reports
        .iter()
        .map(|(_, report)| {
            (report["company"]["companyName"].as_str().unwrap(), report["riskLevel"].as_str().unwrap())
        })
        .collect();
    levels.sort_unstable();
    assert_eq!(levels, [("Calder Vane Shipping Ltd", "HIGH"), ("星見川精機株式会社", "LOW")]);

    for (directory, report) in &reports {
        let id = report["reportId"].as_str().unwrap();
        let name = directory.file_name().unwrap().to_str().unwrap();
        assert!(name.ends_with(id) && name.is_ascii(), "{name}");
        let file = |name: &str| fs::read(directory.join(name)).unwrap();
        assert!(file("report.html").to_ascii_lowercase().starts_with(b"<!doctype html"));
        assert!(String::from_utf8(file("report.md")).unwrap().contains(id));
        let evidence: Value = serde_json::from_slice(&file("evidence.json")).unwrap();
        assert!(evidence.is_object());
        for file in fs::read_dir(directory).unwrap() {
            let path = file.unwrap().path();
            assert!(stdout.contains(path.to_str().unwrap()), "{path:?} is not listed: {stdout}");
        }
        let findings = report["findings"].as_array().unwrap().len().to_string();
        let company = report["company"]["companyName"].as_str().unwrap();
        let row = stdout.lines().find(|line| line.contains(company) && line.contains("COMPLETED")).unwrap();
        let cells: Vec<_> = row.split(['│', '┆']).map(str::trim).collect();
        assert_eq!(cells[3], report["riskLevel"].as_str().unwrap());
        assert_eq!(cells[4], report["riskScore"].to_string());
        assert_eq!(cells[5], findings);
        assert!(stderr.contains(&format!("{company}  100 %  COMPLETED")), "{stderr}");
    }
    assert!(!stderr.contains("INFO"), "more than warnings are logged: {stderr}");
}

#[test]
fn a_failed_report_is_printed_with_its_reason_and_the_demo_exits_with_1() {
    let directory = tempfile::tempdir().unwrap();
    let ended = local_stack_command(&[
        "demo",
        "--fault",
        "bedrock=error",
        "--out",
        directory.path().to_str().unwrap(),
    ])
    .env("DOSSIER_DEADLINE_SECONDS", "0")
    .output()
    .unwrap();
    let (stdout, stderr) =
        (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
    assert_eq!(ended.status.code(), Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("FAILED"), "{stdout}");
    assert!(stderr.contains("not every report was completed"), "{stderr}");
    assert!(stderr.contains("Calder Vane Shipping Ltd") && stderr.contains("is FAILED: "), "{stderr}");
}
