//! The engines under test: one for companies and other bodies, one for persons.

use screening::{
    BirthDate, MATCH_THRESHOLD, Screener,
    persons::{self, PersonQuery, PersonScreener},
};

/// What an engine is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// The name of a company or a person.
    pub(crate) name: String,
    /// The country: ISO 3166-1 alpha-2.
    pub(crate) country: Option<String>,
    /// The date of birth of a person.
    pub(crate) birth_date: Option<BirthDate>,
}

/// An entry that an engine found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found<'a> {
    /// The id of the entry.
    pub(crate) id: &'a str,
    /// The name of the entry that was matched.
    pub(crate) name: &'a str,
    /// How well it matches, from 0 to 1.
    pub(crate) score: f32,
}

/// A screening engine over one list.
pub(crate) trait Engine: Sync {
    /// Returns every entry that the subject of `query` could be, whatever its score, the best one first.
    fn search(&self, query: &Query) -> Vec<Found<'_>>;

    /// The score from which an entry is reported as a match.
    fn threshold(&self) -> f32;
}

impl Engine for Screener {
    fn search(&self, query: &Query) -> Vec<Found<'_>> {
        let hits = self.search(&query.name, query.country.as_deref(), 0.0);
        hits.into_iter()
            .map(|hit| Found { id: hit.entity.id, name: hit.matched_name, score: hit.score })
            .collect()
    }

    fn threshold(&self) -> f32 {
        MATCH_THRESHOLD
    }
}

impl Engine for PersonScreener {
    fn search(&self, query: &Query) -> Vec<Found<'_>> {
        let query = PersonQuery {
            name: &query.name,
            birth_date: query.birth_date.as_ref(),
            country: query.country.as_deref(),
            number: None,
        };
        self.search(&query, 0.0)
            .into_iter()
            .map(|hit| Found { id: &hit.entity.id, name: hit.matched_name, score: hit.score })
            .collect()
    }

    fn threshold(&self) -> f32 {
        persons::MATCH_THRESHOLD
    }
}
