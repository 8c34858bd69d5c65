//! The World Bank's listing of ineligible firms and individuals, as CSV and as JSON. It is about contracts, not
//! about sanctions.

pub(super) mod csv;
pub(super) mod json;

use super::{
    country::add_country,
    entities::named,
    text::{add, tidy},
};
use crate::entity::{EntityKind, ListedEntity, Topic};

/// The name of the list.
const NAME: &str = "World Bank debarred firms and individuals";

/// Forms of address before the name of a person.
const FORMS_OF_ADDRESS: [&str; 6] = ["mr. ", "ms. ", "mrs. ", "mr ", "ms ", "dr. "];

/// Returns the entity of a row, or `None` if it has no name.
fn entity(id: &str, name: &str, other: &str, country: &str) -> Option<ListedEntity> {
    // Footnotes stand as asterisks and numbers after a name.
    let name = tidy(name.trim_end_matches(|c: char| c == '*' || c.is_whitespace()));
    let form = FORMS_OF_ADDRESS
        .iter()
        .find(|form| name.get(..form.len()).is_some_and(|start| start.eq_ignore_ascii_case(form)));
    let kind = if form.is_some() { EntityKind::Person } else { EntityKind::Organization };
    let mut entity = ListedEntity {
        id: format!("worldbank-{id}"),
        kind,
        name: name[form.map_or(0, |form| form.len())..].to_owned(),
        topics: vec![Topic::Debarment],
        programs: vec!["World Bank debarment".to_owned()],
        ..ListedEntity::default()
    };
    if !other.trim().is_empty() {
        add(&mut entity.aliases, other.trim_matches(|c: char| matches!(c, '(' | ')') || c.is_whitespace()));
    }
    add_country(&mut entity.countries, country);
    named(entity)
}
