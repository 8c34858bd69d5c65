//! A small soak with the real services as processes, killed and with faults on the wire; every invariant must
//! hold.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::support::service_process::build_services;

fn soak(arguments: &[&str]) -> Command {
    let mut command = crate::support::command::local_stack_command(&[&["soak"], arguments].concat());
    command.stdin(Stdio::null());
    command
}

#[tokio::test]
async fn every_invariant_holds_for_sixty_reports_with_kills_and_faults() -> Result<()> {
    build_services();
    let logs = tempfile::tempdir()?;
    let size = ["--reports", "60", "--apis", "1", "--workers", "2", "--kill-every", "4s..8s"];
    let schedule =
        ["--seed", "3", "--minutes-max", "15", "--rig", "all=0.02", "--rig", "Sqs.ReceiveMessage=repeat:0.1"];
    let logs_option = ["--logs", logs.path().to_str().unwrap()];
    let output = soak(&[&size[..], &schedule[..], &logs_option[..]].concat()).output()?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    for expected in [
        "Every invariant held. Seed 3.",
        "--seed 3",
        "Model calls per report",
        "lost-answer",
        "Soak of 60 reports",
    ] {
        assert!(stdout.contains(expected), "no {expected:?}: {stdout}");
    }
    let count = |fact: &str| -> u64 {
        let line =
            stdout.lines().find(|line| line.contains(fact)).unwrap_or_else(|| panic!("no {fact}: {stdout}"));
        let digits = line.split(['│', '┆']).nth(2).unwrap_or_default().trim().to_owned();
        digits.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().parse().unwrap_or(0)
    };
    assert_eq!(count("Submissions accepted with 202"), 60);
    assert!(count("Artifacts compared with their SHA-256") > 0, "{stdout}");
    Ok(())
}

#[test]
fn without_the_services_binaries_a_soak_names_the_command_that_builds_them() {
    let elsewhere = tempfile::tempdir().unwrap();
    let alone = elsewhere.path().join("local-stack");
    std::fs::copy(env!("CARGO_BIN_EXE_local-stack"), &alone).unwrap();
    let output = Command::new(alone).args(["soak", "--reports", "1"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("cargo build") && errors.contains("api-service"), "{errors}");
}

#[test]
fn invalid_options_of_a_soak_are_rejected() {
    for (arguments, expected) in [
        (&["--kill-every", "5s..2s"][..], "2s..5s"),
        (&["--rig", "S3.*=slow:1"], "lost-answer"),
        (&["--reports", "0"], "1..="),
        (&["--port", "8080"], "--port"),
    ] {
        let output = soak(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}
