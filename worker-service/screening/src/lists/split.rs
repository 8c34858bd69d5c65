//! Splits the text of one name field into the names that it holds. Publishers write several names into one
//! field: "A ; B", "A / B", "A (ABC)", "A (formerly B)", "A a.k.a. B".

mod parentheses;
mod parts;

use super::{country, text::add};
use crate::{
    entity::{EntityKind, ListedEntity},
    names::Name,
};

/// Maximum number of names that one field gives. No publisher writes as many; it bounds hostile input.
const NAMES_MAX: usize = 64;
/// Length, in bytes, of the longest field that is split. No publisher writes a longer one; it bounds the time for
/// hostile input.
const FIELD_MAX: usize = 4096;
/// Number of Latin letters up to which a name that was cut out of a field is weak: so many bodies share an
/// abbreviation of this length that it does not identify one.
const WEAK_LETTERS_MAX: usize = 3;
/// Minimum weight of the words of a name that was cut out of a field. Legal forms, places and common words
/// alone stay below it.
const WEIGHT_MIN: f32 = 0.7;

/// Adds the names that the fields of `entity` hold. Its main name stays as it is published.
pub(super) fn split_names(entity: &mut ListedEntity) {
    let is_person = entity.kind == EntityKind::Person;
    let fields = std::iter::once(&entity.name).chain(&entity.aliases).chain(&entity.weak_aliases);
    if !fields.into_iter().any(|field| parts::may_hold_several(field)) {
        return;
    }
    let (mut strong, mut weak) = (Vec::new(), Vec::new());
    for name in names_in(&entity.name, is_person) {
        add(if is_short(&name) { &mut weak } else { &mut strong }, &name);
    }
    for field in std::mem::take(&mut entity.aliases) {
        // A whole field with a semicolon is no name. Any other one may be, for example with its country.
        if !field.contains(';') {
            add(&mut strong, &field);
        }
        for name in names_in(&field, is_person) {
            add(if is_short(&name) { &mut weak } else { &mut strong }, &name);
        }
    }
    for field in std::mem::take(&mut entity.weak_aliases) {
        if !field.contains(';') {
            add(&mut weak, &field);
        }
        names_in(&field, is_person).iter().for_each(|name| add(&mut weak, name));
    }
    strong.retain(|name| *name != entity.name);
    weak.retain(|name| *name != entity.name && !strong.contains(name));
    (entity.aliases, entity.weak_aliases) = (strong, weak);
}

/// Returns the names in `field` other than `field` itself.
fn names_in(field: &str, is_person: bool) -> Vec<String> {
    if field.len() > FIELD_MAX || !parts::may_hold_several(field) {
        return Vec::new();
    }
    let mut names = Vec::new();
    for part in parts::top_level(field) {
        if part.len() < field.trim().len() && is_name(part) {
            add(&mut names, part);
        }
        for name in parentheses::names_of(part, is_person) {
            if is_name(&name) {
                add(&mut names, &name);
            }
        }
    }
    names.truncate(NAMES_MAX);
    names
}

/// Returns whether a text that was cut out of a field can be a name on its own: not a country, and not only
/// legal forms, places and common words.
pub(super) fn is_name(text: &str) -> bool {
    country::code(text).is_none() && weight(text) >= WEIGHT_MIN
}

/// Returns the weight of all words of `text` without legal forms.
fn weight(text: &str) -> f32 {
    // At the start of a name, a legal form alone would be read as a name.
    let name = Name::parse(&format!("name {text}"));
    name.tokens
        .iter()
        .skip(1)
        .filter(|token| !token.traits.is_legal_form)
        .map(|token| token.traits.weight)
        .sum()
}

/// Returns whether `name` has at most [`WEAK_LETTERS_MAX`] letters, all of them Latin. A name of few signs in
/// another script may be complete.
fn is_short(name: &str) -> bool {
    let letters = || name.chars().filter(|c| c.is_alphanumeric());
    letters().count() <= WEAK_LETTERS_MAX && letters().all(|c| c < '\u{250}')
}

#[cfg(test)]
mod tests;
