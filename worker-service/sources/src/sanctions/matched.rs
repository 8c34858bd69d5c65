//! What evidence tells of an entry of a list that matches, whether it is an organisation or a person.

use screening::{Explanation, Hit, ListedEntity, NameKind, persons::PersonHit};

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
    /// What the score consists of, as text, unless it is the likeness of the names alone.
    pub(super) parts: Option<String>,
    /// Why it matches, as text.
    pub(super) reasons: String,
}

impl<'a> Match<'a> {
    /// Returns the match of an organisation.
    pub(super) fn of(hit: &Hit<'a>) -> Self {
        let explanation = Explanation::of(hit);
        Self {
            entity: hit.entity.clone(),
            name: hit.matched_name,
            is_weak: hit.name_kind == NameKind::Weak,
            score: hit.score,
            is_match: hit.is_match(),
            parts: explanation.scoring.in_words(),
            reasons: explanation.in_words(),
        }
    }

    /// Returns the match of a person.
    pub(super) fn of_person(hit: &PersonHit<'a>) -> Self {
        let explanation = hit.explanation();
        Self {
            entity: hit.entity.borrowed(),
            name: hit.matched_name,
            is_weak: hit.name_kind == NameKind::Weak,
            score: hit.score,
            is_match: hit.is_match(),
            parts: explanation.scoring.in_words(),
            reasons: explanation.in_words(),
        }
    }
}
