//! The state of the whole system: table, queue, bucket, and where each worker stands.

use std::hash::{Hash, Hasher};

use domain::{
    lifecycle::{Lifecycle, Status},
    time::UtcTime,
};

use crate::properties::Broken;

/// Journal entries of a report: its evidence, then the answers of the model.
pub(crate) const ENTRIES: usize = 3;

/// For each journal entry the attempt whose content it has; 0 for none.
pub(crate) type Entries = [u8; ENTRIES];

/// The time of every step. `plan` compares times with now and adds to it, nothing else, so that
/// passing time and moving all deadlines closer are the same; [`Cell::pass`] does the latter. Each
/// report has its own clock, which allows more than one clock for all would.
pub(crate) fn now() -> UtcTime {
    UtcTime::from_epoch_millis(1_000_000_000)
}

/// Everything that belongs to one report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    /// Its item in the table, changed by `lifecycle::apply` only.
    pub(crate) row: Option<Lifecycle>,
    /// Its messages that can be received. One that is late is one that is not received yet.
    pub(crate) visible: u8,
    /// One more than the generation of its newest dead letter; 0 for none.
    pub(crate) letter: u8,
    /// Sends that the API or the sweeper still owes after a write.
    pub(crate) to_send: u8,
    /// Its journal in the bucket.
    pub(crate) journal: Entries,
    /// Attempts whose artifacts are in the bucket, as bits.
    pub(crate) artifacts: u16,
    /// What COMPLETED lists: the attempt, and what its artifacts were made from.
    pub(crate) published: Option<(u8, Entries)>,
    /// Paid calls of the model, less those that an interruption between answer and journal excuses.
    pub(crate) calls: u8,
    /// Attempts since it was last submitted that ended in a transient error or without a word.
    pub(crate) troubles: u8,
    /// How often it was resubmitted.
    pub(crate) generation: u8,
    /// Whether a person was told that it will be cancelled.
    pub(crate) promised: bool,
}

/// The right to delete or hide a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Receipt {
    /// None, or used up.
    #[default]
    None,
    /// The newest: the message is invisible for as long.
    Fresh,
    /// The message became visible again, or was deleted by another receipt.
    Stale,
}

/// How an attempt that does not reach COMPLETED is to be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    RetryLater,
    Release,
    FailSpent,
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
    Gather,
    AdvanceToAssess,
    Ask,
    Journal,
    /// Asks for the lease before another turn with the model.
    Fence,
    AdvanceToRender,
    Put,
    Complete,
    /// Only in the seeded bug of that name.
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
            Self::AdvanceToAssess => 5,
            Self::Ask => 6,
            Self::Journal => 7,
            Self::Fence => 8,
            Self::AdvanceToRender => 9,
            Self::Put => 10,
            Self::Complete => 11,
            Self::EarlyDelete => 12,
            Self::Delete => 13,
            Self::Settle(settle) => 14 + settle as u64,
        }
    }

    /// Whether the pipeline and its heartbeat run.
    pub(crate) fn works(self) -> bool {
        (4..=12).contains(&self.number())
    }
}

/// Whether an attempt may have bought an answer that another bought too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Excuse {
    #[default]
    None,
    /// It lost its lease while it asked the model: one call is excused.
    Granted,
    /// That call was made.
    Used,
}

/// A worker with the one report that it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Worker {
    pub(crate) at: At,
    pub(crate) report: usize,
    pub(crate) receipt: Receipt,
    /// Makes the holder's name new for every claim.
    pub(crate) name: u8,
    /// The fencing token.
    pub(crate) attempt: u8,
    /// Whether another attempt was allowed when it claimed.
    pub(crate) more_attempts: bool,
    /// The turn with the model, from 1.
    pub(crate) turn: u8,
    /// What it works from.
    pub(crate) basis: Entries,
    pub(crate) excuse: Excuse,
    /// The report's generation when the message was received.
    pub(crate) generation: u8,
}

