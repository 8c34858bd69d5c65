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
    /// The holder of `attempt` met a transient error before the deadline. The report waits for `delay`: in the
    /// queue if that is short enough, or else outside it.
    RetryLater {
        /// Fencing token of the claim.
        attempt: u32,
        /// How long no worker may claim the report.
        delay: Duration,
    },
    /// The holder of `attempt` returns the report because the worker drains. Any worker may claim it at once.
    Release {
        /// Fencing token of the claim.
        attempt: u32,
    },
    /// The holder of `attempt` met a permanent error, or a transient one after the deadline.
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
    /// A report that no worker holds waits for `delay`, as after [`RetryLater`](Self::RetryLater): its tenant is
    /// at its limit, its workers keep vanishing, or its message was lost.
    Wait {
        /// How long no worker may claim the report.
        delay: Duration,
    },
    /// The sweeper postpones a due report whose message probably still waits in the queue.
    KeepQueued {
        /// Time until the sweeper checks again.
        grace: Duration,
    },
    /// The sweeper postpones a due report, in order to send its message.
    Redispatch,
    /// A worker or the sweeper fails a report after its deadline, because its last worker vanished.
    GiveUp,
    /// A worker fails a report after its deadline, whose message it found in the dead-letter queue.
    FailDeadLettered,
}
