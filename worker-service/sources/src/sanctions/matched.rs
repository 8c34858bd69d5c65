//! What evidence tells of an entry of a list that matches, whether it is an organisation or a person.

use domain::evidence::{MatchReasons, ScorePart, WordMatch};
use screening::{Explanation, Hit, ListedEntity, NameKind, Part, Scoring, persons::PersonHit};

/// Minimum weight, from 0 to 1, of a word that the reasons mention. Legal forms and articles weigh less.
const MENTIONED_WEIGHT_MIN: f64 = 0.05;

/// Minimum effect on the score, from 0 to 1, that the reasons mention: half a percent, which would be rounded to nothing.
const SHOWN_EFFECT_MIN: f64 = 0.005;

/// An entry of a list that matches.
#[derive(Clone, Debug)]
pub(super) struct Match<'a> {
    pub(super) entity: ListedEntity<&'a str>,
    /// The name of the entry that was matched.
    pub(super) name: &'a str,
    /// Whether this name alone does not identify the entry.
    pub(super) is_weak: bool,
    /// How well it matches, from 0 to 1.
    pub(super) score: f32,
    /// Whether a person has to clear it, so that it is more than a resemblance.
    pub(super) is_match: bool,
    /// Why it matches.
    pub(super) reasons: MatchReasons,
}

impl<'a> Match<'a> {
    /// Returns the match of an organisation.
    pub(super) fn of(hit: &Hit<'a>) -> Self {
        let explanation = Explanation::of(hit);
        let is_mentioned = |part: &&Part| part.weight >= MENTIONED_WEIGHT_MIN;
        let reasons = MatchReasons {
            name: explanation.matched_name,
            name_kind: explanation.matched_name_kind.to_owned(),
            score: score_parts(&explanation.scoring),
            words: explanation.parts.iter().filter(is_mentioned).map(word_match).collect(),
            query_only: explanation.query_only,
            listed_only: explanation.listed_only,
            birth_date: None,
            country: explanation.country.to_owned(),
            same_number: same_number(explanation.identifier, "registration"),
        };
        Self {
            entity: hit.entity.clone(),
            name: hit.matched_name,
            is_weak: hit.name_kind == NameKind::Weak,
            score: hit.score,
            is_match: hit.is_match(),
            reasons,
        }
    }

    /// Returns the match of a person.
    pub(super) fn of_person(hit: &PersonHit<'a>) -> Self {
        let explanation = hit.explanation();
        let reasons = MatchReasons {
            name: explanation.matched_name,
            name_kind: explanation.matched_name_kind.to_owned(),
            score: score_parts(&explanation.scoring),
            words: explanation.parts.iter().map(word_match).collect(),
            query_only: explanation.query_only,
            listed_only: explanation.listed_only,
            birth_date: Some(explanation.birth_date.to_owned()),
            country: explanation.country.to_owned(),
            same_number: same_number(explanation.identifier, "document"),
        };
        Self {
            entity: hit.entity.borrowed(),
            name: hit.matched_name,
            is_weak: hit.name_kind == NameKind::Weak,
            score: hit.score,
            is_match: hit.is_match(),
            reasons,
        }
    }
}

fn word_match(part: &Part) -> WordMatch {
    WordMatch { query: part.query.clone(), listed: part.listed.clone(), how: part.how.to_owned() }
}

fn same_number(identifier: &str, kind: &str) -> Option<String> {
    (identifier == "agrees").then(|| kind.to_owned())
}

/// Returns the parts of a score, or none if it is the likeness of the names alone.
fn score_parts(scoring: &Scoring) -> Vec<ScorePart> {
    let effects = [
        ("birth_date", scoring.birth_date_effect.unwrap_or_default()),
        ("country", scoring.country_effect),
        ("weak_name", scoring.weak_name_effect),
        ("number", scoring.number_effect),
    ];
    let shown: Vec<ScorePart> = effects
        .into_iter()
        .filter(|(_, effect)| effect.abs() >= SHOWN_EFFECT_MIN)
        .map(|(part, effect)| score_part(part, effect))
        .collect();
    if shown.is_empty() { shown } else { [vec![score_part("name", scoring.name_similarity)], shown].concat() }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to -100..=100")]
fn score_part(part: &str, effect: f64) -> ScorePart {
    ScorePart { part: part.to_owned(), points: (effect.clamp(-1.0, 1.0) * 100.0).round() as i8 }
}
