//! Screening: which listed bodies a company could be, with a score and its reasons.

pub mod command;
mod compare;
mod explain;
mod index;
pub mod lists;
pub mod names;

use rustc_hash::FxHashMap;

pub use self::{compare::Pair, explain::Explanation};
use self::{
    compare::{Comparison, Query},
    index::Index,
};
use crate::names::Name;

/// A body is reported from this score on. Chosen where the share of listed bodies found is largest
/// while fewer than three of a hundred unlisted companies are reported (docs/EVIDENCE.md).
pub const MATCH_THRESHOLD: f32 = 0.75;

/// Shorter numbers are the same by chance.
const NUMBER_MIN: usize = 6;
/// The score of an entry that has the company's number under another name.
const NUMBER_ALONE: f32 = 0.95;

/// A body on a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its id, unique among all lists.
    pub id: String,
    /// Its main name.
    pub name: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// Where it is, ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// Why it is listed.
    pub programs: Vec<String>,
    /// Its numbers, as the list writes them.
    pub ids: Vec<String>,
}

impl Entry {
    /// Whether it is in `country`; none where either side has none.
    fn is_in(&self, country: Option<&str>) -> Option<bool> {
        let known = country.filter(|_| !self.countries.is_empty());
        known.map(|code| self.countries.iter().any(|other| other == code))
    }
}

/// A listed body that the company could be.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit<'a> {
    /// The body.
    pub entry: &'a Entry,
    /// Which of its names was recognised.
    pub name: &'a str,
    /// From 0 to 1.
    pub score: f32,
    /// Why.
    pub why: Why,
}

/// Why a body was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Why {
    /// Words that were recognised.
    pub pairs: Vec<Pair>,
    /// Words of the asked name that the listed one lacks.
    pub asked_only: Vec<String>,
    /// The reverse.
    pub listed_only: Vec<String>,
    /// Whether the country agrees; none where one side has none.
    pub country: Option<bool>,
    /// Whether a number of the company stands in the entry.
    pub identifier: bool,
}

/// Entries that can be searched.
#[derive(Debug)]
pub struct Screen {
    entries: Vec<Entry>,
    index: Index,
    by_number: FxHashMap<String, Vec<u32>>,
}

impl Screen {
    /// How many bodies there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Prepares `entries`.
    pub fn new(entries: Vec<Entry>) -> Self {
        let names = entries
            .iter()
            .map(|entry| std::iter::once(&entry.name).chain(&entry.aliases).map(String::as_str).collect());
        let index = Index::new(names);
        let mut by_number: FxHashMap<String, Vec<u32>> = FxHashMap::default();
        for (at, entry) in (0_u32..).zip(&entries) {
            // An id is written as kind, country and number.
            let ids = entry.ids.iter().map(|id| id.split_once(':').unwrap_or(("id", id)));
            let ids = ids.filter(|(kind, _)| matches!(*kind, "reg" | "tax" | "lei" | "id"));
            let numbers = ids.map(|(_, rest)| bare(rest.rsplit(':').next().unwrap_or_default()));
            for number in numbers.filter(|number| number.len() >= NUMBER_MIN) {
                by_number.entry(number).or_default().push(at);
            }
        }
        Self { entries, index, by_number }
    }

    /// The bodies that a company called `name` in `country` could be, from a score of `least` on,
    /// likeliest first.
    pub fn search(&self, name: &str, country: Option<&str>, least: f32) -> Vec<Hit<'_>> {
        self.search_with(name, country, None, least)
    }

    /// [`search`](Self::search) for a company whose registration number is known, too: an entry that
    /// has the number is found whatever its name is.
    pub fn search_with(
        &self,
        name: &str,
        country: Option<&str>,
        number: Option<&str>,
        least: f32,
    ) -> Vec<Hit<'_>> {
        let mut hits = self.by_name(name, country, least);
        let Some(number) = number.map(bare).filter(|number| number.len() >= NUMBER_MIN) else { return hits };
        for at in self.by_number.get(&number).into_iter().flatten() {
            let entry = &self.entries[*at as usize];
            // The same digits of another country's register are another number.
            let agrees = entry.is_in(country);
            if !is_lei(&number) && country.is_some() && agrees != Some(true) {
                continue;
            }
            match hits.iter_mut().find(|hit| hit.entry.id == entry.id) {
                Some(hit) => {
                    hit.why.identifier = true;
                    hit.score = 1.0;
                }
                None => {
                    let why = Why { identifier: true, country: agrees, ..Why::default() };
                    hits.push(Hit { entry, name: &entry.name, score: NUMBER_ALONE, why });
                }
            }
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.entry.id.cmp(&b.entry.id)));
        hits
    }

    fn by_name(&self, name: &str, country: Option<&str>, least: f32) -> Vec<Hit<'_>> {
        let mut best: FxHashMap<u32, Hit<'_>> = FxHashMap::default();
        for reading in Name::readings(name) {
            let asked = Query::new(&self.index, reading);
            for id in self.index.candidates(&asked.name, &asked.weights, &asked.alike) {
                let listed = &self.index.names[id as usize];
                let entry = &self.entries[listed.entry as usize];
                let comparison = asked.compare(listed);
                let agrees = entry.is_in(country);
                let score = scored(&comparison, agrees);
                if score < least || best.get(&listed.entry).is_some_and(|hit| hit.score >= score) {
                    continue;
                }
                let Comparison { pairs, asked_only, listed_only, .. } = comparison;
                let alias = (listed.which as usize).checked_sub(1);
                let name = alias.map_or(entry.name.as_str(), |at| &entry.aliases[at]);
                let why = Why { pairs, asked_only, listed_only, country: agrees, identifier: false };
                best.insert(listed.entry, Hit { entry, name, score, why });
            }
        }
        let mut hits: Vec<_> = best.into_values().collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.entry.id.cmp(&b.entry.id)));
        hits
    }
}

/// A number as registries and lists may both have it.
fn bare(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether `number` has the length of an LEI, which no two bodies share in any country (ISO 17442).
fn is_lei(number: &str) -> bool {
    number.len() == 20
}

fn scored(comparison: &Comparison, country_agrees: Option<bool>) -> f32 {
    let doubt = match country_agrees {
        Some(true) => 0.0,
        None => 0.02,
        Some(false) => 0.12 + 0.25 * (-comparison.told).exp(),
    };
    comparison.score * (1.0 - doubt)
}

#[cfg(test)]
mod tests;
