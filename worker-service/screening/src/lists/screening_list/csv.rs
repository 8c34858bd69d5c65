//! The list as CSV: a row for each entry, with semicolons between the values of a cell.

use super::{NAME, add_birth_date, add_code, add_id, begin, id, push};
use crate::lists::{
    list::{List, ListError},
    table::{Table, rows},
    text::add,
};

const FORMAT: &str = "US Consolidated Screening List (CSV)";

/// Returns whether `line` is the header of the list.
pub(in crate::lists) fn is_header(line: &str) -> bool {
    let columns: Vec<&str> = line.split(',').map(|name| name.trim().trim_matches('"')).collect();
    ["source", "entity_number", "alt_names"].iter().all(|name| columns.contains(name))
}

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if a column is missing or a row is not CSV or cut off.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let required = ["source", "entity_number", "type", "name", "addresses", "alt_names", "ids"];
    let mut table = Table::new(FORMAT, rows(text, b',', true), &required)?;
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    let mut number = 0_usize;
    while let Some(row) = table.next()? {
        number += 1;
        let get = |name: &str| row.get(name);
        // Entries of the Departments of Commerce and State have no number; older files have no id.
        let own = if get("_id").is_empty() { number.to_string() } else { get("_id").to_owned() };
        let id = id(get("entity_number"), &own);
        let Some(mut entity) = begin(&id, get("type"), get("name"), get("source")) else { continue };
        for name in get("alt_names").split("; ") {
            // The last name of a list in words.
            add(&mut entity.aliases, name.strip_prefix("and ").unwrap_or(name));
        }
        get("programs").split("; ").for_each(|program| add(&mut entity.programs, program));
        get("dates_of_birth").split("; ").for_each(|date| add_birth_date(&mut entity, date));
        // The country is the last part of an address.
        for address in get("addresses").split("; ") {
            add_code(&mut entity, address.rsplit(',').next().unwrap_or_default());
        }
        for country in get("nationalities").split("; ").chain(get("citizenships").split("; ")) {
            add_code(&mut entity, country);
        }
        for item in get("ids").split("; ") {
            match item.split(", ").collect::<Vec<_>>().as_slice() {
                [country, number, label] => add_id(&mut entity, label, country, number),
                [number, label] => add_id(&mut entity, label, "", number),
                _ => {}
            }
        }
        push(&mut list.entities, get("type"), entity);
    }
    Ok(list)
}
