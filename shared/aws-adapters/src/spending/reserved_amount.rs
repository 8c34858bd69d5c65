//! An amount that is reserved for one call.

use std::sync::Arc;

use domain::usage::{MicroUsd, TenantUsage};
use service_runtime::clock::Clock;

use super::{books::LedgerEntry, ledger::Ledger, ledger_state::Outcome};
use crate::error::AwsError;

/// The outcome of [`Ledgers::reserve`](super::Ledgers::reserve).
#[derive(Debug)]
pub enum Reserved {
    /// The amount is reserved.
    Yes(ReservedAmount),
    /// The amount exceeds the rest of the day's budget.
    Exceeded {
        /// The amount that is already spent or reserved.
        committed: MicroUsd,
    },
}

/// An amount that is reserved for a call. If it is dropped before the outcome of the call is known, the amount stays
/// reserved until the day ends, because the call may have been billed.
#[derive(Debug)]
pub struct ReservedAmount {
    ledger: Arc<Ledger>,
    clock: Clock,
    call: u64,
    amount: MicroUsd,
    on_drop: OnDrop,
}

/// What the drop of a [`ReservedAmount`] says of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnDrop {
    /// It ended without a known result.
    Lost,
    /// Nothing: its outcome is recorded, or another worker may find its answer and settle it.
    Nothing,
}

impl ReservedAmount {
    pub(super) fn new(ledger: Arc<Ledger>, clock: Clock, call: u64, amount: MicroUsd) -> Self {
        Self { ledger, clock, call, amount, on_drop: OnDrop::Lost }
    }

    /// Returns the place of the call in the ledgers of its day.
    pub fn entry(&self) -> LedgerEntry {
        LedgerEntry { ledger: self.ledger.id().to_owned(), number: self.call }
    }

    /// Returns the amount.
    pub fn amount(&self) -> MicroUsd {
        self.amount
    }

    /// Records that the call is answered, and that its answer is about to be stored together with its
    /// [entry](Self::entry). If this process stops before it settles the call, another one does.
    pub fn answered(&mut self) {
        self.on_drop = OnDrop::Nothing;
    }

    /// Replaces the amount by what was `spent`, and waits until the table holds it.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table rejects the write permanently.
    pub async fn settle(mut self, spent: TenantUsage) -> Result<(), AwsError> {
        self.end(Some(Outcome::Settled(spent)));
        self.ledger.store().await
    }

    /// Releases the amount of a call that certainly cost nothing.
    pub fn release(mut self) {
        self.end(None);
    }

    /// Records that the call ended without a known result, and waits until the table holds it. The amount stays
    /// reserved until the day ends.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table rejects the write permanently.
    pub async fn lose(mut self) -> Result<(), AwsError> {
        self.end(Some(Outcome::Lost(self.amount)));
        self.ledger.store().await
    }

    fn end(&mut self, outcome: Option<Outcome>) {
        self.on_drop = OnDrop::Nothing;
        self.ledger.end(self.call, outcome, self.clock.now());
    }
}

impl Drop for ReservedAmount {
    fn drop(&mut self) {
        if self.on_drop == OnDrop::Lost {
            self.end(Some(Outcome::Lost(self.amount)));
        }
    }
}
