//! The table implements the pure lifecycle function. For every command in every reachable kind of state, the
//! conditional write and the function agree on whether the command is rejected, and on its result.
use std::{collections::VecDeque, time::Duration};

use anyhow::Result;
use aws_adapters::{
    Aws,
    retention::Retention,
    table::{Created, Details, Executed},
};
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::{Command, Lifecycle, Policy, apply},
    report::Report,
    request::ReportRequestDraft,
    time::UtcTime,
};
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use service_runtime::clock::Clock;

const POLICY: Policy = Policy {
    deadline: Duration::from_secs(250),
    queue_wait_max: Duration::from_secs(10),
    lease: Duration::from_secs(60),
    pickup_grace: Duration::from_secs(120),
    immediate_takeovers: 2,
};

fn at(seconds: i64) -> UtcTime {
    UtcTime::from_epoch_millis(1_790_000_000_000 + seconds * 1000)
}

fn commands(attempt: u32) -> Vec<Command> {
    let (short, long) = (Duration::from_secs(5), Duration::from_secs(90));
    vec![
        Command::Claim { holder: format!("w{attempt}") },
        Command::Renew { attempt },
        Command::Advance { attempt },
        Command::Complete { attempt },
        Command::RetryLater { attempt, delay: short },
        Command::RetryLater { attempt, delay: long },
        Command::Release { attempt },
        Command::Fail { attempt },
        Command::Cancel,
        Command::RequestCancel,
        Command::HonourCancel { attempt },
        Command::Resubmit,
        Command::Wait { delay: short },
        Command::Wait { delay: long },
        Command::KeepQueued { grace: long },
        Command::Redispatch,
        Command::GiveUp,
        Command::FailDeadLettered,
    ]
}

fn report(lifecycle: Lifecycle) -> Report {
    let request = ReportRequestDraft {
        company_name: Some("Acme".into()),
        corporate_number: Some("1".into()),
        country: Some("AQ".into()),
        ..ReportRequestDraft::default()
    };
    let tenant: Tenant = "dev".parse().unwrap();
    let resubmitted_at = Some(lifecycle.submitted_at).filter(|submitted_at| *submitted_at != at(0));
    let report = Report::submitted(
        tenant,
        ReportId::from(uuid::Uuid::now_v7()),
        request.check().unwrap(),
        lifecycle,
        uuid::Uuid::now_v7(),
        at(0),
        Retention::from_days(90).end(&"dev".parse().unwrap(), at(0)),
    );
    Report { resubmitted_at, ..report }
}

async fn adapters() -> Result<(TestStack, Aws)> {
    let options = Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() };
    let stack = TestStack::with(options).await?;
    // The table's clock shows the time at which the reports were submitted, so that none has expired.
    let (aws, _) = stack.adapters_at(&Clock::fixed(at(0)))?;
    Ok((stack, aws))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_and_the_lifecycle_function_agree_on_every_transition() -> Result<()> {
    let (stack, aws) = adapters().await?;
    let submitted = apply(None, &Command::Submit, at(0), &POLICY)?;
    // A breadth-first search of the states that two attempts can reach, each with the time at which it was
    // reached.
    let mut open = VecDeque::from([(submitted.clone(), 0)]);
    let mut seen = vec![submitted];
    let mut compared = 0;
    while let Some((state, reached)) = open.pop_front() {
        // A report in this state. A command that is rejected leaves it as it is for the next one.
        let mut in_state: Option<Report> = None;
        // Right after the transition, after the lease, and after the sweeper's grace period.
        for later in [1, 61, 200] {
            let now = reached + later;
            for stale in 0..=state.attempt.min(1) {
                for command in commands(state.attempt - stale) {
                    let expected = apply(Some(&state), &command, at(now), &POLICY);
                    let report = match in_state.take() {
                        Some(report) => report,
                        None => {
                            let report = report(state.clone());
                            assert!(matches!(aws.table.create(&report).await?, Created::New));
                            report
                        }
                    };
                    let details = Details::default();
                    let actual = aws
                        .table
                        .execute(&report.tenant, report.id, &command, &details, at(now), &POLICY)
                        .await?;
                    compared += 1;
                    match (expected, actual) {
                        (Ok(expected), Executed::Done(actual)) => {
                            assert_eq!(actual.lifecycle, expected, "{command:?} on {state:?}");
                            assert_eq!(
                                aws.table.get(&report.tenant, report.id).await?.as_ref(),
                                Some(&*actual)
                            );
                            if expected.attempt <= 3 && !seen.iter().any(|known| same_kind(known, &expected))
                            {
                                seen.push(expected.clone());
                                open.push_back((expected, now));
                            }
                        }
                        (Err(_), Executed::Rejected(Some(actual))) => {
                            assert_eq!(actual.lifecycle, state, "{command:?}");
                            in_state = Some(report);
                        }
                        // A repeated command whose result is already recorded counts as done and changes
                        // nothing.
                        (Err(_), Executed::Done(actual)) => {
                            assert!(state.shows_result_of(&command), "{command:?} on {state:?}");
                            assert_eq!(actual.lifecycle, state);
                            in_state = Some(report);
                        }
                        (expected, actual) => panic!("{command:?} on {state:?}: {expected:?} but {actual:?}"),
                    }
                }
            }
        }
    }
    assert!(seen.len() > 20 && compared > 1_000, "{} states, {compared} comparisons", seen.len());
    stack.stop().await
}

/// Returns whether two states are equal except for their times.
fn same_kind(a: &Lifecycle, b: &Lifecycle) -> bool {
    let shape = |l: &Lifecycle| {
        let waits = (l.not_before.is_some(), l.queued_at.is_some(), l.submitted_at == at(0));
        (l.status, l.attempt, waits, l.lease.is_some(), l.cancel_requested, l.due_at.is_some())
    };
    shape(a) == shape(b)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_rejected_for_an_unknown_report() -> Result<()> {
    let (stack, aws) = adapters().await?;
    let tenant: Tenant = "dev".parse()?;
    for command in commands(1) {
        let result = aws
            .table
            .execute(
                &tenant,
                ReportId::from(uuid::Uuid::now_v7()),
                &command,
                &Details::default(),
                at(0),
                &POLICY,
            )
            .await?;
        assert!(matches!(result, Executed::Rejected(None)), "{command:?}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_concurrent_claims_exactly_one_wins() -> Result<()> {
    let (stack, aws) = adapters().await?;
    let report = report(apply(None, &Command::Submit, at(0), &POLICY)?);
    aws.table.create(&report).await?;
    let claims = (0..50).map(|worker| {
        let (aws, report) = (aws.clone(), report.clone());
        tokio::spawn(async move {
            let command = Command::Claim { holder: format!("w{worker}") };
            aws.table.execute(&report.tenant, report.id, &command, &Details::default(), at(1), &POLICY).await
        })
    });
    let mut won = 0;
    for claim in claims.collect::<Vec<_>>() {
        won += usize::from(matches!(claim.await??, Executed::Done(_)));
    }
    assert_eq!(won, 1);
    stack.stop().await
}
