//! Calls of models that a report may have to pay for, although their outcome is not known.

use serde::{Deserialize, Serialize};

use super::usage::{Day, MicroUsd};

/// A call of a model that is under way, or that ended without a known result, and may have been billed. A
/// report records it before the call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnsettledCall {
    /// The attempt that makes the call.
    pub attempt: u32,
    /// Number of the call within its attempt, from 1.
    pub number: u32,
    /// The day whose budget pays.
    pub day: Day,
    /// The amount that is reserved for it.
    pub reserved: MicroUsd,
}

impl UnsettledCall {
    /// Returns whether both are the same call.
    pub fn is(&self, attempt: u32, number: u32) -> bool {
        (self.attempt, self.number) == (attempt, number)
    }
}

/// The number of calls with an unknown outcome, and what they may have cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// The number of calls.
    pub calls: u32,
    /// The reserved amounts.
    pub amount: MicroUsd,
}

impl Unsettled {
    /// Returns the sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { calls: self.calls.saturating_add(other.calls), amount: self.amount.plus(other.amount) }
    }
}

impl FromIterator<MicroUsd> for Unsettled {
    /// Collects the reserved amount of each call.
    fn from_iter<I: IntoIterator<Item = MicroUsd>>(amounts: I) -> Self {
        amounts.into_iter().fold(Self::default(), |sum, amount| sum.plus(Self { calls: 1, amount }))
    }
}
