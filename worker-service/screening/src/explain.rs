//! Why a body was found, as data and in words.

use serde::Serialize;

use super::{Hit, Pair};
use crate::names::Likeness;

/// Why a body was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The body's name that was recognised.
    pub matched_name: String,
    /// The words that were recognised, those that tell most in front.
    pub parts: Vec<Part>,
    /// Words of the query that the listed name lacks.
    pub query_only: Vec<String>,
    /// Words of the listed name that the query lacks.
    pub listed_only: Vec<String>,
    /// Whether the countries agree: `agrees`, `differs` or `unknown`.
    pub country: &'static str,
    /// Whether a number of the company stands in the entry: `agrees` or `unknown`.
    pub identifier: &'static str,
}

/// A word that was recognised.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// As asked, in Latin letters.
    pub query: String,
    /// As listed.
    pub listed: String,
    /// Why: `same`, `sound`, `meaning`, `cut`, `near` or `consonants`.
    pub how: &'static str,
    /// From 0 to 1.
    pub similarity: f64,
    /// What the word tells, from 0 to 1.
    pub weight: f64,
}

impl Explanation {
    /// The explanation of `hit`.
    pub fn of(hit: &Hit<'_>) -> Self {
        let mut pairs: Vec<&Pair> = hit.why.pairs.iter().collect();
        pairs.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        Self {
            matched_name: hit.name.to_owned(),
            parts: pairs.into_iter().map(Part::of).collect(),
            query_only: hit.why.asked_only.clone(),
            listed_only: hit.why.listed_only.clone(),
            country: match hit.why.country {
                Some(true) => "agrees",
                Some(false) => "differs",
                None => "unknown",
            },
            identifier: if hit.why.identifier { "agrees" } else { "unknown" },
        }
    }

    /// The same in words, for a piece of evidence.
    pub fn in_words(&self) -> String {
        let mut words = Vec::new();
        for part in self.parts.iter().filter(|part| part.weight >= 0.05) {
            let how = match part.how {
                "same" => format!("\"{}\" is the same", part.query),
                "sound" => format!("\"{}\" sounds like \"{}\"", part.query, part.listed),
                "meaning" => format!("\"{}\" means \"{}\"", part.query, part.listed),
                "cut" => format!("\"{}\" and \"{}\" are one word cut short", part.query, part.listed),
                "consonants" => format!("\"{}\" has the consonants of \"{}\"", part.query, part.listed),
                _ => format!("\"{}\" differs little from \"{}\"", part.query, part.listed),
            };
            words.push(how);
        }
        if !self.query_only.is_empty() {
            words.push(format!("only in the request: {}", self.query_only.join(" ")));
        }
        if !self.listed_only.is_empty() {
            words.push(format!("only on the list: {}", self.listed_only.join(" ")));
        }
        words.push(format!("country {}", self.country));
        if self.identifier == "agrees" {
            words.push("a registration number is the same".to_owned());
        }
        words.join("; ")
    }
}

impl Part {
    fn of(pair: &Pair) -> Self {
        let rounded = |value: f32| (f64::from(value) * 1e3).round() / 1e3;
        Self {
            query: pair.asked.clone(),
            listed: pair.listed.clone(),
            how: match pair.likeness {
                Likeness::Same => "same",
                Likeness::Sound => "sound",
                Likeness::Meaning => "meaning",
                Likeness::Cut => "cut",
                Likeness::Near => "near",
                Likeness::Consonants => "consonants",
            },
            similarity: rounded(pair.similarity),
            weight: rounded(pair.weight),
        }
    }
}
