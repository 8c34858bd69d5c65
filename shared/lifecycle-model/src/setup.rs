//! The configuration of one exploration: its size, its faults and its seeded bug.

use std::time::Duration;

use domain::lifecycle::Policy;

/// A fault of the environment. Each occurrence uses up one of [`Setup::faults`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The API or the sweeper dies between the write and the send, or the queue rejects the message.
    SendFails,
    /// A message is lost.
    Lost,
    /// A message is moved to the dead-letter queue after too many receives.
    DeadLettered,
    /// A message is delivered again.
    Repeated,
    /// A message waits so long that its report becomes due for the sweeper.
    Backlog,
    /// The visibility timeout of a message ends while its receiver still works.
    VisibilityEnds,
    /// A worker dies and is restarted.
    Crash,
    /// A worker dies and is not restarted; the last worker is spared.
    Death,
    /// A lease expires while its worker continues: it was suspended, or could not renew the lease.
    LeaseRunsOut,
    /// A step fails with a transient error.
    Transient,
    /// The tenant is at its limit of reports in progress.
    TenantLimit,
    /// The deadline of a report passes.
    DeadlinePasses,
    /// A step fails with a permanent error.
    Permanent,
    /// The worker drains and releases its report.
    Drain,
    /// A write is applied but its answer is lost; the adapter retries it.
    AnswerLostRetried,
    /// A write is applied but none of its tries is answered.
    AnswerLost,
}

impl Fault {
    /// Every fault.
    pub(crate) const ALL: &'static [Self] = &[
        Self::SendFails,
        Self::Lost,
        Self::DeadLettered,
        Self::Repeated,
        Self::Backlog,
        Self::VisibilityEnds,
        Self::Crash,
        Self::Death,
        Self::LeaseRunsOut,
        Self::Transient,
        Self::TenantLimit,
        Self::DeadlinePasses,
        Self::Permanent,
        Self::Drain,
        Self::AnswerLostRetried,
        Self::AnswerLost,
    ];
}

/// A bug seeded on purpose, which a property must detect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The table does not compare the fencing token.
    NoFencing,
    /// The worker deletes the message, then writes COMPLETED.
    DeleteBeforeWrite,
    /// The worker writes COMPLETED, then stores the artifacts.
    CompleteBeforeArtifacts,
    /// The table allows a claim under an unexpired lease.
    ClaimUnderLease,
    /// A transient error fails a report before its deadline.
    TransientFails,
    /// The table allows another retry after the deadline.
    RetriedWithoutEnd,
    /// The table allows a claim before the wait of a report is over.
    ClaimDuringWait,
    /// The worker deletes the message of a report whose tenant is at its limit, and records no wait.
    WaitUnrecorded,
    /// The sweeper sends the message of a due report again, although it waits in the queue.
    SweeperFloods,
    /// A dead letter fails its report before the deadline.
    DeadLetterFailsEarly,
    /// The model's answer is journalled at the end instead of before its use.
    JournalAfterUse,
    /// The last writer of a journal entry wins.
    JournalOverwrites,
    /// The lease is not verified before the second turn with the model.
    UnfencedTurns,
    /// A dead letter fails its report again after a resubmission.
    OldDeadLetterFails,
    /// A worker completes a report whose cancellation was promised.
    CancelIgnored,
}

/// The configuration of one exploration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// Number of reports, one or two.
    pub(crate) reports: usize,
    /// Number of model answers that a report needs, one or two.
    pub(crate) turns: u8,
    /// Maximum number of faults in one run, of any of `kinds`, in any order.
    pub(crate) faults: u8,
    /// The faults that can happen.
    pub(crate) kinds: &'static [Fault],
    /// How often a person cancels or resubmits.
    pub(crate) wishes: u8,
    /// Whether the sweeper runs.
    pub(crate) sweeper: bool,
    /// Whether steps are combined if no other process can observe the state between them.
    pub(crate) coarse: bool,
    /// The seeded bug.
    pub(crate) bug: Option<Bug>,
}

impl Setup {
    /// One report, one answer, a sweeper, and no faults.
    pub(crate) const CALM: Self = Self {
        reports: 1,
        turns: 1,
        faults: 0,
        kinds: &[],
        wishes: 0,
        sweeper: true,
        coarse: false,
        bug: None,
    };

    /// Returns whether `fault` can happen.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.kinds.contains(&fault)
    }

    /// Returns whether `bug` is seeded.
    pub(crate) fn seeded(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

/// The policy of the model. Its durations are never waited for, because time jumps from one event to the next.
pub(crate) const POLICY: Policy = Policy {
    deadline: Duration::from_secs(21_600),
    queue_wait_max: Duration::from_secs(60),
    lease: Duration::from_secs(60),
    pickup_grace: Duration::from_secs(120),
    immediate_takeovers: 2,
};
