//! The kinds of queries: what is done to a listed name, or how a clean name is made.

mod companies;
mod persons;

use screening::{EntityKind, ListedEntity};

use crate::{engine::Query, perturb::Perturbation, random::Random, words::ListWords};

/// How many times the sample of other kinds is taken of clean names that are put together: alerts on them are rare,
/// and their proportion needs more queries.
const COMPOSED_FACTOR: usize = 5;

/// How the queries of a kind are made.
#[derive(Clone, Copy)]
pub(crate) enum Make {
    /// From the main name of an entry, which is expected to be found. A person's is written given name first.
    Name(Perturbation),
    /// From an entry, which is expected to be found.
    Entry(fn(&ListedEntity, &mut Random) -> Option<Query>),
    /// From an entry, as a name that means somebody else.
    Sibling(fn(&ListedEntity, &ListWords, &mut Random) -> Option<Query>),
    /// From tables, as a name that means nobody on the list.
    Composed(fn(&ListWords, &mut Random) -> Option<Query>),
}

/// A kind of query.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// Its name in the data, which also selects its random numbers.
    pub(crate) id: &'static str,
    /// Its name in words.
    pub(crate) title: &'static str,
    /// How its queries are made, in one sentence.
    pub(crate) method: &'static str,
    /// The countries of the entries that it applies to, or none for all: ISO 3166-1 alpha-2.
    pub(crate) only_in: &'static [&'static str],
    pub(crate) make: Make,
}

impl Kind {
    const fn new(id: &'static str, title: &'static str, method: &'static str, make: Make) -> Self {
        Self { id, title, method, only_in: &[], make }
    }

    const fn only_in(self, countries: &'static [&'static str]) -> Self {
        Self { only_in: countries, ..self }
    }

    /// Returns whether nothing is expected to be found.
    pub(crate) fn is_clean(&self) -> bool {
        matches!(self.make, Make::Sibling(_) | Make::Composed(_))
    }

    /// Returns whether its names are made like those of ordinary customers and not to resemble an entry.
    pub(crate) fn is_ordinary(&self) -> bool {
        matches!(self.make, Make::Composed(_))
    }

    /// Returns the number of queries that a run with this sample asks for.
    pub(crate) fn wanted(&self, sample: usize) -> usize {
        if self.is_ordinary() { sample * COMPOSED_FACTOR } else { sample }
    }

    /// Returns whether it applies to an entry of these countries.
    pub(crate) fn applies_in(&self, countries: &[String]) -> bool {
        self.only_in.is_empty() || countries.iter().any(|country| self.only_in.contains(&country.as_str()))
    }
}

/// Returns the kinds of queries for entries of a kind.
pub(crate) fn of(subject: EntityKind) -> &'static [Kind] {
    match subject {
        EntityKind::Organization => &companies::KINDS,
        EntityKind::Person => &persons::KINDS,
    }
}

/// Countries whose names are written in Arabic, Persian or Cyrillic script: their romanisation varies.
const ROMANISED: [&str; 36] = [
    "AE", "AF", "BG", "BH", "BY", "DJ", "DZ", "EG", "EH", "IQ", "IR", "JO", "KG", "KM", "KW", "KZ", "LB",
    "LY", "MA", "MK", "MN", "MR", "OM", "PK", "PS", "QA", "RS", "RU", "SA", "SD", "SO", "SY", "TJ", "TN",
    "UA", "YE",
];
/// Countries whose names are written in Cyrillic script, and romanised as Russian ones are (Serbian ones are not).
const CYRILLIC: [&str; 8] = ["BG", "BY", "KG", "KZ", "MN", "RU", "TJ", "UA"];

/// Returns the query for `name` with the country and the date of birth of `entity`.
pub(crate) fn query(entity: &ListedEntity, name: String) -> Query {
    Query {
        name,
        country: entity.countries.first().cloned(),
        birth_date: entity.birth_dates.first().copied(),
    }
}

/// Returns the main name of an entry as it is listed.
fn exact(entity: &ListedEntity, _: &mut Random) -> Option<Query> {
    Some(query(entity, entity.name.clone()))
}

/// Returns one of the other names of an entry. Weak names alone do not identify anybody and are left out.
fn alias(entity: &ListedEntity, random: &mut Random) -> Option<Query> {
    let alias = random.choose(&entity.aliases)?;
    Some(query(entity, alias.clone()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_kind_has_its_own_name_and_a_sentence() {
        for subject in [EntityKind::Organization, EntityKind::Person] {
            let kinds = of(subject);
            let ids: HashSet<&str> = kinds.iter().map(|kind| kind.id).collect();
            let titles: HashSet<&str> = kinds.iter().map(|kind| kind.title).collect();
            assert_eq!((ids.len(), titles.len()), (kinds.len(), kinds.len()));
            assert!(kinds.iter().all(|kind| kind.method.ends_with('.')));
            assert!(kinds.iter().any(Kind::is_clean) && kinds.iter().any(Kind::is_ordinary));
        }
    }
}
