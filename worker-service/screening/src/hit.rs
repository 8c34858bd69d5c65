//! Hits of a query: listed entities, each with a score and the reasons for it.

use std::cmp::Ordering;

use crate::{
    entity::{ListedEntity, NameKind},
    names::MatchKind,
    scoring::{MATCH_THRESHOLD, ScoreParts},
};

/// A listed entity that the company of a query could be.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit<'a> {
    /// The entity.
    pub entity: ListedEntity<&'a str>,
    /// The name of the entity that was matched: its main name or an alias. It is the main name if only a
    /// registration number agrees.
    pub matched_name: &'a str,
    /// What this name is to the entity. A weak name alone does not identify it: the hit is a resemblance, and its
    /// score is at most [`MATCH_THRESHOLD`].
    pub name_kind: NameKind,
    /// How well it matches, from 0 to 1, in steps of 0.0001.
    pub score: f32,
    /// Why it matches.
    pub(crate) reasons: Reasons,
}

/// The reasons why an entity matches.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reasons {
    /// What the score consists of.
    pub(crate) score: ScoreParts,
    /// The weight of the matched tokens: the more and the rarer they are, the higher it is.
    pub(crate) matched_weight: f32,
    /// The tokens that were matched.
    pub(crate) matches: Vec<TokenMatch>,
    /// Tokens of the query that the listed name lacks.
    pub(crate) query_only: Vec<String>,
    /// Tokens of the listed name that the query lacks.
    pub(crate) listed_only: Vec<String>,
    /// Whether the countries agree, or `None` if either side has none.
    pub(crate) country_agrees: Option<bool>,
    /// Whether a registration number of the company is an identifier of the entity.
    pub(crate) number_agrees: bool,
}

impl Hit<'_> {
    /// Returns whether a person has to clear the hit as a match, and not as a resemblance.
    pub fn is_match(&self) -> bool {
        let is_weak = self.name_kind == NameKind::Weak && !self.reasons.number_agrees;
        self.score >= MATCH_THRESHOLD && !is_weak
    }

    /// Returns whether `self` comes before (`Less`) or after `other`: the higher score first, and of equal scores
    /// a match before a resemblance, and the hit that agrees in more. The following decide, in this order: the same
    /// registration number; the same country before an unknown one before another one; the greater weight of
    /// matched words, that is, rare words before common ones; a main name before an alias before a weak name; and
    /// at last the lower id.
    pub fn order(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| other.is_match().cmp(&self.is_match()))
            .then_with(|| other.reasons.number_agrees.cmp(&self.reasons.number_agrees))
            .then_with(|| order_of_countries(self.reasons.country_agrees, other.reasons.country_agrees))
            .then_with(|| order_of_names(self.of_name(), other.of_name()))
            .then_with(|| self.entity.id.cmp(other.entity.id))
    }

    fn of_name(&self) -> (f32, NameKind) {
        (self.reasons.matched_weight, self.name_kind)
    }
}

/// Returns which of two entities comes first (`Less`), given whether each has the country of the query: the same country
/// before an unknown one before another one.
pub(crate) fn order_of_countries(one: Option<bool>, other: Option<bool>) -> Ordering {
    let rank = |agrees: Option<bool>| agrees.map_or(1, |agrees| if agrees { 2 } else { 0 });
    rank(other).cmp(&rank(one))
}

/// Returns which of two names with equal scores comes first (`Less`), each given as the weight of its matched
/// words and its kind.
pub(crate) fn order_of_names(one: (f32, NameKind), other: (f32, NameKind)) -> Ordering {
    // Sums of the same weights in another order differ in their last digits.
    let rounded = |weight: f32| (weight * 1e3).round();
    rounded(other.0).total_cmp(&rounded(one.0)).then(one.1.cmp(&other.1))
}

/// Tokens of a query that were matched with tokens of a listed name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TokenMatch {
    /// One token of the query, or two with a space between them.
    pub(crate) query: String,
    /// One token of the listed name, or two with a space between them.
    pub(crate) listed: String,
    /// How similar they are, from 0 to 1.
    pub(crate) similarity: f32,
    /// The larger weight of the two sides.
    pub(crate) weight: f32,
    /// How they match.
    pub(crate) kind: MatchKind,
}
