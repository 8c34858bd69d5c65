//! The EU's consolidated list of financial sanctions, version 1.1, as XML and as CSV.

pub(super) mod csv;
pub(super) mod xml;

use super::{
    dates,
    identifiers::add_identifier,
    text::{add, tidy},
};
use crate::{
    birth_date::BirthDate,
    entity::{EntityKind, ListedEntity, Topic},
};

const NAME: &str = "EU consolidated list";

/// Types of identification, with the kind of identifier.
const IDENTIFICATIONS: [(&str, &str); 8] = [
    ("regnumber", "reg"),
    ("fiscalcode", "tax"),
    ("swiftbic", "swift"),
    ("tradelic", "reg"),
    ("imo", "imo"),
    ("other", "reg"),
    ("passport", "passport"),
    ("id", "national"),
];

/// First code point beyond the Latin letters of European languages.
const AFTER_LATIN: char = '\u{250}';

/// The names of an entity by their quality. The list does not mark a main name.
#[derive(Default)]
struct Names {
    strong: Vec<String>,
    weak: Vec<String>,
}

impl Names {
    /// Adds the name that is `whole` or consists of `parts`.
    fn add(&mut self, is_weak: bool, whole: &str, parts: [&str; 3]) {
        let names = if is_weak { &mut self.weak } else { &mut self.strong };
        match whole {
            "" => add(names, &parts.join(" ")),
            whole => add(names, whole),
        }
    }

    /// Makes the name that was added last a weak one.
    fn weaken_last(&mut self) {
        self.weak.extend(self.strong.pop());
    }

    /// Sets the names of `entity`. Its main name is the first strong one in Latin letters, or else the first
    /// strong one, or else the first weak one.
    fn give(self, entity: &mut ListedEntity) {
        let is_latin = |name: &&String| name.chars().all(|c| !c.is_alphabetic() || c < AFTER_LATIN);
        let main = self.strong.iter().find(is_latin).or(self.strong.first()).or(self.weak.first()).cloned();
        entity.name = main.unwrap_or_default();
        let is_other = |name: &String| *name != entity.name;
        entity.aliases = self.strong.into_iter().filter(is_other).collect();
        entity.weak_aliases =
            self.weak.into_iter().filter(is_other).filter(|name| !entity.aliases.contains(name)).collect();
    }
}

/// Returns the kind of an entry with the code and classification of its subject, or `None` if it is left out.
fn kind(code: &str, classification: &str) -> Option<EntityKind> {
    match (code, classification) {
        ("enterprise", _) | (_, "E") => Some(EntityKind::Organization),
        ("person", _) | (_, "P") => Some(EntityKind::Person),
        _ => None,
    }
}

/// Makes `entity` one of `kind` that is sanctioned.
fn begin(entity: &mut ListedEntity, kind: EntityKind) {
    entity.kind = kind;
    entity.topics = vec![Topic::Sanction];
}

/// Adds an identifier of the type `code`, unless its type is not known.
fn add_identification(entity: &mut ListedEntity, code: &str, country: &str, number: Option<&str>) {
    let kind = IDENTIFICATIONS.iter().find(|(known, _)| *known == code).map(|(_, kind)| kind);
    if let (Some(kind), Some(number)) = (kind, number) {
        add_identifier(&mut entity.ids, kind, country, &tidy(number));
    }
}

/// Adds a date of birth, given as a text, or as the first and last year.
fn add_birth_date(entity: &mut ListedEntity, date: &str, years: [&str; 3], is_circa: bool) {
    let [year, from, to] = years;
    let range = from.parse().ok().zip(to.parse().ok()).and_then(|(from, to)| BirthDate::between(from, to));
    let date = dates::birth_date(date).or(range).or_else(|| dates::birth_date(year));
    let date = date.map(|date| if is_circa { date.circa() } else { date });
    entity.birth_dates.extend(date.filter(|date| !entity.birth_dates.contains(date)));
}

/// Returns the first text that is not empty.
fn non_empty<const N: usize>(texts: [&str; N]) -> Option<&str> {
    texts.into_iter().find(|text| !text.is_empty())
}
