//! The life of a report as one pure function.
//!
//! A [`Command`] has a [`Guard`] (when it is allowed) and a [`Change`] (what it does). [`apply`]
//! evaluates both on a value; the table adapter compiles the same two into one conditional write,
//! so the table can never do what this file does not allow.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::time::UtcTime;

/// Where a report stands. The last three are terminal: only a person's `resubmit` leaves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Accepted; waiting for a worker.
    Pending,
    /// A worker holds its lease.
    Processing,
    /// Finished; every artifact is stored.
    Completed,
    /// Ended with an error that more attempts would not cure, or that outlasted them.
    Failed,
    /// Ended by a person.
    Cancelled,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Processing, Self::Completed, Self::Failed, Self::Cancelled];

    /// Whether the report has ended.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The name used in the table, the API and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A worker's right to work on a report until `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The worker, for people who read the table. The attempt number is what fences.
    pub holder: String,
    /// From then on any worker may claim the report.
    pub expires_at: UtcTime,
}

/// The part of a report that decides what may happen to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lifecycle {
    /// Where the report stands.
    pub status: Status,
    /// How often it was claimed. It only grows, and is the fencing token of the newest claim.
    pub attempt: u32,
    /// The attempt number up to which transient errors are tried again.
    pub attempts_allowed: u32,
    /// Held while PROCESSING.
    pub lease: Option<Lease>,
    /// A person asked to cancel while a worker held the lease.
    pub cancel_requested: bool,
    /// When the sweeper looks at the report; none once it is terminal.
    pub due_at: Option<UtcTime>,
}

impl Lifecycle {
    /// Whether this is what `command` leaves behind. A refused command of which this holds was
    /// carried out by an earlier try whose answer was lost: the attempt fences, and the holder's
    /// name is new for every claim.
    pub fn shows_result_of(&self, command: &Command) -> bool {
        let ended = |attempt: u32, status: Status| self.attempt == attempt && self.status == status;
        match command {
            Command::Claim { holder } => self.lease.as_ref().is_some_and(|lease| lease.holder == *holder),
            Command::Complete { attempt } => ended(*attempt, Status::Completed),
            Command::Fail { attempt } => ended(*attempt, Status::Failed),
            Command::HonourCancel { attempt } => ended(*attempt, Status::Cancelled),
            Command::RetryLater { attempt, .. } | Command::Release { attempt, .. } => {
                ended(*attempt, Status::Pending)
            }
            // These can be repeated, or their caller reads what is there.
            Command::Submit
            | Command::Renew { .. }
            | Command::Advance { .. }
            | Command::Cancel
            | Command::RequestCancel
            | Command::Resubmit
            | Command::Redispatch
            | Command::GiveUp
            | Command::Bury => false,
        }
    }
}

/// The numbers that the lifecycle depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Attempts that one submission is worth.
    pub attempts: u32,
    /// How long a claim or a renewal holds.
    pub lease: Duration,
    /// How long the queue may take to bring a PENDING report to a worker, or an expired lease may
    /// lie, before the sweeper sends the report again.
    pub pickup_grace: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { attempts: 3, lease: Duration::from_secs(60), pickup_grace: Duration::from_secs(120) }
    }
}

/// What somebody wants to do to a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The API records a new report.
    Submit,
    /// A worker takes the report: pending, or left behind by a worker whose lease ran out.
    Claim {
        /// The worker.
        holder: String,
    },
    /// The holder of `attempt` keeps its lease.
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
    /// The holder of `attempt` met a transient error; another attempt is left.
    RetryLater {
        /// Fencing token of the claim.
        attempt: u32,
        /// How long the queue will keep the message back.
        delay: Duration,
    },
    /// The holder of `attempt` gives the report back unharmed: throttled by the model, or draining.
    /// Costs no attempt.
    Release {
        /// Fencing token of the claim.
        attempt: u32,
        /// How long the queue will keep the message back.
        delay: Duration,
    },
    /// The holder of `attempt` met a permanent error, or its attempts are spent.
    Fail {
        /// Fencing token of the claim.
        attempt: u32,
    },
    /// A person cancels a report that no worker holds.
    Cancel,
    /// A person asks the worker that holds the report to cancel it.
    RequestCancel,
    /// The holder of `attempt` honours a request to cancel.
    HonourCancel {
        /// Fencing token of the claim.
        attempt: u32,
    },
    /// A person asks for another go at a failed or cancelled report.
    Resubmit,
    /// The sweeper takes a due report, to send its message again.
    Redispatch,
    /// Anybody ends a report whose last worker vanished with no attempt left.
    GiveUp,
    /// A worker found the report's message in the dead-letter queue.
    Bury,
}

