//! Explains a hit as data.

use serde::Serialize;

use super::hit::PersonHit;
use crate::explain::{Part, Scoring, agreement};

/// The reasons why a listed person was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonExplanation {
    /// The name of the person that was matched.
    pub matched_name: String,
    /// What kind of name it is: `main`, `alias` or `weak`.
    pub matched_name_kind: &'static str,
    /// What the score consists of.
    pub scoring: Scoring,
    /// The tokens that were matched, by descending weight. `how` is `same`, `sound`, `variant`, `syllables`,
    /// `near`, `consonants`, `nickname`, `initial` or `joined`.
    pub parts: Vec<Part>,
    /// Tokens of the query that the listed name lacks.
    pub query_only: Vec<String>,
    /// Tokens of the listed name that the query lacks.
    pub listed_only: Vec<String>,
    /// Whether the dates of birth agree: `same`, `agrees` (as far as both are known), `near`, `differs` or `unknown`.
    pub birth_date: &'static str,
    /// Whether the countries agree: `agrees`, `differs` or `unknown`.
    pub country: &'static str,
    /// Whether the number of a document is the same: `agrees` or `unknown`.
    pub identifier: &'static str,
}

impl PersonExplanation {
    /// Explains `hit`.
    pub fn of(hit: &PersonHit<'_>) -> Self {
        let reasons = &hit.reasons;
        let mut parts = reasons.parts.clone();
        parts.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        Self {
            matched_name: hit.matched_name.to_owned(),
            matched_name_kind: hit.name_kind.as_str(),
            scoring: Scoring::of(reasons.score),
            parts,
            query_only: reasons.query_only.clone(),
            listed_only: reasons.listed_only.clone(),
            birth_date: reasons.birth_date.name(),
            country: agreement(reasons.country_agrees),
            identifier: agreement(reasons.number_agrees.then_some(true)),
        }
    }
}

impl PersonHit<'_> {
    /// Returns why the person was found.
    pub fn explanation(&self) -> PersonExplanation {
        PersonExplanation::of(self)
    }
}

pub(super) fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e3).round() / 1e3
}
