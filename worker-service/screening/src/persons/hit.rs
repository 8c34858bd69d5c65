//! Listed persons whom a query may mean.

use super::{dates::DateAgreement, score::MATCH_THRESHOLD};
use crate::{entity::ListedEntity, explain::Part};

/// What kind of name of a listed person was matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// The main name.
    Main,
    /// Another name.
    Alias,
    /// A name that alone does not identify the person.
    Weak,
}

/// A listed person whom a query may mean.
#[derive(Clone, Debug)]
pub struct PersonHit<'a> {
    /// The person.
    pub entity: &'a ListedEntity,
    /// The name that was matched.
    pub matched_name: &'a str,
    /// What kind of name it is. A weak name makes a match only if the date of birth agrees.
    pub name_kind: NameKind,
    /// How well the person matches, from 0 to 1.
    pub score: f32,
    pub(super) reasons: Reasons,
}

/// Why a person was found.
#[derive(Clone, Debug)]
pub(super) struct Reasons {
    /// The score of the name alone.
    pub(super) name_score: f32,
    pub(super) parts: Vec<Part>,
    pub(super) query_only: Vec<String>,
    pub(super) listed_only: Vec<String>,
    pub(super) birth_date: DateAgreement,
    /// What the date of birth added to the score, or took from it.
    pub(super) birth_date_effect: f32,
    pub(super) country_agrees: Option<bool>,
    pub(super) country_effect: f32,
    /// What was taken from the score because the name is weak.
    pub(super) weak_name_effect: f32,
    pub(super) number_agrees: bool,
}

impl PersonHit<'_> {
    /// Returns whether the hit is a match, which somebody has to clear, and not only a resemblance.
    pub fn is_match(&self) -> bool {
        self.score >= MATCH_THRESHOLD
    }
}
