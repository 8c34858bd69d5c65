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
    /// Ended by a permanent error, or by a transient one after the deadline.
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
    /// When the report was last submitted or resubmitted. Its deadline is [`Policy::deadline`] later.
    pub submitted_at: UtcTime,
    /// Number of transient errors since then. The back-off grows with it.
    pub retries: u32,
    /// The time before which no worker may claim the report; `None` if any time is allowed.
    pub not_before: Option<UtcTime>,
    /// When the report's message was last known to exist: when it was sent, or received by the worker that
    /// claimed the report. `None` while the report waits outside the queue, until the sweeper sends its
    /// message at `due_at`, and after its end.
    pub queued_at: Option<UtcTime>,
    /// The lease, present exactly while PROCESSING.
    pub lease: Option<Lease>,
    /// Whether a person requested cancellation while a worker held the lease.
    pub cancel_requested: bool,
    /// When the report becomes due for the sweeper; `None` exactly in terminal states.
    pub due_at: Option<UtcTime>,
}

impl Lifecycle {
    /// Returns the time until which transient errors are retried.
    pub fn deadline(&self, policy: &Policy) -> UtcTime {
        self.submitted_at.plus(policy.deadline)
    }

    /// Returns whether the report waits outside the queue, without a message.
    pub fn waits_outside_queue(&self) -> bool {
        self.status == Status::Pending && self.queued_at.is_none()
    }
}

/// The limits and durations that the lifecycle follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long after the submission or resubmission of a report transient errors are retried.
    pub deadline: Duration,
    /// The longest time that a message is hidden in the queue until its report may be claimed. A report that
    /// waits longer waits outside the queue, because a message costs a receive each time it reappears, and SQS
    /// moves it to the dead-letter queue after too many.
    pub queue_wait_max: Duration,
    /// Duration of a lease from its claim or renewal.
    pub lease: Duration,
    /// How long a PENDING report may wait in the queue, or an expired lease may remain, before the sweeper
    /// checks whether its message was lost.
    pub pickup_grace: Duration,
    /// Number of attempts after which a report whose worker vanished waits before it is claimed again, so that
    /// a report that kills its workers does not do so every minute.
    pub immediate_takeovers: u32,
}

impl Policy {
    /// Returns whether a report that may not be claimed for `delay` keeps its message, hidden in the queue.
    pub fn waits_in_queue(&self, delay: Duration) -> bool {
        delay <= self.queue_wait_max
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(6 * 3600),
            queue_wait_max: Duration::from_secs(60),
            lease: Duration::from_secs(60),
            pickup_grace: Duration::from_secs(120),
            immediate_takeovers: 3,
        }
    }
}
