//! The lifecycle of a report: a state machine as one pure function.
//!
//! A [`Command`] is a request to change a report. [`plan`] turns it into two pieces of data: a [`Guard`],
//! which says when the command is allowed, and a [`Change`], which says what it does. [`apply`] evaluates
//! both on a value in memory; the table adapter compiles the same two into the condition and the update of
//! one conditional write. The table therefore never makes a transition that this module does not allow.
//!
//! # States
//! `PENDING` (waits for a worker), `PROCESSING` (a worker holds the lease), and the terminal states
//! `COMPLETED`, `FAILED` and `CANCELLED`.
//!
//! ```text
//!               Claim                    Complete
//! ∅ ─Submit─► PENDING ─────► PROCESSING ───────────────────────► COMPLETED
//!               ▲ ▲              │ │ └── Fail, GiveUp ────────► FAILED ──────┐
//!               │ └─ RetryLater ─┘ └──── HonourCancel, Cancel ► CANCELLED ───┤
//!               │    Release                                                 │
//!               └────────────────────────── Resubmit ────────────────────────┘
//! ```
//!
//! The diagram leaves out `Cancel` and `FailDeadLettered` from PENDING, `Wait` from PROCESSING, and
//! the commands that stay in PENDING or PROCESSING.
//!
//! # Transitions
//!
//! | command | from → to | allowed if |
//! |---|---|---|
//! | `Submit` | ∅ → PENDING | the report does not exist |
//! | `Claim` | PENDING → PROCESSING | the report need not wait any longer |
//! | `Claim` | PROCESSING → PROCESSING | the lease has expired, and either a cancellation is pending, or the deadline has not passed and few attempts were made |
//! | `Renew` | PROCESSING → PROCESSING | the attempt is current |
//! | `Advance` | PROCESSING → PROCESSING | the attempt is current, no cancellation is pending |
//! | `Complete` | PROCESSING → COMPLETED | the attempt is current, no cancellation is pending |
//! | `RetryLater` | PROCESSING → PENDING | the attempt is current, no cancellation is pending, the deadline has not passed |
//! | `Release` | PROCESSING → PENDING | the attempt is current, no cancellation is pending |
//! | `Fail` | PROCESSING → FAILED | the attempt is current, no cancellation is pending |
//! | `HonourCancel` | PROCESSING → CANCELLED | the attempt is current, a cancellation is pending |
//! | `Cancel` | PENDING, PROCESSING → CANCELLED | not processing under an unexpired lease |
//! | `RequestCancel` | PROCESSING → PROCESSING | always |
//! | `Resubmit` | FAILED, CANCELLED → PENDING | always; sets a new deadline |
//! | `Wait` | PENDING, PROCESSING → PENDING | no unexpired lease, no cancellation is pending |
//! | `KeepQueued` | unchanged | due, and not processing under an unexpired lease |
//! | `Redispatch` | unchanged | due, and not processing under an unexpired lease |
//! | `GiveUp` | PROCESSING → FAILED | the lease has expired, the deadline has passed, no cancellation is pending |
//! | `FailDeadLettered` | PENDING, PROCESSING → FAILED | no unexpired lease, the deadline has passed, no cancellation is pending |
//!
//! # Fencing
//! Each claim raises [`Lifecycle::attempt`] by one; nothing else changes it, and it never decreases, not even
//! on resubmission. The attempt number is the fencing token: every command of a worker carries the number of
//! its claim and is allowed only while that claim is the newest. A worker that lost its lease therefore
//! changes nothing, no matter how late its write arrives. An expired lease only permits others to claim;
//! until one does, its holder may still renew it.
//!
//! # Time
//! Transient errors are retried until the deadline, [`Policy::deadline`] after the last submission. Only a
//! permanent error fails a report earlier.
//!
//! Between two attempts a report waits, and no worker may claim it before [`Lifecycle::not_before`], not even
//! with a duplicate of its message. A short wait is spent in the queue, with the message hidden; a longer one
//! outside the queue, without a message ([`Lifecycle::waits_outside_queue`]).
//!
//! Every report that has not ended has a [`Lifecycle::due_at`]: the time at which the sweeper handles it
//! if nobody else has. It is the promise to look at the report again that allows its message to be deleted. A
//! lost message or a crashed worker therefore delays a report but never loses it.

mod change;
mod command;
mod guard;
mod state;
mod transition;

pub use self::{
    change::{Change, Counter, Field},
    command::Command,
    guard::Guard,
    state::{Lease, Lifecycle, Policy, Status},
    transition::{Rejected, apply, plan},
};

#[cfg(test)]
mod tests;
