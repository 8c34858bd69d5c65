//! The commands that change a report.

use std::time::Duration;

/// A request to change the lifecycle of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The API records a new report.
    Submit,
    /// A worker takes a report that is pending, or whose lease has expired.
    Claim {
        /// The name of the claim, unique for each one.
        holder: String,
    },
    /// The holder of `attempt` extends its lease.
    Renew {
        /// Fencing token of the claim.
        attempt: u32,
    },
    /// The holder of `attempt` begins the next stage.
    Advance {
        /// Fencing token of the claim.
        attempt: u32,
    },
    /// The holder of `attempt` has stored every artifact.
    Complete {
        /// Fencing token of the claim.
        attempt: u32,
    },
    /// The holder of `attempt` met a transient error, and another attempt is left.
    RetryLater {
        /// Fencing token of the claim.
        attempt: u32,
        /// Delay until the queue makes the message visible again.
        delay: Duration,
    },
    /// The holder of `attempt` returns the report because the model throttles or the worker drains, which are
    /// not failures of the report. Consumes no attempt.
    Release {
        /// Fencing token of the claim.
        attempt: u32,
        /// Delay until the queue makes the message visible again.
        delay: Duration,
    },
    /// The holder of `attempt` met a permanent error, or no attempt is left.
    Fail {
        /// Fencing token of the claim.
        attempt: u32,
    },
    /// A person cancels a report that no worker holds.
    Cancel,
    /// A person asks the worker that holds the report to cancel it.
    RequestCancel,
    /// The holder of `attempt` honours a requested cancellation.
    HonourCancel {
        /// Fencing token of the claim.
        attempt: u32,
    },
    /// A person restarts a failed or cancelled report.
    Resubmit,
    /// The sweeper postpones a due report, in order to send its message again.
    Redispatch,
    /// A worker or the sweeper fails a report whose last worker vanished when no attempt was left.
    GiveUp,
    /// A worker fails a report whose message it found in the dead-letter queue.
    FailDeadLettered,
}
