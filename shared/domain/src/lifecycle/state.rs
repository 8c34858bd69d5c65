//! The state of a report's lifecycle, and the policy that its transitions follow.

use std::{fmt, time::Duration};

use crate::{
    time::UtcTime,
    unknown::{UnknownName, serialized_by_name},
};

/// The status of a report. COMPLETED, FAILED and CANCELLED are terminal: only `resubmit` leaves FAILED and
/// CANCELLED, and nothing leaves COMPLETED.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Accepted; waits for a worker.
    Pending,
    /// A worker holds the lease.
    Processing,
    /// Finished; every artifact is stored.
    Completed,
    /// Ended by a permanent error, or by a transient one after the last attempt.
    Failed,
    /// Cancelled by a person.
    Cancelled,
    /// A status that only a later version knows. No command of this version applies to it.
    Unknown(UnknownName),
}

serialized_by_name!(
    Status,
    "The status of a report. The last three are terminal: only `resubmit` leaves FAILED and CANCELLED, and\nnothing leaves COMPLETED."
);

impl Status {
    /// Every status of this version.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Processing, Self::Completed, Self::Failed, Self::Cancelled];

    /// Returns whether the report has ended.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Returns the name used in the table, the API and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Unknown(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A worker's exclusive right to process a report until `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The name of the claim, unique for each one. It identifies the worker to people and lets a worker
    /// recognise its own claim; the fencing token is the attempt number.
    pub holder: String,
    /// The time from which any worker may claim the report.
    pub expires_at: UtcTime,
}

/// The part of a report that decides which transitions are allowed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lifecycle {
    /// The status of the report.
    pub status: Status,
    /// The number of claims so far, which is the fencing token of the newest claim. It never decreases.
    pub attempt: u32,
    /// The attempt number up to which transient errors are retried.
    pub attempts_allowed: u32,
    /// The lease, present exactly while PROCESSING.
    pub lease: Option<Lease>,
    /// Whether a person requested cancellation while a worker held the lease.
    pub cancel_requested: bool,
    /// When the report becomes due for the sweeper; `None` exactly in terminal states.
    pub due_at: Option<UtcTime>,
}

/// The limits and durations that the lifecycle follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Number of attempts that a submission allows.
    pub attempts: u32,
    /// Duration of a lease from its claim or renewal.
    pub lease: Duration,
    /// How long a PENDING report may wait in the queue, or an expired lease may remain, before the sweeper
    /// sends the message again.
    pub pickup_grace: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { attempts: 3, lease: Duration::from_secs(60), pickup_grace: Duration::from_secs(120) }
    }
}
