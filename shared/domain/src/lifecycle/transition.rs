//! The transitions: the guard and the change of every command.

use std::time::Duration;

use thiserror::Error;

use super::{
    change::{Change, Counter, Field},
    command::Command,
    guard::Guard::{
        self, Absent, All, Any, AttemptBelow, AttemptIs, CancelRequested, Due, Is, LeaseExpired, MayStart,
        SubmittedBy,
    },
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
        submitted_at: now,
        retries: 0,
        not_before: None,
        queued_at: None,
        lease: None,
        cancel_requested: false,
        due_at: None,
    })))
}

/// Returns the guard and the change of `command` at the time `now`.
pub fn plan(command: &Command, now: UtcTime, policy: &Policy) -> (Guard, Change) {
    // A report whose cancellation was promised to a person may end only as CANCELLED.
    let not_cancelled = [CancelRequested(false)];
    let deadline_passed = |passed: bool| SubmittedBy(now.minus(policy.deadline), passed);

    match command {
        Command::Submit => (Absent, Change { cancel_requested: Some(false), ..submitted(now, policy) }),
        // An abandoned report is claimed after its deadline only to honour a pending cancellation, which its
        // last worker could not honour.
        Command::Claim { holder } => (
            Any(vec![
                All(vec![Is(Status::Pending), MayStart(now)]),
                All(vec![
                    abandoned(now),
                    Any(vec![
                        All(vec![deadline_passed(false), AttemptBelow(policy.immediate_takeovers)]),
                        CancelRequested(true),
                    ]),
                ]),
            ]),
            Change {
                status: Some(Status::Processing),
                next_attempt: true,
                not_before: Field::Clear,
                queued_at: Field::Set(now),
                holder: Field::Set(holder.clone()),
                ..lease_extended(now, policy)
            },
        ),
        Command::Renew { attempt } => (held(*attempt, &[]), lease_extended(now, policy)),
        Command::Advance { attempt } => (held(*attempt, &not_cancelled), lease_extended(now, policy)),
        Command::Complete { attempt } => (held(*attempt, &not_cancelled), Change::end(Status::Completed)),
        Command::RetryLater { attempt, delay } => (
            held(*attempt, &[CancelRequested(false), deadline_passed(false)]),
            Change { retries: Counter::Increment, ..waiting(*delay, now, policy) },
        ),
        Command::Release { attempt } => (
            held(*attempt, &not_cancelled),
            Change {
                due_at: Field::Set(now.plus(policy.pickup_grace)),
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
        Command::Resubmit => (Any(vec![Is(Status::Failed), Is(Status::Cancelled)]), submitted(now, policy)),
        Command::Wait { delay } => {
            (All(vec![unheld(now), CancelRequested(false)]), waiting(*delay, now, policy))
        }
        Command::KeepQueued { grace } => (
            All(vec![Due(now), unheld(now)]),
            Change { due_at: Field::Set(now.plus(*grace)), ..Change::keep() },
        ),
        Command::Redispatch => (
            All(vec![Due(now), unheld(now)]),
            Change {
                queued_at: Field::Set(now),
                due_at: Field::Set(now.plus(policy.pickup_grace)),
                ..Change::keep()
            },
        ),
        Command::GiveUp => (
            All(vec![abandoned(now), deadline_passed(true), CancelRequested(false)]),
            Change::end(Status::Failed),
        ),
        Command::FailDeadLettered => (
            All(vec![unheld(now), deadline_passed(true), CancelRequested(false)]),
            Change::end(Status::Failed),
        ),
    }
}

/// Returns the change that queues a report that is submitted or resubmitted.
fn submitted(now: UtcTime, policy: &Policy) -> Change {
    Change {
        status: Some(Status::Pending),
        submitted_at: Some(now),
        retries: Counter::Reset,
        not_before: Field::Clear,
        queued_at: Field::Set(now),
        due_at: Field::Set(now.plus(policy.pickup_grace)),
        ..Change::keep()
    }
}

/// Returns the change that lets a report wait for `delay`. Its message stays in the queue if that is short;
/// otherwise, the sweeper sends it a new one when the wait is over.
fn waiting(delay: Duration, now: UtcTime, policy: &Policy) -> Change {
    let not_before = now.plus(delay);
    let (queued_at, due_at) = if policy.waits_in_queue(delay) {
        (Field::Set(now), not_before.plus(policy.pickup_grace))
    } else {
        (Field::Clear, not_before)
    };
    Change {
        not_before: Field::Set(not_before),
        queued_at,
        due_at: Field::Set(due_at),
        ..Change::without_lease(Status::Pending)
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
            Command::RetryLater { attempt, .. } | Command::Release { attempt } => {
                ended(*attempt, Status::Pending)
            }
            // These commands can be repeated, or their caller reads the current state.
            Command::Submit
            | Command::Renew { .. }
            | Command::Advance { .. }
            | Command::Cancel
            | Command::RequestCancel
            | Command::Resubmit
            | Command::Wait { .. }
            | Command::KeepQueued { .. }
            | Command::Redispatch
            | Command::GiveUp
            | Command::FailDeadLettered => false,
        }
    }
}
