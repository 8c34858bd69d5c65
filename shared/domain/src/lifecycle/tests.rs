//! Properties of the transition function.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::time::UtcTime;

fn at(seconds: i64) -> UtcTime {
    UtcTime::from_epoch_millis(seconds * 1000)
}

const POLICY: Policy =
    Policy { attempts: 2, lease: Duration::from_secs(60), pickup_grace: Duration::from_secs(120) };

fn commands(attempt: u32) -> Vec<Command> {
    let delay = Duration::from_secs(5);
    vec![
        Command::Submit,
        Command::Claim { holder: "w".into() },
        Command::Renew { attempt },
        Command::Advance { attempt },
        Command::Complete { attempt },
        Command::RetryLater { attempt, delay },
        Command::Release { attempt, delay },
        Command::Fail { attempt },
        Command::Cancel,
        Command::RequestCancel,
        Command::HonourCancel { attempt },
        Command::Resubmit,
        Command::Redispatch,
        Command::GiveUp,
        Command::FailDeadLettered,
    ]
}

/// Generates runs of commands: the index of the command, the seconds that pass before it, and by how much its
/// fencing token is out of date.
fn runs() -> impl Strategy<Value = Vec<(usize, i64, u32)>> {
    prop::collection::vec((0_usize..15, 0_i64..200, 0_u32..4), 1..60)
}

fn replay(
    run: &[(usize, i64, u32)],
    mut check: impl FnMut(Option<&Lifecycle>, &Command, &Lifecycle, UtcTime),
) {
    let mut current: Option<Lifecycle> = None;
    let mut now = 0;
    for (index, seconds, stale_by) in run {
        now += seconds;
        let attempt = current.as_ref().map_or(0, |c| c.attempt).saturating_sub(*stale_by);
        let command = &commands(attempt)[*index];
        if let Ok(next) = apply(current.as_ref(), command, at(now), &POLICY) {
            check(current.as_ref(), command, &next, at(now));
            current = Some(next);
        }
    }
}

proptest! {
    #[test]
    fn a_terminal_state_changes_only_by_resubmit(run in runs()) {
        replay(&run, |before, command, after, _| {
            if before.is_some_and(|b| b.status.is_terminal()) {
                assert_eq!(command, &Command::Resubmit);
                assert_eq!(after.status, Status::Pending);
            }
        });
    }

    #[test]
    fn a_worker_without_the_newest_claim_cannot_change_a_report(run in runs()) {
        replay(&run, |before, command, _, _| {
            let token = match command {
                Command::Renew { attempt } | Command::Advance { attempt } | Command::Complete { attempt }
                | Command::RetryLater { attempt, .. } | Command::Release { attempt, .. }
                | Command::Fail { attempt } | Command::HonourCancel { attempt } => *attempt,
                _ => return,
            };
            let before = before.unwrap();
            assert_eq!(token, before.attempt);
            assert_eq!(before.status, Status::Processing);
        });
    }

    #[test]
    fn only_a_claim_raises_the_attempt_and_never_under_a_running_lease(run in runs()) {
        replay(&run, |before, command, after, now| {
            let attempt = before.map_or(0, |b| b.attempt);
            if matches!(command, Command::Claim { .. }) {
                assert_eq!(after.attempt, attempt + 1);
                assert!(before.unwrap().lease.as_ref().is_none_or(|lease| lease.expires_at < now));
            } else {
                assert_eq!(after.attempt, attempt);
            }
        });
    }

    #[test]
    fn a_lease_exists_exactly_while_processing_and_every_open_report_is_due_some_time(run in runs()) {
        replay(&run, |_, _, after, _| {
            assert_eq!(after.lease.is_some(), after.status == Status::Processing);
            assert_eq!(after.due_at.is_some(), !after.status.is_terminal());
            assert!(!after.cancel_requested || after.status == Status::Processing);
        });
    }

    #[test]
    fn a_report_with_a_pending_cancellation_ends_only_as_cancelled(run in runs()) {
        replay(&run, |before, _, after, _| {
            if before.is_some_and(|b| b.cancel_requested) && after.status != Status::Processing {
                assert_eq!(after.status, Status::Cancelled);
            }
        });
    }

    #[test]
    fn every_open_report_can_still_end(run in runs()) {
        replay(&run, |_, _, after, now| {
            if after.status.is_terminal() {
                return;
            }
            // Whatever happened before, a worker that arrives after every lease has expired can end it.
            let late = now.plus(Duration::from_secs(10_000));
            let ended = [Command::GiveUp, Command::Claim { holder: "x".into() }]
                .iter()
                .find_map(|command| apply(Some(after), command, late, &POLICY).ok())
                .expect("the report can be given up or claimed");
            if !ended.status.is_terminal() {
                let attempt = ended.attempt;
                let last = [Command::HonourCancel { attempt }, Command::Fail { attempt }];
                assert!(last.iter().any(|command| apply(Some(&ended), command, late, &POLICY).is_ok()));
            }
        });
    }
}

fn after(commands: &[(i64, Command)]) -> Result<Lifecycle, Rejected> {
    let mut current = None;
    for (seconds, command) in commands {
        current = Some(apply(current.as_ref(), command, at(*seconds), &POLICY)?);
    }
    current.ok_or(Rejected { command: Command::Submit })
}

fn claim() -> Command {
    Command::Claim { holder: "w".into() }
}

#[test]
fn transient_errors_consume_attempts_until_none_is_left() {
    let delay = Duration::from_secs(1);
    let first = Command::RetryLater { attempt: 1, delay };
    let second = Command::RetryLater { attempt: 2, delay };
    let run = [(0, Command::Submit), (1, claim()), (2, first), (3, claim()), (4, second.clone())];
    assert_eq!(after(&run), Err(Rejected { command: second }));
    assert_eq!(after(&run[..4]).unwrap().attempt, 2);
}

#[test]
fn releasing_a_report_consumes_no_attempt() {
    let delay = Duration::ZERO;
    let mut run = vec![(0, Command::Submit)];
    for attempt in 1..=20 {
        run.push((1, claim()));
        run.push((1, Command::Release { attempt, delay }));
    }
    let released = after(&run).unwrap();
    assert_eq!(released.attempts_allowed - released.attempt, POLICY.attempts);
}

#[test]
fn resubmission_allows_a_full_set_of_attempts_and_keeps_the_fencing_token() {
    let resubmitted = after(&[
        (0, Command::Submit),
        (1, claim()),
        (2, Command::Fail { attempt: 1 }),
        (3, Command::Resubmit),
    ])
    .unwrap();
    assert_eq!((resubmitted.attempt, resubmitted.attempts_allowed), (1, 3));
}

#[test]
fn an_expired_lease_is_either_renewed_by_its_holder_or_claimed_by_another() {
    let run = [(0, Command::Submit), (0, claim()), (61, Command::Renew { attempt: 1 }), (62, claim())];
    assert_eq!(after(&run), Err(Rejected { command: claim() }));
    let run = [(0, Command::Submit), (0, claim()), (61, claim()), (62, Command::Renew { attempt: 1 })];
    assert_eq!(after(&run), Err(Rejected { command: Command::Renew { attempt: 1 } }));
}
