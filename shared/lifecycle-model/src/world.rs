//! The state of the system: table, queue, bucket, and the position of each worker.

use std::hash::{Hash, Hasher};

use domain::{
    lifecycle::{Lifecycle, Status},
    time::UtcTime,
};

use crate::{setup::POLICY, violations::Violations};

/// Number of journal entries of a report: its evidence, then the model's answers.
pub(crate) const ENTRIES: usize = 3;

/// For each journal entry, the attempt that wrote it; 0 for none.
pub(crate) type Entries = [u8; ENTRIES];

/// Returns the time of every step. `plan` only compares times with the current time and adds to it, so the
/// passage of time is equivalent to moving all deadlines closer, which [`Cell::pass`] does. Each report has
/// its own clock, which allows more behaviours than one common clock.
pub(crate) fn now() -> UtcTime {
    UtcTime::from_epoch_millis(1_000_000_000)
}

/// The state of one report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    /// The item in the table, which only `lifecycle::apply` changes.
    pub(crate) row: Option<Lifecycle>,
    /// Number of visible messages. A late message is a visible one that is not received yet.
    pub(crate) visible: u8,
    /// The generation of the newest dead letter plus 1; 0 for none.
    pub(crate) dead_letter: u8,
    /// Number of messages that the API or the sweeper has yet to send after a write.
    pub(crate) to_send: u8,
    /// The journal in the bucket.
    pub(crate) journal: Entries,
    /// The attempts whose artifacts are in the bucket, as bits.
    pub(crate) artifacts: u16,
    /// The published attempt, and the journal entries that its artifacts were made from.
    pub(crate) published: Option<(u8, Entries)>,
    /// Number of paid model calls, without those excused by an interruption between answer and journal.
    pub(crate) calls: u8,
    /// Whether the report failed because its workers vanished.
    pub(crate) given_up: bool,
    /// Number of resubmissions.
    pub(crate) generation: u8,
    /// Whether a cancellation was promised to a person.
    pub(crate) cancel_promised: bool,
}

/// A receipt handle: the right to delete a message or change its visibility.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Receipt {
    /// None, or used.
    #[default]
    None,
    /// The newest one; the message is invisible.
    Fresh,
    /// Outdated: the message became visible again, or was deleted with another receipt.
    Stale,
}

/// How an attempt that does not reach COMPLETED ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    RetryLater,
    Release,
    FailAfterDeadline,
    FailPermanent,
    HonourCancel,
}

/// A worker's next step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum At {
    #[default]
    Idle,
    Dead,
    Claim,
    GiveUp,
    /// Lets the report wait, because its tenant is at its limit or its workers keep vanishing.
    Wait,
    Gather,
    /// Looks for an answer of an earlier attempt.
    Ask,
    /// Records under the lease that a call of the model follows.
    Fence,
    Call,
    Journal,
    Put,
    Complete,
    /// Only with the seeded bug `DeleteBeforeWrite`.
    EarlyDelete,
    Settle(Settle),
    Delete,
}

impl At {
    fn number(self) -> u64 {
        match self {
            Self::Idle => 0,
            Self::Dead => 1,
            Self::Claim => 2,
            Self::GiveUp => 3,
            Self::Gather => 4,
            Self::Ask => 5,
            Self::Fence => 6,
            Self::Call => 7,
            Self::Journal => 8,
            Self::Put => 9,
            Self::Complete => 10,
            Self::EarlyDelete => 11,
            Self::Delete => 12,
            Self::Wait => 13,
            Self::Settle(settle) => 14 + settle as u64,
        }
    }

    /// Returns whether the pipeline and its heartbeat run.
    pub(crate) fn works(self) -> bool {
        matches!(self.number(), 4..=11)
    }
}

/// Whether an attempt may have paid for an answer that another attempt paid for as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Excuse {
    #[default]
    None,
    /// It lost its lease during a model call: one call is excused.
    Granted,
    /// The excused call was made.
    Used,
}

/// A worker and the report that it processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Worker {
    pub(crate) at: At,
    pub(crate) report: usize,
    pub(crate) receipt: Receipt,
    /// Makes the name of every claim unique.
    pub(crate) name: u8,
    /// The fencing token.
    pub(crate) attempt: u8,
    /// The turn with the model, from 1.
    pub(crate) turn: u8,
    /// The journal entries that it uses.
    pub(crate) basis: Entries,
    pub(crate) excuse: Excuse,
    /// Whether the table has promised another look at the report since the worker received its message.
    pub(crate) promised: bool,
    /// The generation of the report at the time of the receive.
    pub(crate) generation: u8,
}

/// The state of the system.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct World {
    pub(crate) cells: [Cell; 2],
    pub(crate) workers: [Worker; 2],
    /// Faults that can still happen.
    pub(crate) faults: u8,
    /// Requests of people that can still happen.
    pub(crate) wishes: u8,
    /// The violations that happened.
    pub(crate) violations: Violations,
}

impl Cell {
    /// Returns the status of the report.
    pub(crate) fn status(&self) -> Option<Status> {
        self.row.as_ref().map(|row| row.status)
    }

    /// Returns whether the report has ended.
    pub(crate) fn is_terminal(&self) -> bool {
        self.status().is_some_and(Status::is_terminal)
    }

    /// Returns whether the report has an unexpired lease.
    pub(crate) fn lease_unexpired(&self) -> bool {
        self.row.as_ref().and_then(|row| row.lease.as_ref()).is_some_and(|lease| lease.expires_at >= now())
    }

    /// Returns whether the sweeper would find the report.
    pub(crate) fn is_due(&self) -> bool {
        self.row.as_ref().and_then(|row| row.due_at).is_some_and(|due| due <= now())
    }

