//! Model checking of the lifecycle: every state that crashes, lost, repeated and late messages,
//! expired leases and a person's wishes can bring about, for two workers.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and tells what it saw"
)]

mod environment;
mod liveness;
mod model;
mod properties;
mod seeded;
mod setup;
mod table;
mod worker;
mod world;

use domain::{
    lifecycle::{Command, Lease, Lifecycle, Status, apply},
    time::UtcTime,
};
use proptest::prelude::*;
use stateright::Property;

use crate::{
    model::{System, explore},
    properties::{is_current, reached},
    setup::{Fault, POLICY, Setup},
    world::{At, World},
};

/// States without which a run would prove little.
fn witnesses() -> Vec<Property<System>> {
    vec![
        reached("a report completes", |_, world| ended(world, Status::Completed)),
        reached("a report fails", |_, world| ended(world, Status::Failed)),
        reached("a report is given up because its workers vanished", |_, world| {
            world.cells.iter().any(|cell| cell.troubles > 1 && cell.status() == Some(Status::Failed))
        }),
        reached("a worker works on after it lost its lease", |_, world| {
            world.workers.iter().any(|worker| {
                let row = world.cells[worker.report].row.as_ref();
                worker.at == At::Complete && row.is_some_and(|row| !is_current(row, worker.attempt))
            })
        }),
    ]
}

fn with_person() -> Vec<Property<System>> {
    let mut all = witnesses();
    all.extend([
        reached("a cancel is promised", |_, world| world.cells.iter().any(|cell| cell.promised)),
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
    let verdict = explore(name, setup, witnesses);
    assert!(verdict.broken.is_empty(), "{name}: {:#?}", verdict.broken);
    assert!(verdict.unreached.is_empty(), "{name}: never reached: {:?}", verdict.unreached);
}

#[test]
fn one_report_survives_any_four_faults() {
    let setup = Setup { turns: 2, faults: 4, kinds: Fault::ALL, ..Setup::CALM };
    holds("one report, two answers, four faults", setup, witnesses());
}

#[test]
fn one_report_survives_any_two_faults_among_three_wishes() {
    let setup = Setup { faults: 2, wishes: 3, kinds: Fault::ALL, ..Setup::CALM };
    holds("one report, two faults, three wishes", setup, with_person());
}

/// With each of two workers at a report of its own.
fn with_two_reports() -> Vec<Property<System>> {
    let mut all = witnesses();
    all.push(reached("two workers are at two reports", |_, world| {
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
    /// The ground on which the model lets time pass by moving deadlines.
    #[test]
    fn the_lifecycle_is_the_same_at_every_time(
        status in proptest::sample::select(Status::ALL.to_vec()),
        (attempt, attempts_allowed, token) in (0_u32..3, 0_u32..3, 0_u32..3),
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
                attempts_allowed,
                lease: lease.map(|until| Lease { holder: "w".to_owned(), expires_at: time(until) }),
                cancel_requested,
                due_at: due.map(time),
            }
        };
        for command in every_command(token) {
            let at = |now: i64| apply(Some(&row(now)), &command, UtcTime::from_epoch_millis(now), &POLICY);
            let moved = at(0).map(|early| Lifecycle {
                lease: early.lease.map(|lease| Lease { expires_at: moved(lease.expires_at, later), ..lease }),
                due_at: early.due_at.map(|due| moved(due, later)),
                ..early
            });
            prop_assert_eq!(moved, at(later));
        }
    }
}

fn moved(time: UtcTime, millis: i64) -> UtcTime {
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
        Command::Release { attempt, delay },
        Command::Fail { attempt },
        Command::Cancel,
        Command::RequestCancel,
        Command::HonourCancel { attempt },
        Command::Resubmit,
        Command::Redispatch,
        Command::GiveUp,
        Command::Bury,
    ]
}
