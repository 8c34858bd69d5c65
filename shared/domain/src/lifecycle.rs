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
//! The diagram leaves out `Cancel` and `FailDeadLettered` from PENDING, and the commands that stay in
//! PROCESSING. `Redispatch` changes no state. It postpones `due_at` when the sweeper sends the message of a
//! report again.
//!
//! # Transitions
//!
//! | command | from → to | allowed if |
//! |---|---|---|
//! | `Submit` | ∅ → PENDING | the report does not exist |
//! | `Claim` | PENDING → PROCESSING | always |
//! | `Claim` | PROCESSING → PROCESSING | the lease has expired, and an attempt is left or a cancellation is pending |
//! | `Renew` | PROCESSING → PROCESSING | the attempt is current |
//! | `Advance` | PROCESSING → PROCESSING | the attempt is current, no cancellation is pending |
//! | `Complete` | PROCESSING → COMPLETED | the attempt is current, no cancellation is pending |
//! | `RetryLater` | PROCESSING → PENDING | the attempt is current, no cancellation is pending, an attempt is left |
//! | `Release` | PROCESSING → PENDING | the attempt is current, no cancellation is pending; allows one more attempt |
//! | `Fail` | PROCESSING → FAILED | the attempt is current, no cancellation is pending |
//! | `HonourCancel` | PROCESSING → CANCELLED | the attempt is current, a cancellation is pending |
//! | `Cancel` | PENDING, PROCESSING → CANCELLED | not processing under an unexpired lease |
//! | `RequestCancel` | PROCESSING → PROCESSING | always |
//! | `Resubmit` | FAILED, CANCELLED → PENDING | always; allows a full set of attempts |
//! | `Redispatch` | unchanged | due, and not processing under an unexpired lease |
//! | `GiveUp` | PROCESSING → FAILED | the lease has expired, no attempt is left, no cancellation is pending |
//! | `FailDeadLettered` | PENDING, PROCESSING → FAILED | no unexpired lease, no cancellation is pending |
//!
//! # Fencing
//! Each claim raises [`Lifecycle::attempt`] by one; nothing else changes it, and it never decreases, not even
//! on resubmission. The attempt number is the fencing token: every command of a worker carries the number of
//! its claim and is allowed only while that claim is the newest. A worker that lost its lease therefore
//! changes nothing, no matter how late its write arrives. An expired lease only permits others to claim;
//! until one does, its holder may still renew it.
//!
//! # Time
//! Every report that has not ended has a [`Lifecycle::due_at`]: the time at which the sweeper handles it
//! if nobody else has. A lost message or a crashed worker therefore delays a report but never loses it.

mod change;
mod command;
mod guard;
mod state;
mod transition;

pub use self::{
    change::{Allowance, Change, Field},
    command::Command,
    guard::Guard,
    state::{Lease, Lifecycle, Policy, Status},
    transition::{Rejected, apply, plan},
};

#[cfg(test)]
mod tests;
