//! The vocabulary of the checks: concepts, such as being fined or bribery, with the words for them in many
//! languages. Texts in different languages are compared by the concepts that they mention.

mod terms;

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

pub(crate) use self::terms::{Found, Terms};
use crate::language::Language;

/// A concept, by its index in the lexicon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Concept(u16);

/// What a concept is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Group {
    /// A stage of proceedings.
    Process,
    /// What supersedes an earlier event.
    End,
    /// Another event.
    Event,
    /// What a company does in the course of business, or what is done to it.
    Action,
    /// What a company can be reproached with.
    Matter,
    /// An authority.
    Authority,
    /// A person who is not the company.
    Person,
    /// Another company, by its relation to the company.
    Affiliate,
    /// What a figure measures.
    Thing,
    /// What changes how certain a statement is.
    Mark,
    /// One of a pair of opposites.
    Opposite,
    /// A country or city.
    Place,
}

#[derive(Debug)]
struct Entry {
    name: String,
    group: Group,
    kin: Vec<Concept>,
    opposite: Option<Concept>,
    /// The country of a place.
    country: Option<Concept>,
}

#[derive(Deserialize)]
struct FileEntry {
    group: Option<Group>,
    #[serde(default)]
    kin: String,
    opposite: Option<String>,
    #[serde(flatten)]
    terms: HashMap<Language, String>,
}

/// The concepts and their terms.
#[derive(Debug)]
pub(crate) struct Lexicon {
    entries: Vec<Entry>,
    by_name: HashMap<String, Concept>,
    terms: HashMap<Language, Terms<Concept>>,
    places: Terms<Concept>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::read);

/// Files of concepts, each with the group of those that name none.
const FILES: [(&str, Group); 9] = [
    (include_str!("data/stages.toml"), Group::Event),
    (include_str!("data/actions.toml"), Group::Action),
    (include_str!("data/matters.toml"), Group::Matter),
    (include_str!("data/parties.toml"), Group::Authority),
    (include_str!("data/things.toml"), Group::Thing),
    (include_str!("data/subjects.toml"), Group::Thing),
    (include_str!("data/goods.toml"), Group::Thing),
    (include_str!("data/marks.toml"), Group::Mark),
    (include_str!("data/opposites.toml"), Group::Opposite),
];

/// Files of places.
const COUNTRIES: [&str; 2] = [include_str!("data/countries.tsv"), include_str!("data/nationalities.tsv")];
const CITIES: [&str; 2] = [include_str!("data/cities.tsv"), include_str!("data/places.tsv")];

impl Concept {
    /// Returns the concept with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        LEXICON.by_name.get(name).copied()
    }

    /// Returns the concept of the country with this ISO 3166-1 alpha-2 code.
    pub(crate) fn country_with_code(code: &str) -> Option<Self> {
        Self::named(&format!("country {code}"))
    }

    /// Returns the concept's name in the lexicon.
    pub(crate) fn name(self) -> &'static str {
        &LEXICON.entries[usize::from(self.0)].name
    }

    /// Returns what the concept is.
    pub(crate) fn group(self) -> Group {
        LEXICON.entries[usize::from(self.0)].group
    }

    /// Returns the opposite of the concept, if it has one.
    pub(crate) fn opposite(self) -> Option<Self> {
        LEXICON.entries[usize::from(self.0)].opposite
    }

    /// Returns the country of a place, which is the place itself for a country.
    pub(crate) fn country(self) -> Option<Self> {
        LEXICON.entries[usize::from(self.0)].country
    }

    /// Returns whether a text may use `other` for this concept.
    pub(crate) fn is_kin(self, other: Self) -> bool {
        self == other || LEXICON.entries[usize::from(self.0)].kin.contains(&other)
    }
}

