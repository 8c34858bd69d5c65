//! The effects of transitions, as data.

use super::state::{Lease, Lifecycle, Status};
use crate::time::UtcTime;

/// The change of the number of allowed attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// It stays.
    Keep,
    /// It grows by this many.
    Add(u32),
    /// It becomes the current attempt plus this many.
    FromHere(u32),
}

/// The change of an optional field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// It stays.
    Keep,
    /// It is set to this value.
    Set(T),
    /// It is removed.
    Clear,
}

/// The effect of a command, as data: evaluated by [`apply`](super::apply), and compiled into an update by the
/// table adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The new status; `None` keeps the current one.
    pub status: Option<Status>,
    /// Whether the attempt number grows by one, as on a claim.
    pub next_attempt: bool,
    /// The change of the number of allowed attempts.
    pub allowance: Allowance,
    /// The holder of the lease, which only a claim sets.
    pub holder: Field<String>,
    /// The expiry of the lease.
    pub lease_until: Field<UtcTime>,
    /// Whether a cancellation is pending; `None` keeps the current value.
    pub cancel_requested: Option<bool>,
    /// When the report becomes due for the sweeper.
    pub due_at: Field<UtcTime>,
}

impl Change {
    /// Returns a change that keeps every field.
    pub(super) fn keep() -> Self {
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

    /// Returns the change that ends a report with the terminal `status`.
    pub(super) fn end(status: Status) -> Self {
        Self { due_at: Field::Clear, cancel_requested: Some(false), ..Self::without_lease(status) }
    }

    /// Returns the change that sets `status` and removes the lease.
    pub(super) fn without_lease(status: Status) -> Self {
        Self { status: Some(status), holder: Field::Clear, lease_until: Field::Clear, ..Self::keep() }
    }

    /// Returns `before` with this change applied.
    pub(super) fn apply_to(self, before: Lifecycle) -> Lifecycle {
        let lease = match (self.holder, self.lease_until) {
            (Field::Set(holder), Field::Set(expires_at)) => Some(Lease { holder, expires_at }),
            (_, Field::Set(expires_at)) => before.lease.map(|lease| Lease { expires_at, ..lease }),
            (_, Field::Keep) => before.lease,
            (_, Field::Clear) => None,
        };
        Lifecycle {
            status: self.status.unwrap_or(before.status),
            attempt: before.attempt + u32::from(self.next_attempt),
            attempts_allowed: match self.allowance {
                Allowance::Keep => before.attempts_allowed,
                Allowance::Add(attempts) => before.attempts_allowed + attempts,
                Allowance::FromHere(attempts) => before.attempt + attempts,
            },
            lease,
            cancel_requested: self.cancel_requested.unwrap_or(before.cancel_requested),
            due_at: match self.due_at {
                Field::Keep => before.due_at,
                Field::Set(at) => Some(at),
                Field::Clear => None,
            },
        }
    }
}