    /// Returns whether no worker may claim the report yet.
    pub(crate) fn must_wait(&self) -> bool {
        self.row.as_ref().and_then(|row| row.not_before).is_some_and(|not_before| not_before > now())
    }

    /// Returns whether the report waits outside the queue.
    pub(crate) fn waits_outside_queue(&self) -> bool {
        self.row.as_ref().is_some_and(Lifecycle::waits_outside_queue)
    }

    /// Returns whether the deadline has passed.
    pub(crate) fn deadline_passed(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.deadline(&POLICY) <= now())
    }

    /// Lets the deadline pass. It is far longer than every other duration, so that no sum of those reaches it:
    /// it passes only here.
    pub(crate) fn pass_deadline(&mut self) {
        if let Some(row) = &mut self.row {
            row.submitted_at = now().minus(POLICY.deadline);
        }
    }

    /// Lets `millis` pass for this report. How long ago a point in time passed makes no difference.
    pub(crate) fn pass(&mut self, millis: i64) {
        let Some(row) = &mut self.row else { return };
        let closer =
            |time: UtcTime, floor: i64| UtcTime::from_epoch_millis((time.epoch_millis() - millis).max(floor));
        if let Some(lease) = &mut row.lease {
            lease.expires_at = closer(lease.expires_at, now().epoch_millis() - 1);
        }
        let passed = now().epoch_millis();
        row.due_at = row.due_at.map(|due| closer(due, passed));
        row.not_before = row.not_before.map(|not_before| closer(not_before, passed));
    }

    fn packed(&self) -> u128 {
        let mut bits = Bits::default();
        if let Some(row) = &self.row {
            // Zero stands for no row.
            let status = Status::ALL.iter().position(|status| *status == row.status);
            bits.put(3, 1 + status.map_or(0, |position| position as u64));
            bits.put(4, row.attempt.into());
            bits.put(2, u64::from(row.lease.is_some()) + u64::from(self.lease_unexpired()));
            bits.put(1, row.cancel_requested.into());
            bits.put(2, u64::from(row.due_at.is_some()) + u64::from(self.is_due()));
            bits.put(1, self.must_wait().into());
            bits.put(1, row.queued_at.is_some().into());
            bits.put(1, self.deadline_passed().into());
        } else {
            bits.put(15, 0);
        }
        for count in [self.visible, self.dead_letter, self.to_send, self.calls, self.generation] {
            bits.put(3, count.into());
        }
        bits.put(1, self.given_up.into());
        bits.put(1, self.cancel_promised.into());
        bits.put(12, self.artifacts.into());
        bits.entries(self.journal);
        let (attempt, basis) = self.published.unwrap_or_default();
        bits.put(4, attempt.into());
        bits.entries(basis);
        bits.0
    }
}

impl World {
    /// Returns the name of a worker's claim.
    pub(crate) fn holder(&self, worker: usize) -> String {
        format!("{worker}/{}", self.workers[worker].name)
    }

    /// Returns whether the lease of its report has the name of this worker's claim.
    pub(crate) fn is_holder(&self, worker: usize) -> bool {
        let row = self.cells[self.workers[worker].report].row.as_ref();
        row.and_then(|row| row.lease.as_ref()).is_some_and(|lease| lease.holder == self.holder(worker))
    }

    fn packed_worker(&self, index: usize, swapped: bool) -> u128 {
        let worker = &self.workers[index];
        let mut bits = Bits::default();
        bits.put(5, worker.at.number());
        let holds = !matches!(worker.at, At::Idle | At::Dead);
        bits.put(1, u64::from(holds) & (worker.report as u64 ^ u64::from(swapped)));
        bits.put(2, worker.receipt as u64);
        bits.put(4, worker.name.into());
        bits.put(1, (worker.at == At::Claim && self.is_holder(index)).into());
        bits.put(4, worker.attempt.into());
        bits.put(2, worker.turn.into());
        bits.put(2, worker.excuse as u64);
        bits.put(1, worker.promised.into());
        bits.put(3, worker.generation.into());
        bits.entries(worker.basis);
        bits.0
    }

    /// Returns the state in a form that does not depend on the order of workers and reports, nor on the
    /// holder's name, which matters only to a worker that waits for the answer to its claim.
    fn canonical(&self) -> [u128; 4] {
        let view = |swapped: bool| {
            let mut workers = [self.packed_worker(0, swapped), self.packed_worker(1, swapped)];
            workers.sort_unstable();
            let mut cells = [self.cells[0].packed(), self.cells[1].packed()];
            if swapped {
                cells.reverse();
            }
            [cells[0], cells[1], workers[0], workers[1]]
        };
        if self.cells[1].row.is_none() { view(false) } else { view(false).min(view(true)) }
    }

    /// Returns the same number for all states that differ only in names.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// The checker distinguishes states by their hash, so states that differ only in names count as one.
impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for part in self.canonical() {
            state.write_u128(part);
        }
        let rest = [u64::from(self.faults), self.wishes.into(), self.violations.bits().into()];
        state.write_u64(rest[0] | rest[1] << 8 | rest[2] << 16);
    }
}

#[derive(Default)]
struct Bits(u128);

impl Bits {
    fn put(&mut self, width: u32, value: u64) {
        assert!(
            value < 1 << width,
            "{value} does not fit into {width} bits: different states would have one fingerprint"
        );
        self.0 = self.0 << width | u128::from(value);
    }

    fn entries(&mut self, entries: Entries) {
        for entry in entries {
            self.put(4, entry.into());
        }
    }
}
