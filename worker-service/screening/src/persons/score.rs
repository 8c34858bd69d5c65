//! The score of a listed person: how well a name agrees, and what date of birth and country say.

use super::{compare::Comparison, dates::DateAgreement};
use crate::scoring::ScoreParts;

/// Minimum score, from 0 to 1, of a match. Among the queries on which the engine was tuned, it lies between the scores
/// of listed persons (0.84 and more) and, apart from real namesakes, those of others (0.71 and less). It is nearer to
/// the former, because few false alarms matter more (docs/EVIDENCE.md).
pub const MATCH_THRESHOLD: f32 = 0.8;

/// Highest score of a weak name whose date of birth does not agree: a resemblance.
const WEAK_MAX: f32 = 0.79;
/// Share of what a name lacks that the same country adds, and of the score that another country takes away.
const SAME_COUNTRY: f32 = 0.06;
const OTHER_COUNTRY: f32 = 0.04;

/// Returns what the score of a name consists of.
pub(super) fn score(
    comparison: &Comparison,
    date: DateAgreement,
    country_agrees: Option<bool>,
    is_weak: bool,
) -> ScoreParts {
    let name = comparison.score;
    // Relatives share a date's year or a country more often than strangers: neither makes up for another name.
    let open = (1.0 - comparison.conflict * 1.5).max(0.0);
    let birth_date = effect(name, date.effect(), open);
    let share = match country_agrees {
        Some(true) => SAME_COUNTRY,
        Some(false) => -OTHER_COUNTRY,
        None => 0.0,
    };
    let country = effect(name + birth_date, share, open);
    let max = if is_weak && !date.agrees() { WEAK_MAX } else { 1.0 };
    ScoreParts::of_person(name, birth_date, country, max)
}

/// Returns what evidence adds to a score, or takes from it.
fn effect(score: f32, share: f32, open: f32) -> f32 {
    if share > 0.0 { (1.0 - score) * share * open } else { score * share }
}
