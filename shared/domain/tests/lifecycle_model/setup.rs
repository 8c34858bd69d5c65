//! What one run of the checker explores: how much of everything, which faults, and which bug.

use std::time::Duration;

use domain::lifecycle::Policy;

/// What the environment may do to the system. Each occurrence spends one of [`Setup::faults`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The API or the sweeper dies, or the queue refuses, between the write and the send.
    SendFails,
    /// A message is lost.
    Lost,
    /// A message was received too often and goes to the dead-letter queue.
    DeadLettered,
    /// A message is delivered once more.
    Repeated,
    /// A message waits so long that its report falls due for the sweeper.
    Backlog,
    /// A message becomes visible while its receiver still works.
    VisibilityEnds,
    /// A worker dies and is started again.
    Crash,
    /// A worker dies for good; the last one stays.
    Death,
    /// A lease runs out under a worker that goes on: it stood still, or could not renew.
    LeaseRunsOut,
    /// A step fails and may be tried again.
    Transient,
    /// The model takes no more calls for a while.
    Throttled,
    /// A step fails for good.
    Permanent,
    /// The worker is told to stop and gives its report back.
    Drain,
    /// A write is applied but its answer is lost; the adapter tries it again.
    AnswerLostRetried,
    /// A write is applied but no try of it gets an answer.
    AnswerLost,
}

impl Fault {
    /// Every kind.
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
        Self::Throttled,
        Self::Permanent,
        Self::Drain,
        Self::AnswerLostRetried,
        Self::AnswerLost,
    ];
}

/// A mistake put in on purpose, which a property must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The table does not compare the fencing token.
    NoFencing,
    /// The worker deletes the message, then writes COMPLETED.
    DeleteBeforeWrite,
    /// The worker writes COMPLETED, then puts the artifacts.
    CompleteBeforeArtifacts,
    /// The table lets a report be claimed while its lease runs.
    ClaimUnderLease,
    /// A throttled report is given back as one that failed.
    ThrottleSpendsAttempt,
    /// The answer of the model is journalled at the end instead of before it is used.
    JournalAfterUse,
    /// The last writer of a journal entry wins.
    JournalOverwrites,
    /// The lease is not asked for again before the second turn with the model.
    UnfencedTurns,
    /// A dead letter fails its report again after it was resubmitted.
    OldLetterBuries,
    /// A worker completes a report whose cancellation was promised.
    CancelForgotten,
}

/// One configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// Reports, one or two.
    pub(crate) reports: usize,
    /// Answers of the model that a report needs, one or two.
    pub(crate) turns: u8,
    /// Faults in one run, of any of `kinds`, in any order.
    pub(crate) faults: u8,
    /// The faults that can happen.
    pub(crate) kinds: &'static [Fault],
    /// How often a person cancels or resubmits.
    pub(crate) wishes: u8,
    /// Whether the sweeper runs.
    pub(crate) sweeper: bool,
    /// Whether steps with nothing to be seen between them are taken as one.
    pub(crate) coarse: bool,
    /// The seeded bug.
    pub(crate) bug: Option<Bug>,
}

impl Setup {
    /// One report, one answer, a sweeper, and nothing that goes wrong.
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

    /// Whether `fault` belongs to this configuration.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.kinds.contains(&fault)
    }

    /// Whether this is the seeded bug.
    pub(crate) fn seeded(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

/// The durations are never waited for: time leaps from deadline to deadline.
pub(crate) const POLICY: Policy =
    Policy { attempts: 2, lease: Duration::from_secs(60), pickup_grace: Duration::from_secs(120) };
