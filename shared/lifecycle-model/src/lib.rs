//! Model checking of the lifecycle: every state that two workers can reach with crashes, lost, repeated and
//! late messages, expired leases, and people who cancel and resubmit.
//!
//! The crate contains tests only. It is apart from the domain because exploring needs optimised code, and the domain
//! takes four times as long to compile with optimisation.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and prints its statistics"
)]

mod environment;
mod liveness;
mod model;
mod properties;
mod seeded;
mod setup;
mod table;
mod violations;
mod worker;
mod world;

use domain::{
    lifecycle::{Command, Lease, Lifecycle, Status, apply},
    time::UtcTime,
};
use proptest::prelude::*;
use stateright::Property;

use crate::{
    model::System,
    properties::{check, reached},
    setup::{Fault, POLICY, Setup},
    violations::is_current,
    world::{At, World},
};

/// Returns the states that every exploration must reach to be meaningful.
fn witnesses() -> Vec<Property<System>> {
    vec![
        reached("a report completes", |_, world| ended(world, Status::Completed)),
        reached("a report fails", |_, world| ended(world, Status::Failed)),
        reached("a report is given up because its workers vanished", |_, world| {
            world.cells.iter().any(|cell| cell.given_up)
        }),
        reached("a report waits outside the queue", |_, world| {
            world.cells.iter().any(|cell| cell.must_wait() && cell.waits_outside_queue())
        }),
        reached("a report completes after its deadline", |_, world| {
            world.cells.iter().any(|cell| cell.deadline_passed() && cell.status() == Some(Status::Completed))
        }),
        reached("a worker continues after it lost its lease", |_, world| {
            world.workers.iter().any(|worker| {
                let row = world.cells[worker.report].row.as_ref();
                worker.at == At::Complete && row.is_some_and(|row| !is_current(row, worker.attempt))
            })
        }),
    ]
}

/// Returns the [`witnesses`] and the states that people who cancel and resubmit must bring about.
fn with_wishes() -> Vec<Property<System>> {
    let mut all = witnesses();
    all.extend([
        reached("a cancellation is promised", |_, world| world.cells.iter().any(|cell| cell.cancel_promised)),
        reached("a report is cancelled", |_, world| ended(world, Status::Cancelled)),
        reached("a resubmitted report completes", |_, world| {
            world.cells.iter().any(|cell| cell.generation > 0 && cell.status() == Some(Status::Completed))
        }),
    ]);
    all
}

fn ended(world: &World, status: Status) -> bool {
    world.cells.iter().any(|cell| cell.status() == Some(status))
}

fn holds(name: &str, setup: Setup, witnesses: Vec<Property<System>>) {
    let verdict = check(name, setup, witnesses);
    assert!(verdict.broken.is_empty(), "{name}: {:#?}", verdict.broken);
    assert!(verdict.unreached.is_empty(), "{name}: never reached: {:?}", verdict.unreached);
}

#[test]
fn one_report_survives_any_four_faults() {
    let setup = Setup { turns: 2, faults: 4, coarse: true, kinds: Fault::ALL, ..Setup::CALM };
    holds("one report, two answers, four faults", setup, witnesses());
}

#[test]
fn one_report_survives_any_three_faults_between_any_two_steps() {
    let setup = Setup { faults: 3, kinds: Fault::ALL, ..Setup::CALM };
    holds("one report, one answer, three faults", setup, witnesses());
}

#[test]
fn one_report_survives_any_two_faults_and_three_wishes() {
    let setup = Setup { faults: 2, wishes: 3, coarse: true, kinds: Fault::ALL, ..Setup::CALM };
    holds("one report, two faults, three wishes", setup, with_wishes());
}

/// Returns the [`witnesses`] and the state in which each of two workers processes a report of its own.
fn with_two_reports() -> Vec<Property<System>> {
    let mut all = witnesses();
    all.push(reached("two workers process two reports", |_, world| {
        world.workers[0].report != world.workers[1].report
            && world.workers.iter().all(|worker| worker.at == At::Complete)
    }));
    all
}

#[test]
fn two_reports_survive_any_three_faults() {
    let setup = Setup { reports: 2, faults: 3, coarse: true, kinds: Fault::ALL, ..Setup::CALM };
    holds("two reports, three faults", setup, with_two_reports());
}

#[test]
fn two_reports_survive_any_two_faults_and_a_wish() {
    let setup = Setup { reports: 2, faults: 2, wishes: 1, kinds: Fault::ALL, ..Setup::CALM };
    holds("two reports, two faults, one wish", setup, with_two_reports());
}

proptest! {
    /// Justifies that the model moves deadlines closer instead of advancing the time.
    #[test]
    fn the_lifecycle_does_not_depend_on_absolute_time(
        status in proptest::sample::select(Status::ALL.to_vec()),
        (attempt, retries, token) in (0_u32..3, 0_u32..3, 0_u32..3),
        submitted in -40_000_i64..0,
        not_before in proptest::option::of(-200_i64..200),
        queued in proptest::option::of(-200_i64..200),
        lease in proptest::option::of(-200_i64..200),
        due in proptest::option::of(-200_i64..200),
        cancel_requested: bool,
        later in 0_i64..1_000_000_000,
    ) {
        let row = |now: i64| {
            let time = |seconds: i64| UtcTime::from_epoch_millis(now + seconds * 1000);
            Lifecycle {
                status,
                attempt,
                submitted_at: time(submitted),
                retries,
                not_before: not_before.map(time),
                queued_at: queued.map(time),
                lease: lease.map(|until| Lease { holder: "w".to_owned(), expires_at: time(until) }),
                cancel_requested,
                due_at: due.map(time),
            }
        };
        for command in every_command(token) {
            let at = |now: i64| apply(Some(&row(now)), &command, UtcTime::from_epoch_millis(now), &POLICY);
            let later_result = at(0).map(|early| Lifecycle {
                lease: early.lease.map(|lease| Lease { expires_at: shifted(lease.expires_at, later), ..lease }),
                due_at: early.due_at.map(|due| shifted(due, later)),
                not_before: early.not_before.map(|not_before| shifted(not_before, later)),
                queued_at: early.queued_at.map(|queued| shifted(queued, later)),
                submitted_at: shifted(early.submitted_at, later),
                ..early
            });
            prop_assert_eq!(later_result, at(later));
        }
    }
}

fn shifted(time: UtcTime, millis: i64) -> UtcTime {
    UtcTime::from_epoch_millis(time.epoch_millis() + millis)
}

fn every_command(attempt: u32) -> Vec<Command> {
    let delay = POLICY.pickup_grace;
    vec![
        Command::Submit,
        Command::Claim { holder: "x".to_owned() },
        Command::Renew { attempt },
        Command::Advance { attempt },
        Command::Complete { attempt },
        Command::RetryLater { attempt, delay },
        Command::RetryLater { attempt, delay: POLICY.queue_wait_max },
        Command::Release { attempt },
        Command::Fail { attempt },
        Command::Cancel,
        Command::RequestCancel,
        Command::HonourCancel { attempt },
        Command::Resubmit,
        Command::Wait { delay },
        Command::KeepQueued { grace: delay },
        Command::Redispatch,
        Command::GiveUp,
        Command::FailDeadLettered,
    ]
}
