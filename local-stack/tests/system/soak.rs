//! A tiny soak: the command with the real services as processes, killed and faulted; every invariant must hold.

use std::process::{Command, Stdio};

use anyhow::Result;
use service_runtime::config::Environment;

/// Has the services' binaries built beside the command: whoever starts one of them gets all. Without settings it ends
/// at once.
fn build_services() -> Result<()> {
    drop(crate::support::binaries::Process::start("worker-service", &Environment::new())?);
    Ok(())
}

fn soak(arguments: &[&str]) -> Command {
    let mut command = crate::support::command::command(&[&["soak"], arguments].concat());
    command.stdin(Stdio::null());
    command
}

#[tokio::test]
async fn sixty_reports_survive_kills_and_faults_with_every_invariant() -> Result<()> {
    build_services()?;
    let logs = tempfile::tempdir()?;
    let size = ["--reports", "60", "--apis", "1", "--workers", "2", "--kill-every", "4s..8s"];
    let run =
        ["--seed", "3", "--minutes-max", "4", "--rig", "all=0.02", "--rig", "Sqs.ReceiveMessage=repeat:0.1"];
    let logs_at = ["--logs", logs.path().to_str().unwrap()];
    let output = soak(&[&size[..], &run[..], &logs_at[..]].concat()).output()?;
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    for words in [
        "Every invariant held. Seed 3.",
        "--seed 3",
        "Model calls per report",
        "lost-answer",
        "Soak of 60 reports",
    ] {
        assert!(said.contains(words), "no {words:?}: {said}");
    }
    let count = |what: &str| -> u64 {
        let line =
            said.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("no {what}: {said}"));
        let digits = line.split(['│', '┆']).nth(2).unwrap_or_default().trim().to_owned();
        digits.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().parse().unwrap_or(0)
    };
    assert_eq!(count("Submissions with a 202"), 60);
    assert!(count("Artifacts read and compared") > 0, "{said}");
    Ok(())
}

#[test]
fn a_soak_without_the_services_names_the_command_that_builds_them() {
    let elsewhere = tempfile::tempdir().unwrap();
    let alone = elsewhere.path().join("local-stack");
    std::fs::copy(env!("CARGO_BIN_EXE_local-stack"), &alone).unwrap();
    let output = Command::new(alone).args(["soak", "--reports", "1"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("cargo build") && errors.contains("api-service"), "{errors}");
}

#[test]
fn options_of_a_soak_that_mean_nothing_are_refused() {
    for (arguments, word) in [
        (&["--kill-every", "5s..2s"][..], "2s..5s"),
        (&["--rig", "S3.*=slow:1"], "lost-answer"),
        (&["--reports", "0"], "1..="),
        (&["--port", "8080"], "--port"),
    ] {
        let output = soak(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(word), "{errors}");
    }
}
