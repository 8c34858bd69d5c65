//! `local-stack demo` as a process: it saves five reports with different risk levels, two of which an outage of the
//! model met, and says why a report failed.

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
fn the_demo_tells_its_story_even_if_the_default_port_is_taken() {
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
    let expected = [
        ("Brückhofer Anlagenbau GmbH", "MEDIUM"),
        ("Calder Vane Shipping Ltd", "HIGH"),
        ("Larkmere Brokerage Ltd", "MEDIUM"),
        ("Ropewalk Chandlery Ltd", "MEDIUM"),
        ("星見川精機株式会社", "LOW"),
    ];
    assert_eq!(levels, expected);
    for told in [
        "The report on Larkmere Brokerage Ltd must be reviewed by a person:\n   - ",
        "The model rates the company Low, and the rules do not allow less than Medium",
        "The model answers again",
        "none was bought twice",
        "Try next",
    ] {
        assert!(stdout.contains(told), "{told}: {stdout}");
    }

    for (directory, report) in &reports {
        let id = report["reportId"].as_str().unwrap();
        let name = directory.file_name().unwrap().to_str().unwrap();
        assert!(name.ends_with(id) && name.is_ascii(), "{name}");
        let file = |name: &str| fs::read(directory.join(name)).unwrap();
        assert!(file("report.html").to_ascii_lowercase().starts_with(b"<!doctype html"));
        assert!(String::from_utf8(file("report.md")).unwrap().contains(id));
        let evidence: Value = serde_json::from_slice(&file("evidence.json")).unwrap();
        assert!(evidence.is_object());
        let page = directory.join("report.html");
        assert!(stdout.contains(page.to_str().unwrap()), "{page:?} is not listed: {stdout}");
        let company = report["company"]["companyName"].as_str().unwrap();
        let row = stdout.lines().find(|line| line.contains(company) && line.contains('│')).unwrap();
        let cells: Vec<_> = row.split(['│', '┆']).map(str::trim).collect();
        assert_eq!(cells[2], report["riskLevel"].as_str().unwrap());
        assert_eq!(cells[3], report["riskScore"].to_string());
        let failed = ["Brückhofer Anlagenbau GmbH", "Calder Vane Shipping Ltd"].contains(&company);
        let attempts: u32 = cells[5].parse().unwrap();
        assert_eq!(attempts > 1, failed, "the outage costs an attempt of each report that it meets: {row}");
        assert!(stderr.contains(&format!("{company}  100 %  COMPLETED")), "{stderr}");
        let setback = format!("{company}  0 %  PENDING: The model");
        assert_eq!(stderr.contains(&setback), failed, "{stderr}");
    }
    assert!(!stderr.contains("WARN"), "more than errors are logged: {stderr}");
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
    assert!(!stdout.contains("must be reviewed"), "no report has reasons for a review: {stdout}");
    assert!(stderr.contains("not every report was completed"), "{stderr}");
    assert!(stderr.contains("Calder Vane Shipping Ltd") && stderr.contains("is FAILED: "), "{stderr}");
}
