//! The conditions of transitions, as data.

use super::state::{Lifecycle, Status};
use crate::time::UtcTime;

/// The condition for a command, as data: evaluated by [`Guard::holds`], and compiled into a condition by the
/// table adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The report does not exist.
    Absent,
    /// The report has this status.
    Is(Status),
    /// The newest claim of the report has this attempt number.
    AttemptIs(u32),
    /// The newest claim of the report has a smaller attempt number.
    AttemptBelow(u32),
    /// The report was submitted at or before this time (`true`), or after it (`false`).
    SubmittedBy(UtcTime, bool),
    /// A worker may claim the report at this time.
    MayStart(UtcTime),
    /// The lease expired before this time.
    LeaseExpired(UtcTime),
    /// The report is due for the sweeper at this time.
    Due(UtcTime),
    /// A cancellation is pending (`true`), or none is (`false`).
    CancelRequested(bool),
    /// All of these hold.
    All(Vec<Guard>),
    /// At least one of these holds.
    Any(Vec<Guard>),
}

impl Guard {
    /// Returns whether the guard holds for `current`, which is `None` if the report does not exist.
    pub fn holds(&self, current: Option<&Lifecycle>) -> bool {
        let Some(report) = current else {
            return match self {
                Self::Absent => true,
                Self::All(guards) => guards.iter().all(|guard| guard.holds(None)),
                Self::Any(guards) => guards.iter().any(|guard| guard.holds(None)),
                _ => false,
            };
        };
        match self {
            Self::Absent => false,
            Self::Is(status) => report.status == *status,
            Self::AttemptIs(attempt) => report.attempt == *attempt,
            Self::AttemptBelow(attempt) => report.attempt < *attempt,
            Self::SubmittedBy(time, by) => (report.submitted_at <= *time) == *by,
            Self::MayStart(time) => report.not_before.is_none_or(|not_before| not_before <= *time),
            Self::LeaseExpired(time) => report.lease.as_ref().is_some_and(|lease| lease.expires_at < *time),
            Self::Due(time) => report.due_at.is_some_and(|due| due <= *time),
            Self::CancelRequested(requested) => report.cancel_requested == *requested,
            Self::All(guards) => guards.iter().all(|guard| guard.holds(current)),
            Self::Any(guards) => guards.iter().any(|guard| guard.holds(current)),
        }
    }
}
