//! Steps that must not happen. They are recorded in the state, so that properties of steps become properties
//! of states.

use domain::lifecycle::{Lifecycle, Status};

/// A step that must not happen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Violation {
    TerminalChanged,
    WrittenWithoutLease,
    ClaimedUnderLease,
    OpenReportDeleted,
    CancelIgnored,
    FailedEarly,
    RetriedLate,
    ClaimedDuringWait,
    SentTwice,
    OldDeadLetterUsed,
}

/// The violations that happened, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Violations(u16);

impl Violations {
    /// Records a violation.
    pub(crate) fn record(&mut self, violation: Violation) {
        self.0 |= 1 << violation as u16;
    }

    /// Returns the bits, for fingerprints.
    pub(crate) fn bits(self) -> u16 {
        self.0
    }

    /// Returns whether `violation` did not happen.
    pub(crate) fn lacks(self, violation: Violation) -> bool {
        self.0 & (1 << violation as u16) == 0
    }
}

/// Returns whether `attempt` is the newest claim and still processing.
pub(crate) fn is_current(row: &Lifecycle, attempt: u8) -> bool {
    row.status == Status::Processing && row.attempt == u32::from(attempt)
}