/// When a command is allowed, as data: evaluated by [`Guard::holds`], compiled by the table adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// There is no such report yet.
    Absent,
    /// The report has this status.
    Is(Status),
    /// The report's newest claim is this one.
    AttemptIs(u32),
    /// Another attempt is allowed (or is not).
    AttemptsLeft(bool),
    /// The lease ran out before this time.
    LeaseExpired(UtcTime),
    /// The report is due for the sweeper at this time.
    Due(UtcTime),
    /// A cancel was requested (or was not).
    CancelRequested(bool),
    /// All of these.
    All(Vec<Guard>),
    /// At least one of these.
    Any(Vec<Guard>),
}

impl Guard {
    /// Whether the guard holds for the report as it is, or for its absence.
    pub fn holds(&self, current: Option<&Lifecycle>) -> bool {
        let Some(now) = current else {
            return match self {
                Self::Absent => true,
                Self::All(all) => all.iter().all(|guard| guard.holds(None)),
                Self::Any(any) => any.iter().any(|guard| guard.holds(None)),
                _ => false,
            };
        };
        match self {
            Self::Absent => false,
            Self::Is(status) => now.status == *status,
            Self::AttemptIs(attempt) => now.attempt == *attempt,
            Self::AttemptsLeft(left) => (now.attempt < now.attempts_allowed) == *left,
            Self::LeaseExpired(time) => now.lease.as_ref().is_some_and(|lease| lease.expires_at < *time),
            Self::Due(time) => now.due_at.is_some_and(|due| due <= *time),
            Self::CancelRequested(wanted) => now.cancel_requested == *wanted,
            Self::All(all) => all.iter().all(|guard| guard.holds(current)),
            Self::Any(any) => any.iter().any(|guard| guard.holds(current)),
        }
    }
}

/// What happens to the attempts that are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// Nothing.
    Keep,
    /// This many more than now allowed.
    Add(u32),
    /// This many from the current attempt on.
    FromHere(u32),
}

/// What happens to a part of the lifecycle that can be there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// It stays as it is.
    Keep,
    /// It becomes this.
    Set(T),
    /// It goes.
    Clear,
}

/// What a command does, as data: evaluated by [`apply`], compiled by the table adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The new status; none keeps it.
    pub status: Option<Status>,
    /// Whether this is a claim, which raises the attempt by one.
    pub next_attempt: bool,
    /// The attempts allowed.
    pub allowance: Allowance,
    /// The lease's holder, set only by a claim.
    pub holder: Field<String>,
    /// The lease's end.
    pub lease_until: Field<UtcTime>,
    /// The request to cancel.
    pub cancel_requested: Option<bool>,
    /// When the sweeper looks.
    pub due_at: Field<UtcTime>,
}

impl Change {
    fn keep() -> Self {
        Self {
            status: None,
            next_attempt: false,
            allowance: Allowance::Keep,
            holder: Field::Keep,
            lease_until: Field::Keep,
            cancel_requested: None,
            due_at: Field::Keep,
        }
    }

    fn end(status: Status) -> Self {
        Self { due_at: Field::Clear, cancel_requested: Some(false), ..Self::without_lease(status) }
    }

