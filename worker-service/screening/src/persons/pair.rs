//! Tokens of a query and of a listed name that agree.

use super::similarity::How;

/// Tokens that agree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// The tokens of the query, one bit each.
    pub(super) query: u16,
    /// The tokens of the listed name, one bit each.
    pub(super) listed: u16,
    pub(super) quality: f32,
    pub(super) how: How,
    pub(super) weight: f32,
}
