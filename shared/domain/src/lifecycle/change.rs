//! The effects of transitions, as data.

use super::state::{Lease, Lifecycle, Status};
use crate::time::UtcTime;

/// The change of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// It stays.
    Keep,
    /// It grows by one.
    Increment,
    /// It becomes zero.
    Reset,
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

impl<T> Field<T> {
    /// Returns `before` with this change applied.
    fn apply_to(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Set(value) => Some(value),
            Self::Clear => None,
        }
    }
}

/// The effect of a command, as data: evaluated by [`apply`](super::apply), and compiled into an update by the
/// table adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The new status; `None` keeps the current one.
    pub status: Option<Status>,
    /// Whether the attempt number grows by one, as on a claim.
    pub next_attempt: bool,
    /// When the report was submitted, which only a submission or resubmission sets; `None` keeps the time.
    pub submitted_at: Option<UtcTime>,
    /// The number of transient errors since then.
    pub retries: Counter,
    /// The time before which no worker may claim the report.
    pub not_before: Field<UtcTime>,
    /// When its message was last known to exist.
    pub queued_at: Field<UtcTime>,
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
            submitted_at: None,
            retries: Counter::Keep,
            not_before: Field::Keep,
            queued_at: Field::Keep,
            holder: Field::Keep,
            lease_until: Field::Keep,
            cancel_requested: None,
            due_at: Field::Keep,
        }
    }

    /// Returns the change that ends a report with the terminal `status`.
    pub(super) fn end(status: Status) -> Self {
        Self {
            not_before: Field::Clear,
            queued_at: Field::Clear,
            due_at: Field::Clear,
            cancel_requested: Some(false),
            ..Self::without_lease(status)
        }
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
            submitted_at: self.submitted_at.unwrap_or(before.submitted_at),
            retries: match self.retries {
                Counter::Keep => before.retries,
                Counter::Increment => before.retries + 1,
                Counter::Reset => 0,
            },
            not_before: self.not_before.apply_to(before.not_before),
            queued_at: self.queued_at.apply_to(before.queued_at),
            lease,
            cancel_requested: self.cancel_requested.unwrap_or(before.cancel_requested),
            due_at: self.due_at.apply_to(before.due_at),
        }
    }
}
