//! The entities that a search has found, each with its best name, before they become hits.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;

use super::numbers::NumberHit;
use crate::{
    compare::Comparison,
    entity::NameKind,
    hit::{Reasons, order_of_names},
    scoring::ScoreParts,
};

/// Score of an entity that has the company's registration number but no similar name.
const NUMBER_ONLY_SCORE: f32 = 0.95;
/// Score of an entity that has the company's registration number but no similar name, if it is not known of which
/// country the number is. It is a resemblance: the same digits in another register are another number.
const NUMBER_WITHOUT_COUNTRY_SCORE: f32 = 0.74;

/// Share of the score that is lost if the country of the query or of the entity is unknown.
const UNKNOWN_COUNTRY_PENALTY: f32 = 0.02;
/// Share of the score that is lost if the countries differ, however distinctive the matched tokens are.
const OTHER_COUNTRY_PENALTY: f32 = 0.13;
/// Further share of the score that is lost if the countries differ and the matched tokens have no weight. It
/// falls exponentially with their weight.
const OTHER_COUNTRY_COMMON_NAME_PENALTY: f32 = 0.25;

/// The best name of an entity.
pub(super) struct Found {
    pub(super) name_kind: NameKind,
    /// Position of the name among those of the entity.
    pub(super) position: u32,
    pub(super) reasons: Reasons,
}

impl Found {
    /// Returns which of two names of an entity represents it (`Less`): the one with the higher score, then by
    /// [`order_of_names`], then the first one.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let of_name = |found: &Self| (found.reasons.matched_weight, found.name_kind);
        other
            .reasons
            .score
            .score()
            .total_cmp(&self.reasons.score.score())
            .then_with(|| order_of_names(of_name(self), of_name(other)))
            .then_with(|| self.position.cmp(&other.position))
    }
}

/// Adds an entity that has the number of the company, or raises its score if its name is similar as well.
pub(super) fn add_number(hit: NumberHit, country: Option<&str>, found: &mut FxHashMap<u32, Found>) {
    let NumberHit { entity, is_of_country } = hit;
    let country_agrees = is_of_country.filter(|_| country.is_some());
    let is_certain = is_of_country.is_some() || country.is_none();
    let of_number =
        ScoreParts::of_number(if is_certain { NUMBER_ONLY_SCORE } else { NUMBER_WITHOUT_COUNTRY_SCORE });
    match found.get_mut(&entity) {
        // The entity has the number twice.
        Some(Found { reasons, .. }) if reasons.number_agrees => {
            if of_number.score() > reasons.score.score() {
                reasons.score = of_number;
                reasons.country_agrees = country_agrees;
            }
        }
        Some(Found { reasons, .. }) => {
            reasons.number_agrees = true;
            reasons.score = reasons.score.with_number();
        }
        None => {
            let reasons =
                Reasons { score: of_number, number_agrees: true, country_agrees, ..Reasons::default() };
            found.insert(entity, Found { name_kind: NameKind::Main, position: 0, reasons });
        }
    }
}

/// Returns the share of a score that the country takes away.
pub(super) fn country_penalty(comparison: &Comparison, country_agrees: Option<bool>) -> f32 {
    match country_agrees {
        Some(true) => 0.0,
        None => UNKNOWN_COUNTRY_PENALTY,
        Some(false) => {
            OTHER_COUNTRY_PENALTY + OTHER_COUNTRY_COMMON_NAME_PENALTY * (-comparison.matched_weight).exp()
        }
    }
}