impl Lexicon {
    /// Returns the terms for concepts in `language`.
    pub(crate) fn terms(language: Language) -> Option<&'static Terms<Concept>> {
        LEXICON.terms.get(&language)
    }

    /// Returns the terms for places, in all languages.
    pub(crate) fn places() -> &'static Terms<Concept> {
        &LEXICON.places
    }

    fn read() -> Self {
        let (mut entries, mut by_name) = (Vec::new(), HashMap::new());
        let mut terms: HashMap<Language, Vec<(String, Concept)>> = HashMap::new();
        let (mut kin, mut opposites) = (Vec::new(), Vec::new());
        for (file, group) in FILES {
            #[expect(clippy::expect_used, reason = "the files are part of the binary and a test uses them")]
            let file: toml::Table = toml::from_str(file).expect("the file is valid");
            for (name, entry) in file {
                #[expect(
                    clippy::expect_used,
                    reason = "the files are part of the binary and a test uses them"
                )]
                let entry: FileEntry = entry.try_into().expect("the entry is valid");
                let concept = Concept(u16::try_from(entries.len()).unwrap_or(u16::MAX));
                for (language, list) in &entry.terms {
                    let terms = terms.entry(*language).or_default();
                    terms.extend(list.split(", ").map(|term| (term.to_owned(), concept)));
                }
                opposites.extend(entry.opposite.clone().map(|other| (concept, other)));
                kin.extend(entry.kin.split_whitespace().map(|other| (concept, other.to_owned())));
                entries.push(Entry {
                    name: name.clone(),
                    group: entry.group.unwrap_or(group),
                    kin: Vec::new(),
                    opposite: None,
                    country: None,
                });
                by_name.insert(name, concept);
            }
        }
        for (concept, other) in kin {
            if let Some(other) = by_name.get(&other).copied() {
                entries[usize::from(concept.0)].kin.push(other);
            }
        }
        for (concept, other) in opposites {
            entries[usize::from(concept.0)].opposite = by_name.get(&other).copied();
        }
        let mut places = Vec::new();
        for file in COUNTRIES {
            for (code, names) in rows(file) {
                let name = format!("country {code}");
                let concept = *by_name.entry(name.clone()).or_insert_with(|| {
                    let concept = Concept(u16::try_from(entries.len()).unwrap_or(u16::MAX));
                    entries.push(Entry {
                        name,
                        group: Group::Place,
                        kin: Vec::new(),
                        opposite: None,
                        country: Some(concept),
                    });
                    concept
                });
                places.extend(names.split('|').map(|name| (name, concept)));
            }
        }
        for (code, names) in CITIES.into_iter().flat_map(rows) {
            let concept = Concept(u16::try_from(entries.len()).unwrap_or(u16::MAX));
            let country = by_name.get(&format!("country {code}")).copied();
            let name = names.split('|').next().unwrap_or(names).to_owned();
            entries.push(Entry { name, group: Group::Place, kin: Vec::new(), opposite: None, country });
            places.extend(names.split('|').map(|name| (name, concept)));
        }
        let terms = terms.into_iter().map(|(language, terms)| {
            let terms = terms.iter().map(|(term, concept)| (term.as_str(), *concept));
            (language, Terms::new(terms))
        });
        Self { terms: terms.collect(), entries, by_name, places: Terms::new(places.into_iter()) }
    }
}

/// Returns the rows of a table: a key, and names separated by `|`.
pub(crate) fn rows(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    file.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_every_reference_in_it_exists() {
        for (file, _) in FILES {
            let file: toml::Table = toml::from_str(file).unwrap();
            for (name, entry) in file {
                let entry: FileEntry = entry.try_into().unwrap();
                assert!(Concept::named(&name).is_some(), "{name}");
                for other in entry.kin.split_whitespace().chain(entry.opposite.as_deref()) {
                    assert!(Concept::named(other).is_some(), "{name} names {other}");
                }
                for required in [Language::En, Language::Ja] {
                    assert!(entry.terms.contains_key(&required), "{name} has no words in {required:?}");
                }
            }
        }
        assert_eq!(Concept::country_with_code("DE").and_then(Concept::country), Concept::named("country DE"));
    }
}
