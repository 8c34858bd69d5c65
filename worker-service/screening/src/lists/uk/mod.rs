//! The UK Sanctions List (Foreign, Commonwealth & Development Office) as CSV and as XML. Since January 2026 it is
//! the only list of the UK: the consolidated list of the Office of Financial Sanctions Implementation is closed.

pub(super) mod csv;
pub(super) mod xml;

use super::{dates, text::add};
use crate::entity::{EntityKind, ListedEntity, Topic};

/// The name of the list.
const NAME: &str = "UK sanctions list";

/// Minimum length of a registration number: shorter words with a digit are parts of labels and dates.
const NUMBER_LENGTH_MIN: usize = 5;

/// Returns the kind of an entry that the list calls `name`, or `None` if it is left out.
fn kind(name: &str) -> Option<EntityKind> {
    match name.trim().to_ascii_lowercase().as_str() {
        "entity" => Some(EntityKind::Organization),
        "individual" => Some(EntityKind::Person),
        _ => None,
    }
}

/// Makes `entity` one of `kind` that is sanctioned.
fn begin(entity: &mut ListedEntity, kind: EntityKind) {
    entity.kind = kind;
    entity.topics = vec![Topic::Sanction];
}

/// Adds a name with its type and strength, for example "Primary Name" or "Alias" and "Low quality a.k.a".
fn add_name(entity: &mut ListedEntity, name: &str, kind: &str, strength: &str) {
    if kind.eq_ignore_ascii_case("primary name") && entity.name.is_empty() {
        name.clone_into(&mut entity.name);
    } else if strength.to_ascii_lowercase().starts_with("low") {
        add(&mut entity.weak_aliases, name);
    } else {
        add(&mut entity.aliases, name);
    }
}

/// Adds the dates in a text such as `02/02/1961` or `dd/mm/1961`.
fn add_birth_date(entity: &mut ListedEntity, text: &str) {
    dates::add(&mut entity.birth_dates, text);
}

/// Adds the numbers in a text such as "OGRN: 1027700132195; INN 7707083893".
fn add_numbers(ids: &mut Vec<String>, text: &str) {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '/')));
    let is_number =
        |word: &&str| word.len() >= NUMBER_LENGTH_MIN && word.contains(|c: char| c.is_ascii_digit());
    for number in words.filter(is_number) {
        add(ids, &format!("reg::{number}"));
    }
}

/// Returns year, month and day of a date such as 20/11/2026, or `None` for anything else.
fn sortable(date: &str) -> Option<(u16, u8, u8)> {
    let [day, month, year] = date.split('/').collect::<Vec<_>>().try_into().ok()?;
    Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
}
