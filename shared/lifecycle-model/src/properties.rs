//! The invariants of the lifecycle (docs: section "Lifecycle" of the design) as properties of states.
//!
//! Not covered: the rejection of another body under an idempotency key (invariant 8), because the lifecycle
//! does not know bodies. Instead of its checksum, stored content is identified by the attempt that wrote it
//! (invariant 4).

use domain::lifecycle::{Command, Status, plan};
use stateright::Property;

use crate::{
    model::{System, Verdict, explore},
    setup::{POLICY, Setup},
    violations::Violation,
    world::{At, World, now},
};

/// Invariant 2.
pub(crate) const TERMINAL: &str = "a terminal state changes only by resubmit";
/// Invariant 3.
pub(crate) const FENCED: &str = "a worker without the current lease changes nothing";
/// The condition of a claim.
pub(crate) const ONE_LEASE: &str = "no report is claimed under an unexpired lease";
/// Invariant 4.
pub(crate) const ARTIFACTS: &str = "the artifacts of a COMPLETED report are in the bucket";
/// Completed stages are kept.
pub(crate) const JOURNALLED: &str = "a report is made from the content of its journal";
/// Invariant 5.
pub(crate) const CALLS: &str =
    "an answer is paid for again only after an interruption before its journal entry";
/// Invariant 6.
pub(crate) const DELETED: &str =
    "a message is deleted only after a terminal state or another look at the report is recorded";
/// Invariant 7.
pub(crate) const DEADLINE: &str = "before its deadline a report fails only by a permanent error";
/// Invariant 7, for dead letters of earlier submissions.
pub(crate) const DEAD_LETTERS: &str = "a dead letter fails only the submission that it belongs to";
/// The condition of cancel.
pub(crate) const CANCEL: &str = "a report with a promised cancellation ends as CANCELLED";
/// The condition of `RetryLater`.
pub(crate) const RETRIED: &str = "no report is retried after its deadline";
/// The condition of a claim after a wait.
pub(crate) const WAITED: &str = "no report is claimed before its wait is over";
/// The sweeper's part in the waiting.
pub(crate) const SENT: &str = "no message is sent again while it waits in the queue";
/// Invariant 8, as far as the lifecycle decides it.
pub(crate) const ONCE: &str = "an existing report is not submitted again";
/// The basis of invariant 1.
pub(crate) const DUE: &str = "exactly the open reports have a due time";

/// Explores every state of `setup`, and checks all properties and that all `witnesses` are reached.
pub(crate) fn check(name: &str, setup: Setup, witnesses: Vec<Property<System>>) -> Verdict {
    explore(name, setup, [safety(), witnesses].concat())
}

/// Returns every property except [`ENDS`](crate::liveness::ENDS), which is decided on the graph of all
/// states.
fn safety() -> Vec<Property<System>> {
    vec![
        Property::always(TERMINAL, |_, world: &World| world.violations.lacks(Violation::TerminalChanged)),
        Property::always(FENCED, |_, world: &World| world.violations.lacks(Violation::WrittenWithoutLease)),
        Property::always(ONE_LEASE, |_, world: &World| world.violations.lacks(Violation::ClaimedUnderLease)),
        Property::always(DELETED, |_, world: &World| world.violations.lacks(Violation::OpenReportDeleted)),
        Property::always(CANCEL, |_, world: &World| world.violations.lacks(Violation::CancelIgnored)),
        Property::always(DEADLINE, |_, world: &World| world.violations.lacks(Violation::FailedEarly)),
        Property::always(RETRIED, |_, world: &World| world.violations.lacks(Violation::RetriedLate)),
        Property::always(WAITED, |_, world: &World| world.violations.lacks(Violation::ClaimedDuringWait)),
        Property::always(SENT, |_, world: &World| world.violations.lacks(Violation::SentTwice)),
        Property::always(DEAD_LETTERS, |_, world: &World| {
            world.violations.lacks(Violation::OldDeadLetterUsed)
        }),
        Property::always(ARTIFACTS, artifacts_exist),
        Property::always(JOURNALLED, is_journalled),
        Property::always(CALLS, |system: &System, world: &World| {
            world.cells.iter().all(|cell| cell.calls <= system.setup.turns)
        }),
        Property::always(ONCE, |_, world: &World| {
            let (guard, _) = plan(&Command::Submit, now(), &POLICY);
            world.cells.iter().all(|cell| guard.holds(cell.row.as_ref()) == cell.row.is_none())
        }),
        Property::always(DUE, |_, world: &World| {
            let mut rows = world.cells.iter().filter_map(|cell| cell.row.as_ref());
            rows.all(|row| row.due_at.is_some() != row.status.is_terminal())
        }),
    ]
}

/// Returns a witness: a state that the exploration must reach, so that the properties are not vacuously true.
pub(crate) fn reached(name: &'static str, condition: fn(&System, &World) -> bool) -> Property<System> {
    Property::sometimes(name, condition)
}

fn artifacts_exist(_: &System, world: &World) -> bool {
    world
        .cells
        .iter()
        .filter(|cell| cell.status() == Some(Status::Completed))
        .all(|cell| cell.published.is_some_and(|(attempt, _)| cell.artifacts & (1 << attempt) != 0))
}

/// Returns whether the journal has the content that is published, and that workers use after the model has
/// answered.
fn is_journalled(_: &System, world: &World) -> bool {
    let published =
        world.cells.iter().all(|cell| cell.published.is_none_or(|(_, basis)| basis == cell.journal));
    let in_use = world.workers.iter().all(|worker| {
        !matches!(worker.at, At::Put | At::Complete) || worker.basis == world.cells[worker.report].journal
    });
    published && in_use
}
