//! What must hold: the invariants of the lifecycle as properties of states, and of steps whose
//! breach is noted in the state.
//!
//! What is not here: that a key used with another body is refused (invariant 8); the lifecycle does
//! not know bodies. Checksums (invariant 4) are told by which attempt wrote what.

use domain::lifecycle::{Command, Lifecycle, Status, plan};
use stateright::Property;

use crate::{
    model::System,
    setup::POLICY,
    world::{At, World, now},
};

/// Invariant 1, decided on the graph of all states: see `liveness`.
pub(crate) const ENDS: &str = "every report ends";
/// Invariant 2.
pub(crate) const TERMINAL: &str = "a terminal state changes only by resubmit";
/// Invariant 3.
pub(crate) const FENCED: &str = "a worker without the current lease changes nothing";
/// The claim's condition.
pub(crate) const ONE_LEASE: &str = "nobody claims a report whose lease runs";
/// Invariant 4.
pub(crate) const ARTIFACTS: &str = "what COMPLETED lists is in the bucket";
/// Finished stages are kept.
pub(crate) const JOURNALLED: &str = "what a report is made from is what its journal has";
/// Invariant 5.
pub(crate) const CALLS: &str =
    "an answer is bought again only after an interruption before its journal entry";
/// Invariant 6.
pub(crate) const DELETED: &str = "a message is deleted only after a terminal state is durable";
/// Invariant 7, together with [`ENDS`].
pub(crate) const LETTERS: &str = "a dead letter fails only the submission that it was sent for";
/// The condition of cancel.
pub(crate) const CANCEL: &str = "a promised cancel ends in CANCELLED";
/// The conditions of retry later and release.
pub(crate) const ATTEMPTS: &str = "a report is given up exactly when its attempts failed";
/// Invariant 8, as far as the lifecycle decides it.
pub(crate) const ONCE: &str = "a report that exists is not submitted again";
/// What invariant 1 stands on.
pub(crate) const DUE: &str = "the sweeper knows every open report, and no other";

/// A step that must not happen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    TerminalChanged,
    WrittenWithoutLease,
    ClaimedUnderLease,
    DeletedOpen,
    CancelBroken,
    AttemptsMiscounted,
    OldLetterUsed,
}

/// The steps that happened and must not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Broken(u16);

impl Broken {
    pub(crate) fn note(&mut self, step: Step) {
        self.0 |= 1 << step as u16;
    }

    pub(crate) fn bits(self) -> u16 {
        self.0
    }

    fn without(self, step: Step) -> bool {
        self.0 & (1 << step as u16) == 0
    }
}

/// Whether `attempt` is the newest claim and not over.
pub(crate) fn is_current(row: &Lifecycle, attempt: u8) -> bool {
    row.status == Status::Processing && row.attempt == u32::from(attempt)
}

/// Every property but [`ENDS`], and that the states which make them worth something are reached.
pub(crate) fn safety() -> Vec<Property<System>> {
    vec![
        Property::always(TERMINAL, |_, world: &World| world.broken.without(Step::TerminalChanged)),
        Property::always(FENCED, |_, world: &World| world.broken.without(Step::WrittenWithoutLease)),
        Property::always(ONE_LEASE, |_, world: &World| world.broken.without(Step::ClaimedUnderLease)),
        Property::always(DELETED, |_, world: &World| world.broken.without(Step::DeletedOpen)),
        Property::always(CANCEL, |_, world: &World| world.broken.without(Step::CancelBroken)),
        Property::always(ATTEMPTS, |_, world: &World| world.broken.without(Step::AttemptsMiscounted)),
        Property::always(LETTERS, |_, world: &World| world.broken.without(Step::OldLetterUsed)),
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

/// States that a run must reach, so that the properties are not true of nothing.
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

/// Holds for what is published, and for whatever a worker has made its own after the model spoke.
fn is_journalled(_: &System, world: &World) -> bool {
    let published =
        world.cells.iter().all(|cell| cell.published.is_none_or(|(_, basis)| basis == cell.journal));
    let in_use = world.workers.iter().all(|worker| {
        !matches!(worker.at, At::AdvanceToRender | At::Put | At::Complete)
            || worker.basis == world.cells[worker.report].journal
    });
    published && in_use
}
