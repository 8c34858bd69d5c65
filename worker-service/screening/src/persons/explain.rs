//! Explains a hit, as data and as a sentence.

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

    /// Returns the explanation as text for a piece of evidence.
    pub fn in_words(&self) -> String {
        let mut clauses: Vec<String> = self.parts.iter().map(part_in_words).collect();
        if !self.query_only.is_empty() {
            clauses.push(format!("only in the request: {}", self.query_only.join(" ")));
        }
        if !self.listed_only.is_empty() {
            clauses.push(format!("only on the list: {}", self.listed_only.join(" ")));
        }
        clauses.push(format!("date of birth {}", self.birth_date));
        clauses.push(format!("country {}", self.country));
        if self.identifier == "agrees" {
            clauses.push("the number of a document is the same".to_owned());
        }
        clauses.join("; ")
    }
}

impl PersonHit<'_> {
    /// Returns why the person was found.
    pub fn explanation(&self) -> PersonExplanation {
        PersonExplanation::of(self)
    }
}

fn part_in_words(part: &Part) -> String {
    let Part { query, listed, how, .. } = part;
    match *how {
        "same" => format!("\"{query}\" is the same"),
        "sound" => format!("\"{query}\" sounds like \"{listed}\""),
        "variant" => format!("\"{query}\" is a form of \"{listed}\""),
        "syllables" => format!("\"{query}\" has the syllables of \"{listed}\""),
        "consonants" => format!("\"{query}\" has the consonants of \"{listed}\""),
        "nickname" => format!("\"{query}\" and \"{listed}\" are short and full forms of one name"),
        "initial" => format!("\"{query}\" and \"{listed}\" have the same initial"),
        "joined" => format!("\"{query}\" and \"{listed}\" are the same, written together or apart"),
        _ => format!("\"{query}\" differs little from \"{listed}\""),
    }
}

pub(super) fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e3).round() / 1e3
}
