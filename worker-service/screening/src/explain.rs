//! Explains a hit as data.

use serde::Serialize;

use crate::{
    entity::NameKind,
    hit::{Hit, TokenMatch},
    names::MatchKind,
    scoring::ScoreParts,
};

/// The reasons why a listed entity was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The name of the entity that was matched: its main name or an alias.
    pub matched_name: String,
    /// What this name is to the entity: `main`, `alias` or `weak`. A weak name alone does not identify it.
    pub matched_name_kind: &'static str,
    /// Whether this name is weak.
    pub weak_name: bool,
    /// What the score consists of.
    pub scoring: Scoring,
    /// The tokens that were matched, by descending weight.
    pub parts: Vec<Part>,
    /// Tokens of the query that the listed name lacks.
    pub query_only: Vec<String>,
    /// Tokens of the listed name that the query lacks.
    pub listed_only: Vec<String>,
    /// Whether the countries agree: `agrees`, `differs` or `unknown`.
    pub country: &'static str,
    /// Whether a registration number of the company is an identifier of the entity: `agrees` or `unknown`.
    pub identifier: &'static str,
}

/// The parts of a score. The score is their sum: all numbers have four decimals, and none is rounded after the sum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scoring {
    /// How similar the names are, from 0 to 1. It is 0 if only a number agrees.
    pub name_similarity: f64,
    /// What the date of birth of a person adds or takes away. Organisations have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date_effect: Option<f64>,
    /// What an unknown or another country takes away; the same one adds to the score of a person.
    pub country_effect: f64,
    /// What the same number, of a registration or a document, adds: 0 or more.
    pub number_effect: f64,
    /// What a weak name takes away: 0 or less.
    pub weak_name_effect: f64,
    /// The score, from 0 to 1.
    #[serde(rename = "final")]
    pub score: f64,
}

/// A token of the query that was matched.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// The token, in Latin letters.
    pub query: String,
    /// The matched token of the listed name, in Latin letters.
    pub listed: String,
    /// How they match: `same`, `sound`, `meaning`, `cut`, `near`, `consonants` or `initials`.
    pub how: &'static str,
    /// How similar they are, from 0 to 1.
    pub similarity: f64,
    /// How distinctive the token is, from 0 to 1.
    pub weight: f64,
}

impl Explanation {
    /// Explains `hit`.
    pub fn of(hit: &Hit<'_>) -> Self {
        let mut matches: Vec<&TokenMatch> = hit.reasons.matches.iter().collect();
        matches.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        Self {
            matched_name: hit.matched_name.to_owned(),
            matched_name_kind: hit.name_kind.as_str(),
            weak_name: hit.name_kind == NameKind::Weak,
            scoring: Scoring::of(hit.reasons.score),
            parts: matches.into_iter().map(Part::of).collect(),
            query_only: hit.reasons.query_only.clone(),
            listed_only: hit.reasons.listed_only.clone(),
            country: agreement(hit.reasons.country_agrees),
            identifier: agreement(hit.reasons.number_agrees.then_some(true)),
        }
    }
}

/// Returns whether two values agree, as members of explanations state it: `agrees`, `differs`, or `unknown` if one of
/// them is missing.
pub(crate) fn agreement(agrees: Option<bool>) -> &'static str {
    match agrees {
        Some(true) => "agrees",
        Some(false) => "differs",
        None => "unknown",
    }
}

impl Scoring {
    pub(crate) fn of(parts: ScoreParts) -> Self {
        let ScoreParts { name, country, birth_date, weak_name, number } = parts;
        let in_one = |steps: i32| f64::from(steps) / 1e4;
        Self {
            name_similarity: in_one(name),
            birth_date_effect: birth_date.map(in_one),
            country_effect: in_one(country),
            number_effect: in_one(number),
            weak_name_effect: in_one(weak_name),
            score: in_one(parts.sum()),
        }
    }
}

impl Part {
    fn of(matched: &TokenMatch) -> Self {
        let rounded = |value: f32| (f64::from(value) * 1e3).round() / 1e3;
        Self {
            query: matched.query.clone(),
            listed: matched.listed.clone(),
            how: match matched.kind {
                MatchKind::Exact => "same",
                MatchKind::Phonetic => "sound",
                MatchKind::Synonym => "meaning",
                MatchKind::Truncation => "cut",
                MatchKind::Fuzzy => "near",
                MatchKind::Skeleton => "consonants",
                MatchKind::Acronym => "initials",
            },
            similarity: rounded(matched.similarity),
            weight: rounded(matched.weight),
        }
    }
}
