//! The order of hits, and which of them are matches.

use super::MATCH_THRESHOLD;
use crate::hit::Hit;

/// Maximum rank of a hit by a weak name: below every match by another name.
const WEAK_RANK_MAX: f32 = MATCH_THRESHOLD - 0.001;

impl Hit<'_> {
    /// Returns whether a person has to clear the hit as a match, and not as a resemblance.
    pub fn is_match(&self) -> bool {
        !self.is_weak && self.score >= MATCH_THRESHOLD
    }

    /// Returns the value by which hits are ordered.
    pub(super) fn rank(&self) -> f32 {
        rank(self.score, self.is_weak)
    }
}

/// Returns the value by which hits are ordered: the score, which for a weak name stays below every match by
/// another name.
pub(super) fn rank(score: f32, is_weak: bool) -> f32 {
    if is_weak { score.min(WEAK_RANK_MAX) } else { score }
}
