//! Listed persons whom a query may mean.

use std::cmp::Ordering;

use super::{dates::DateAgreement, score::MATCH_THRESHOLD};
use crate::{
    entity::{ListedEntity, NameKind},
    explain::Part,
    hit::{order_of_countries, order_of_names},
    scoring::ScoreParts,
};

/// A listed person whom a query may mean.
#[derive(Clone, Debug)]
pub struct PersonHit<'a> {
    /// The person.
    pub entity: &'a ListedEntity,
    /// The name that was matched.
    pub matched_name: &'a str,
    /// What kind of name it is. A weak name makes a match only if the date of birth agrees.
    pub name_kind: NameKind,
    /// How well the person matches, from 0 to 1, in steps of 0.0001.
    pub score: f32,
    pub(super) reasons: Reasons,
}

/// Why a person was found.
#[derive(Clone, Debug)]
pub(super) struct Reasons {
    /// What the score consists of.
    pub(super) score: ScoreParts,
    /// The weight of the matched tokens: the more and the rarer they are, the higher it is.
    pub(super) matched_weight: f32,
    pub(super) parts: Vec<Part>,
    pub(super) query_only: Vec<String>,
    pub(super) listed_only: Vec<String>,
    pub(super) birth_date: DateAgreement,
    pub(super) country_agrees: Option<bool>,
    pub(super) number_agrees: bool,
}

impl PersonHit<'_> {
    /// Returns whether the hit is a match, which somebody has to clear, and not only a resemblance.
    pub fn is_match(&self) -> bool {
        self.score >= MATCH_THRESHOLD
    }

    /// Returns the hit after the number of a document was found to be the same.
    pub(super) fn with_number(mut self) -> Self {
        self.reasons.score = self.reasons.score.with_number();
        self.score = self.reasons.score.score();
        self.reasons.number_agrees = true;
        self
    }

    /// Returns whether `self` comes before (`Less`) or after `other`: the higher score first, and of equal scores the
    /// person who agrees in more. The following decide, in this order: the same document; the date of birth that
    /// agrees better; the same country before an unknown one before another one; the greater weight of matched words,
    /// that is, rare words before common ones; a main name before an alias before a weak name; and at last the lower
    /// id.
    pub fn order(&self, other: &Self) -> Ordering {
        let (one, another) = (&self.reasons, &other.reasons);
        let of_name = |hit: &Self| (hit.reasons.matched_weight, hit.name_kind);
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| another.number_agrees.cmp(&one.number_agrees))
            .then_with(|| another.birth_date.cmp(&one.birth_date))
            .then_with(|| order_of_countries(one.country_agrees, another.country_agrees))
            .then_with(|| order_of_names(of_name(self), of_name(other)))
            .then_with(|| self.entity.id.cmp(&other.entity.id))
    }
}
