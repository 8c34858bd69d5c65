//! The transitions: the guard and the change of every command.

use thiserror::Error;

use super::{
    change::{Allowance, Change, Field},
    command::Command,
    guard::Guard::{self, Absent, All, Any, AttemptIs, AttemptsLeft, CancelRequested, Due, Is, LeaseExpired},
    state::{Lifecycle, Policy, Status},
};
use crate::time::UtcTime;

/// The error of a command that the lifecycle does not allow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the lifecycle does not allow {command:?} now")]
pub struct Rejected {
    /// The command.
    pub command: Command,
}

/// Returns the report after `command`. Every change of a lifecycle in memory goes through this function.
///
/// # Errors
/// Returns [`Rejected`] if the guard of the command does not hold for `current`.
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
    Ok(change.apply_to(current.cloned().unwrap_or(Lifecycle {
        status: Status::Pending,
        attempt: 0,
        attempts_allowed: 0,
        lease: None,
        cancel_requested: false,
        due_at: None,
    })))
}

/// Returns the guard and the change of `command` at the time `now`.
pub fn plan(command: &Command, now: UtcTime, policy: &Policy) -> (Guard, Change) {
    let due_soon = Field::Set(now.plus(policy.pickup_grace));
    // A report whose cancellation was promised to a person may end only as CANCELLED.
    let not_cancelled = [CancelRequested(false)];

    match command {
        Command::Submit => (
            Absent,
            Change {
                status: Some(Status::Pending),
                allowance: Allowance::FromHere(policy.attempts),
                cancel_requested: Some(false),
                due_at: due_soon,
                ..Change::keep()
            },
        ),
        // An abandoned report without attempts left is claimed only to honour a pending cancellation, which
        // its last worker could not honour.
        Command::Claim { holder } => (
            Any(vec![
                Is(Status::Pending),
                All(vec![abandoned(now), Any(vec![AttemptsLeft(true), CancelRequested(true)])]),
            ]),
            Change {
                status: Some(Status::Processing),
                next_attempt: true,
                holder: Field::Set(holder.clone()),
                ..lease_extended(now, policy)
            },
        ),
        Command::Renew { attempt } => (held(*attempt, &[]), lease_extended(now, policy)),
        Command::Advance { attempt } => (held(*attempt, &not_cancelled), lease_extended(now, policy)),
        Command::Complete { attempt } => (held(*attempt, &not_cancelled), Change::end(Status::Completed)),
        Command::RetryLater { attempt, delay } => (
            held(*attempt, &[CancelRequested(false), AttemptsLeft(true)]),
            Change {
                due_at: Field::Set(now.plus(policy.pickup_grace).plus(*delay)),
                ..Change::without_lease(Status::Pending)
            },
        ),
        Command::Release { attempt, delay } => (
            held(*attempt, &not_cancelled),
            Change {
                allowance: Allowance::Add(1),
                due_at: Field::Set(now.plus(policy.pickup_grace).plus(*delay)),
                ..Change::without_lease(Status::Pending)
            },
        ),
        Command::Fail { attempt } => (held(*attempt, &not_cancelled), Change::end(Status::Failed)),
        Command::Cancel => (unheld(now), Change::end(Status::Cancelled)),
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
                due_at: due_soon,
                ..Change::keep()
            },
        ),
        Command::Redispatch => {
            (All(vec![Due(now), unheld(now)]), Change { due_at: due_soon, ..Change::keep() })
        }
        Command::FailDeadLettered => {
            (All(vec![unheld(now), CancelRequested(false)]), Change::end(Status::Failed))
        }
        Command::GiveUp => (
            All(vec![abandoned(now), AttemptsLeft(false), CancelRequested(false)]),
            Change::end(Status::Failed),
        ),
    }
}

/// Returns the guard that the report is processing under the claim `attempt`, and `conditions` hold as well.
fn held(attempt: u32, conditions: &[Guard]) -> Guard {
    All([&[Is(Status::Processing), AttemptIs(attempt)], conditions].concat())
}

/// Returns the guard that the report is processing, but its lease has expired.
fn abandoned(now: UtcTime) -> Guard {
    All(vec![Is(Status::Processing), LeaseExpired(now)])
}

/// Returns the guard that no worker holds an unexpired lease, and the report has not ended.
fn unheld(now: UtcTime) -> Guard {
    Any(vec![Is(Status::Pending), abandoned(now)])
}

/// Returns the change that extends the lease. The report becomes due only after the lease has expired.
fn lease_extended(now: UtcTime, policy: &Policy) -> Change {
    let lease_until = now.plus(policy.lease);
    Change {
        lease_until: Field::Set(lease_until),
        due_at: Field::Set(lease_until.plus(policy.pickup_grace)),
        ..Change::keep()
    }
}

impl Lifecycle {
    /// Returns whether this state is the result of `command`. If it is, a rejection of the command means that
    /// an earlier try was carried out and its answer was lost: attempt numbers are never reused, and the
    /// holder's name is unique for every claim.
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
            // These commands can be repeated, or their caller reads the current state.
            Command::Submit
            | Command::Renew { .. }
            | Command::Advance { .. }
            | Command::Cancel
            | Command::RequestCancel
            | Command::Resubmit
            | Command::Redispatch
            | Command::GiveUp
            | Command::FailDeadLettered => false,
        }
    }
}
