//! Explains a hit, as data and as a sentence.

use serde::Serialize;

use super::hit::{NameKind, PersonHit};
use crate::explain::Part;

/// The reasons why a listed person was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonExplanation {
    /// The name of the person that was matched.
    pub matched_name: String,
    /// What kind of name it is: `main`, `alias` or `weak`.
    pub name_kind: &'static str,
    /// How well the names agree, from 0 to 1.
    pub name_score: f64,
    /// The tokens that were matched, by descending weight. `how` is `same`, `sound`, `variant`, `syllables`,
    /// `near`, `consonants`, `nickname`, `initial` or `joined`.
    pub parts: Vec<Part>,
    /// Tokens of the query that the listed name lacks.
    pub query_only: Vec<String>,
    /// Tokens of the listed name that the query lacks.
    pub listed_only: Vec<String>,
    /// Whether the dates of birth agree: `same`, `agrees` (as far as both are known), `near`, `differs` or `unknown`.
    pub birth_date: &'static str,
    /// What the date of birth added to the score, or took from it.
    pub birth_date_effect: f64,
    /// Whether the countries agree: `agrees`, `differs` or `unknown`.
    pub country: &'static str,
    /// What the country added to the score, or took from it.
    pub country_effect: f64,
    /// What was taken from the score because the name is weak and the date of birth does not agree.
    pub weak_name_effect: f64,
    /// Whether the number of a document is the same: `agrees` or `unknown`.
    pub number: &'static str,
}

impl PersonExplanation {
    /// Explains `hit`.
    pub fn of(hit: &PersonHit<'_>) -> Self {
        let reasons = &hit.reasons;
        let mut parts = reasons.parts.clone();
        parts.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        Self {
            matched_name: hit.matched_name.to_owned(),
            name_kind: match hit.name_kind {
                NameKind::Main => "main",
                NameKind::Alias => "alias",
                NameKind::Weak => "weak",
            },
            name_score: rounded(reasons.name_score),
            parts,
            query_only: reasons.query_only.clone(),
            listed_only: reasons.listed_only.clone(),
            birth_date: reasons.birth_date.name(),
            birth_date_effect: rounded(reasons.birth_date_effect),
            country: match reasons.country_agrees {
                Some(true) => "agrees",
                Some(false) => "differs",
                None => "unknown",
            },
            country_effect: rounded(reasons.country_effect),
            weak_name_effect: rounded(reasons.weak_name_effect),
            number: if reasons.number_agrees { "agrees" } else { "unknown" },
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
        if self.name_kind == "weak" {
            clauses.push("the listed name is a weak alias".to_owned());
        }
        clauses.push(format!("date of birth {}", self.birth_date));
        clauses.push(format!("country {}", self.country));
        if self.number == "agrees" {
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