    fn without_lease(status: Status) -> Self {
        Self { status: Some(status), holder: Field::Clear, lease_until: Field::Clear, ..Self::keep() }
    }
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the lifecycle does not allow {command:?} now")]
pub struct Rejected {
    /// What was wanted.
    pub command: Command,
}

/// The guard and the change of `command` at the time `now`.
pub fn plan(command: &Command, now: UtcTime, policy: &Policy) -> (Guard, Change) {
    use Guard::{Absent, All, Any, AttemptIs, AttemptsLeft, CancelRequested, Due, Is, LeaseExpired};

    let lease_until = now.plus(policy.lease);
    let soon = now.plus(policy.pickup_grace);
    let held =
        |attempt: u32, also: &[Guard]| All([&[Is(Status::Processing), AttemptIs(attempt)], also].concat());
    let abandoned = || All(vec![Is(Status::Processing), LeaseExpired(now)]);
    let renewed = || Change {
        lease_until: Field::Set(lease_until),
        due_at: Field::Set(lease_until.plus(policy.pickup_grace)),
        ..Change::keep()
    };
    // A report whose cancellation was promised to a person may end only as CANCELLED.
    let unless_cancelled = [CancelRequested(false)];

    match command {
        Command::Submit => (
            Absent,
            Change {
                status: Some(Status::Pending),
                allowance: Allowance::FromHere(policy.attempts),
                cancel_requested: Some(false),
                due_at: Field::Set(soon),
                ..Change::keep()
            },
        ),
        // An abandoned report whose attempts are spent is not worked on again, except to honour a
        // cancel, which its last worker did not live to do.
        Command::Claim { holder } => (
            Any(vec![
                Is(Status::Pending),
                All(vec![abandoned(), Any(vec![AttemptsLeft(true), CancelRequested(true)])]),
            ]),
            Change {
                status: Some(Status::Processing),
                next_attempt: true,
                holder: Field::Set(holder.clone()),
                ..renewed()
            },
        ),
        Command::Renew { attempt } => (held(*attempt, &[]), renewed()),
        Command::Advance { attempt } => (held(*attempt, &unless_cancelled), renewed()),
        Command::Complete { attempt } => (held(*attempt, &unless_cancelled), Change::end(Status::Completed)),
        Command::RetryLater { attempt, delay } => (
            held(*attempt, &[CancelRequested(false), AttemptsLeft(true)]),
            Change { due_at: Field::Set(soon.plus(*delay)), ..Change::without_lease(Status::Pending) },
        ),
        Command::Release { attempt, delay } => (
            held(*attempt, &unless_cancelled),
            Change {
                allowance: Allowance::Add(1),
                due_at: Field::Set(soon.plus(*delay)),
                ..Change::without_lease(Status::Pending)
            },
        ),
        Command::Fail { attempt } => (held(*attempt, &unless_cancelled), Change::end(Status::Failed)),
        Command::Cancel => (Any(vec![Is(Status::Pending), abandoned()]), Change::end(Status::Cancelled)),
        Command::RequestCancel => {
            (Is(Status::Processing), Change { cancel_requested: Some(true), ..Change::keep() })
        }
        Command::HonourCancel { attempt } => {
            (held(*attempt, &[CancelRequested(true)]), Change::end(Status::Cancelled))
        }
        Command::Resubmit => (
            Any(vec![Is(Status::Failed), Is(Status::Cancelled)]),
            Change {
                status: Some(Status::Pending),
                allowance: Allowance::FromHere(policy.attempts),
                due_at: Field::Set(soon),
                ..Change::keep()
            },
        ),
        Command::Redispatch => (
            All(vec![Due(now), Any(vec![Is(Status::Pending), abandoned()])]),
            Change { due_at: Field::Set(soon), ..Change::keep() },
        ),
        Command::Bury => (
            All(vec![Any(vec![Is(Status::Pending), abandoned()]), CancelRequested(false)]),
            Change::end(Status::Failed),
        ),
        Command::GiveUp => {
            (All(vec![abandoned(), AttemptsLeft(false), CancelRequested(false)]), Change::end(Status::Failed))
        }
    }
}

/// The report after `command`, or why it is refused: the one place where a lifecycle changes.
///
/// # Errors
/// [`Rejected`] when the command's guard does not hold for `current`.
pub fn apply(
    current: Option<&Lifecycle>,
    command: &Command,
    now: UtcTime,
    policy: &Policy,
) -> Result<Lifecycle, Rejected> {
    let (guard, change) = plan(command, now, policy);
    if !guard.holds(current) {
        return Err(Rejected { command: command.clone() });
    }
    let before = current.cloned().unwrap_or(Lifecycle {
        status: Status::Pending,
        attempt: 0,
        attempts_allowed: 0,
        lease: None,
        cancel_requested: false,
        due_at: None,
    });
    let lease = match (change.holder, change.lease_until) {
        (Field::Set(holder), Field::Set(expires_at)) => Some(Lease { holder, expires_at }),
        (_, Field::Set(expires_at)) => before.lease.map(|lease| Lease { expires_at, ..lease }),
        (_, Field::Keep) => before.lease,
        (_, Field::Clear) => None,
    };
    Ok(Lifecycle {
        status: change.status.unwrap_or(before.status),
        attempt: before.attempt + u32::from(change.next_attempt),
        attempts_allowed: match change.allowance {
            Allowance::Keep => before.attempts_allowed,
            Allowance::Add(more) => before.attempts_allowed + more,
            Allowance::FromHere(more) => before.attempt + more,
        },
        lease,
        cancel_requested: change.cancel_requested.unwrap_or(before.cancel_requested),
        due_at: match change.due_at {
            Field::Keep => before.due_at,
            Field::Set(at) => Some(at),
            Field::Clear => None,
        },
    })
}

#[cfg(test)]
mod tests;