/// The state of the system.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct World {
    pub(crate) cells: [Cell; 2],
    pub(crate) workers: [Worker; 2],
    /// Faults that can still happen.
    pub(crate) faults: u8,
    /// Wishes that the person still has.
    pub(crate) wishes: u8,
    /// Properties of steps that did not hold.
    pub(crate) broken: Broken,
}

impl Cell {
    /// The report's status.
    pub(crate) fn status(&self) -> Option<Status> {
        self.row.as_ref().map(|row| row.status)
    }

    /// Whether the report has ended.
    pub(crate) fn is_terminal(&self) -> bool {
        self.status().is_some_and(Status::is_terminal)
    }

    /// Whether a lease is held that has not run out.
    pub(crate) fn lease_runs(&self) -> bool {
        self.row.as_ref().and_then(|row| row.lease.as_ref()).is_some_and(|lease| lease.expires_at >= now())
    }

    /// Whether the sweeper would find it.
    pub(crate) fn is_due(&self) -> bool {
        self.row.as_ref().and_then(|row| row.due_at).is_some_and(|due| due <= now())
    }

    /// Lets `millis` pass for this report. How long ago a deadline was makes no difference.
    pub(crate) fn pass(&mut self, millis: i64) {
        let Some(row) = &mut self.row else { return };
        let closer =
            |time: UtcTime, floor: i64| UtcTime::from_epoch_millis((time.epoch_millis() - millis).max(floor));
        if let Some(lease) = &mut row.lease {
            lease.expires_at = closer(lease.expires_at, now().epoch_millis() - 1);
        }
        row.due_at = row.due_at.map(|due| closer(due, now().epoch_millis()));
    }

    fn packed(&self) -> u128 {
        let mut bits = Bits::default();
        if let Some(row) = &self.row {
            bits.put(3, 1 + row.status as u64);
            bits.put(4, row.attempt.into());
            bits.put(4, row.attempts_allowed.into());
            bits.put(2, u64::from(row.lease.is_some()) + u64::from(self.lease_runs()));
            bits.put(1, row.cancel_requested.into());
            bits.put(2, u64::from(row.due_at.is_some()) + u64::from(self.is_due()));
        } else {
            bits.put(16, 0);
        }
        for count in [self.visible, self.letter, self.to_send, self.calls, self.troubles, self.generation] {
            bits.put(3, count.into());
        }
        bits.put(1, self.promised.into());
        bits.put(12, self.artifacts.into());
        bits.entries(self.journal);
        let (attempt, basis) = self.published.unwrap_or_default();
        bits.put(4, attempt.into());
        bits.entries(basis);
        bits.0
    }
}

impl World {
    /// The name that a worker claims under.
    pub(crate) fn holder(&self, worker: usize) -> String {
        format!("{worker}/{}", self.workers[worker].name)
    }

    /// Whether the lease of its report bears this worker's name.
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
        bits.put(1, worker.more_attempts.into());
        bits.put(2, worker.turn.into());
        bits.put(2, worker.excuse as u64);
        bits.put(3, worker.generation.into());
        bits.entries(worker.basis);
        bits.0
    }

    /// The state up to an exchange of the workers, of the reports, and of the holder's name, which
    /// matters only to a worker that waits for the answer to its claim.
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

    /// A number for this state and all that differ from it in names only.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// The checker tells states apart by their hash: states that differ in names only are one.
impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for part in self.canonical() {
            state.write_u128(part);
        }
        let rest = [u64::from(self.faults), self.wishes.into(), self.broken.bits().into()];
        state.write_u64(rest[0] | rest[1] << 8 | rest[2] << 16);
    }
}

#[derive(Default)]
struct Bits(u128);

impl Bits {
    fn put(&mut self, width: u32, value: u64) {
        assert!(value < 1 << width, "{value} does not fit into {width} bits: two states would become one");
        self.0 = self.0 << width | u128::from(value);
    }

    fn entries(&mut self, entries: Entries) {
        for entry in entries {
            self.put(4, entry.into());
        }
    }
}
