//! Hits of a query: listed entities, each with a score and the reasons for it.

use crate::{entity::ListedEntity, names::MatchKind};

/// A listed entity that the company of a query could be.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit<'a> {
    /// The entity.
    pub entity: &'a ListedEntity,
    /// The name of the entity that was matched: its main name or an alias.
    pub matched_name: &'a str,
    /// Whether the matched name is one of [`ListedEntity::weak_aliases`]. Such a name alone does not identify the
    /// entity: the hit is a resemblance, whatever its score.
    pub is_weak: bool,
    /// How well it matches, from 0 to 1.
    pub score: f32,
    /// Why it matches.
    pub(crate) reasons: Reasons,
}

/// The reasons why an entity matches.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reasons {
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
