//! Properties of the transition function.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::time::UtcTime;

fn at(seconds: i64) -> UtcTime {
    UtcTime::from_epoch_millis(seconds * 1000)
}

const POLICY: Policy = Policy {
    deadline: Duration::from_secs(1_000),
    queue_wait_max: Duration::from_secs(10),
    lease: Duration::from_secs(60),
    pickup_grace: Duration::from_secs(120),
    immediate_takeovers: 3,
};
/// A delay that is spent in the queue.
const SHORT: Duration = Duration::from_secs(5);
/// A delay that is spent outside the queue.
const LONG: Duration = Duration::from_secs(90);

fn commands(attempt: u32) -> Vec<Command> {
    vec![
        Command::Submit,
        Command::Claim { holder: "w".into() },
        Command::Renew { attempt },
        Command::Advance { attempt },
        Command::Complete { attempt },
        Command::RetryLater { attempt, delay: SHORT },
        Command::RetryLater { attempt, delay: LONG },
        Command::Release { attempt },
        Command::Fail { attempt },
        Command::Cancel,
        Command::RequestCancel,
        Command::HonourCancel { attempt },
        Command::Resubmit,
        Command::Wait { delay: LONG },
        Command::KeepQueued { grace: LONG },
        Command::Redispatch,
        Command::GiveUp,
        Command::FailDeadLettered,
    ]
}

/// Generates runs of commands: the index of the command, the seconds that pass before it, and by how much its
/// fencing token is out of date.
fn runs() -> impl Strategy<Value = Vec<(usize, i64, u32)>> {
    prop::collection::vec((0_usize..18, 0_i64..200, 0_u32..4), 1..60)
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
                | Command::RetryLater { attempt, .. } | Command::Release { attempt }
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
            assert!(after.queued_at.is_some() || after.status != Status::Processing);
            assert!(!after.cancel_requested || after.status == Status::Processing);
        });
    }

    #[test]
    fn a_report_is_claimed_only_when_its_wait_is_over_and_waits_without_a_message_only_until_it_is_due(run in runs()) {
        replay(&run, |before, command, after, now| {
            if matches!(command, Command::Claim { .. }) {
                assert!(before.unwrap().not_before.is_none_or(|not_before| not_before <= now));
                assert_eq!(after.not_before, None);
            }
            if after.waits_outside_queue() {
                assert_eq!(after.due_at.min(after.not_before), after.not_before);
                assert!(after.not_before.is_some());
            }
        });
    }

    #[test]
    fn before_its_deadline_a_report_fails_only_by_a_decision_of_its_worker(run in runs()) {
        replay(&run, |before, command, after, now| {
            let in_time = before.is_some_and(|before| now < before.deadline(&POLICY));
            if after.status == Status::Failed && in_time {
                assert!(matches!(command, Command::Fail { .. }), "{command:?}");
            }
            assert!(in_time || !matches!(command, Command::RetryLater { .. }));
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
fn transient_errors_are_retried_until_the_deadline() {
    let retry = |attempt| Command::RetryLater { attempt, delay: SHORT };
    let mut run = vec![(0, Command::Submit)];
    for attempt in 1..=100 {
        run.extend([(i64::from(attempt) * 9, claim()), (i64::from(attempt) * 9, retry(attempt))]);
    }
    let waiting = after(&run).unwrap();
    assert_eq!((waiting.status, waiting.attempt, waiting.retries), (Status::Pending, 100, 100));
    run.push((999, claim()));
    let last_moment = [run.clone(), vec![(999, retry(101))]].concat();
    assert!(after(&last_moment).is_ok());
    let too_late = [run.clone(), vec![(1_000, retry(101))]].concat();
    assert_eq!(after(&too_late), Err(Rejected { command: retry(101) }));
    // A report that waits at its deadline still gets the attempt for which it waits.
    let late = [last_moment, vec![(1_010, claim()), (1_011, Command::Fail { attempt: 102 })]].concat();
    assert_eq!(after(&late).unwrap().status, Status::Failed);
}

#[test]
fn a_short_wait_keeps_the_message_and_a_long_one_is_due_when_it_ends() {
    let waiting = |delay| {
        after(&[(0, Command::Submit), (1, claim()), (2, Command::RetryLater { attempt: 1, delay })]).unwrap()
    };
    let short = waiting(SHORT);
    assert_eq!((short.queued_at, short.not_before, short.due_at), (Some(at(2)), Some(at(7)), Some(at(127))));
    let long = waiting(LONG);
    assert_eq!((long.queued_at, long.not_before, long.due_at), (None, Some(at(92)), Some(at(92))));
    assert!(long.waits_outside_queue() && !short.waits_outside_queue());
    // A duplicate message does not shorten the wait.
    assert!(apply(Some(&long), &claim(), at(91), &POLICY).is_err());
    let sent = apply(Some(&long), &Command::Redispatch, at(92), &POLICY).unwrap();
    assert_eq!((sent.queued_at, sent.due_at), (Some(at(92)), Some(at(212))));
    assert!(apply(Some(&sent), &claim(), at(93), &POLICY).is_ok());
}

#[test]
fn a_report_that_keeps_losing_its_workers_waits_before_it_is_claimed_again() {
    let mut run = vec![(0, Command::Submit), (0, claim()), (61, claim()), (122, claim())];
    let abandoned = after(&run).unwrap();
    run.push((183, claim()));
    assert_eq!(after(&run), Err(Rejected { command: claim() }));
    let wait = Command::Wait { delay: LONG };
    let waiting = apply(Some(&abandoned), &wait, at(183), &POLICY).unwrap();
    assert!(waiting.waits_outside_queue() && waiting.lease.is_none());
    assert_eq!(apply(Some(&waiting), &claim(), at(273), &POLICY).unwrap().attempt, 4);
    // After the deadline it is given up, and not before.
    assert!(apply(Some(&abandoned), &Command::GiveUp, at(999), &POLICY).is_err());
    assert!(apply(Some(&abandoned), &Command::GiveUp, at(1_000), &POLICY).is_ok());
}

#[test]
fn a_dead_letter_fails_a_report_only_after_its_deadline() {
    let submitted = after(&[(0, Command::Submit)]).unwrap();
    assert!(apply(Some(&submitted), &Command::FailDeadLettered, at(999), &POLICY).is_err());
    assert!(apply(Some(&submitted), &Command::FailDeadLettered, at(1_000), &POLICY).is_ok());
}

#[test]
fn resubmission_sets_a_new_deadline_and_keeps_the_fencing_token() {
    let resubmitted = after(&[
        (0, Command::Submit),
        (1, claim()),
        (2, Command::RetryLater { attempt: 1, delay: SHORT }),
        (8, claim()),
        (1_500, Command::Fail { attempt: 2 }),
        (2_000, Command::Resubmit),
    ])
    .unwrap();
    assert_eq!((resubmitted.attempt, resubmitted.retries), (2, 0));
    assert_eq!(resubmitted.deadline(&POLICY), at(3_000));
    assert_eq!((resubmitted.queued_at, resubmitted.not_before), (Some(at(2_000)), None));
}

#[test]
fn an_expired_lease_is_either_renewed_by_its_holder_or_claimed_by_another() {
    let run = [(0, Command::Submit), (0, claim()), (61, Command::Renew { attempt: 1 }), (62, claim())];
    assert_eq!(after(&run), Err(Rejected { command: claim() }));
    let run = [(0, Command::Submit), (0, claim()), (61, claim()), (62, Command::Renew { attempt: 1 })];
    assert_eq!(after(&run), Err(Rejected { command: Command::Renew { attempt: 1 } }));
}
