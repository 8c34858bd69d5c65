//! `local-stack outages` on small cells, and its options.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::command::local_stack_command;

fn outages(arguments: &[&str]) -> Command {
    let mut command = local_stack_command(&[&["outages"], arguments].concat());
    command.stdin(Stdio::null());
    command
}

#[test]
fn a_minute_without_a_service_delays_reports_and_costs_nothing() {
    let cells = ["--cell", "S3:500:60s", "--cell", "Bedrock:unparseable:60s", "--cell", "Tenant:share:60s"];
    let arguments = [&cells[..], &["--json", "--reports", "2", "--parallel", "3", "--seed", "3"]].concat();
    let output = outages(&arguments).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut cells: Vec<_> = lines
        .iter()
        .map(|cell| format!("{} {} {}", cell["service"], cell["failure"], cell["duration"]))
        .collect();
    cells.sort();
    assert_eq!(cells, [r#""Bedrock" "unparseable" "1m""#, r#""S3" "500" "1m""#, r#""Tenant" "share" "1m""#]);
    for cell in lines {
        assert_eq!(
            (&cell["completed"], &cell["failed"], &cell["open"]),
            (&json!(2), &json!(0), &json!(0)),
            "{cell}"
        );
        assert_eq!(cell["problems"], json!([]), "{cell}");
        assert!(cell["messagesSent"].as_u64().unwrap() >= 2, "{cell}");
        assert!(cell["paidCalls"].as_u64() >= cell["answersNeeded"].as_u64(), "{cell}");
    }
}

#[test]
fn invalid_options_of_the_outage_table_are_rejected() {
    for (arguments, expected) in [
        (&["--cell", "S3:hang"][..], "SERVICE:FAILURE:DURATION"),
        (&["--cell", "S3:slow:10m"], "unparseable"),
        (&["--compress", "0"], "1 to 600"),
        (&["--reports", "1"], "2..="),
        (&["--parallel", "0"], "--parallel"),
        (&["--wire-fault", "S3.*=throttle:1"], "--wire-fault"),
        (&["--port", "8080"], "--port"),
    ] {
        let output = outages(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}
