//! The remarks of OFAC's CSV files: weak aliases, identifiers, dates of birth and nationalities, between
//! semicolons.

use crate::{
    entity::{EntityKind, ListedEntity},
    lists::{
        country::add_country,
        dates,
        identifiers::{add_identifier, labelled},
        text::add,
    },
};

/// Labels before a weak alias: also, formerly and now known as.
const WEAK_ALIAS_LABELS: [&str; 3] = ["a.k.a. ", "f.k.a. ", "n.k.a. "];
/// Marks around a weak alias.
const QUOTATION_MARKS: [char; 4] = ['\'', '"', '\u{201c}', '\u{201d}'];

/// Reads the remarks into `entity`.
pub(super) fn read_remarks(text: &str, entity: &mut ListedEntity) {
    for item in text.trim().trim_end_matches('.').split("; ") {
        let item = item.trim();
        let item = item.strip_prefix("alt. ").unwrap_or(item);
        if let Some(name) = WEAK_ALIAS_LABELS.iter().find_map(|label| item.strip_prefix(label)) {
            add(&mut entity.weak_aliases, name.trim_end_matches([';', '.']).trim_matches(QUOTATION_MARKS));
        } else if let Some((kind, rest)) = labelled(item) {
            add_number(entity, kind, rest);
        } else if entity.kind == EntityKind::Person {
            read_person(item, entity);
        }
    }
}

/// Adds the identifier in `text`: a number, perhaps with an abbreviation before it and its region after it,
/// and its country in the last parentheses.
fn add_number(entity: &mut ListedEntity, kind: &str, text: &str) {
    let text = text.trim_start_matches(['.', ':', ' ']).trim_end_matches('.');
    let text = text.strip_prefix("(USCC)").unwrap_or(text);
    let (number, country) = text.split_once('(').unwrap_or((text, ""));
    let country = country.rsplit('(').next().unwrap_or_default();
    add_identifier(&mut entity.ids, kind, country.trim_end_matches(')'), number);
}

/// Reads an item that only persons have.
fn read_person(item: &str, entity: &mut ListedEntity) {
    if let Some(date) = item.strip_prefix("DOB ") {
        dates::add(&mut entity.birth_dates, date);
    }
    for label in ["nationality ", "citizen "] {
        if let Some(country) = item.strip_prefix(label) {
            add_country(&mut entity.countries, country);
        }
    }
}
