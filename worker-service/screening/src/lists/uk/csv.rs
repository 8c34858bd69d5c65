//! The list as CSV: a line with the date of the report, a header, and a row for each combination of an entity's
//! names and addresses.

use super::{NAME, add_birth_date, add_name, add_numbers, begin, kind, sortable};
use crate::lists::{
    country::add_country,
    entities::Entities,
    list::{List, ListError, malformed},
    table::{Table, rows},
    text::{add, tidy},
};

/// Columns that state whether a row describes a person, an entity or a ship. Which one exists depends on the
/// version of the list.
const KIND_COLUMNS: [&str; 2] = ["Designation Type", "Individual, Entity, Ship"];
/// Columns whose values, joined, are a name.
const NAME_COLUMNS: [&str; 6] = ["Name 1", "Name 2", "Name 3", "Name 4", "Name 5", "Name 6"];

const FORMAT: &str = "UK sanctions list (CSV)";

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if a column is missing or a row is not CSV or cut off.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let (published, table) = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("Report Date") => {
            let date = first.split_once(':').map(|(_, date)| tidy(date.trim_end_matches([',', '\r'])));
            (date.filter(|date| !date.is_empty()), rest)
        }
        _ => (None, text),
    };
    let mut table = Table::new(FORMAT, rows(table, b',', true), &["Unique ID", "Name 6", "Name type"])?;
    let kind_column = KIND_COLUMNS.into_iter().find(|name| table.columns.contains(name));
    let kind_column =
        kind_column.ok_or_else(|| malformed(FORMAT, "the column Designation Type is missing"))?;
    let mut entities = Entities::default();
    let mut last_updated = String::new();
    while let Some(row) = table.next()? {
        let get = |name: &str| row.get(name);
        if sortable(get("Last Updated")) > sortable(&last_updated) {
            get("Last Updated").clone_into(&mut last_updated);
        }
        let (Some(kind), false) = (kind(get(kind_column)), get("Unique ID").is_empty()) else { continue };
        let entity = entities.entry(&format!("uk-{}", get("Unique ID")));
        begin(entity, kind);
        let name = tidy(&NAME_COLUMNS.map(get).join(" "));
        add_name(entity, &name, get("Name type"), get("Alias strength"));
        add(&mut entity.aliases, get("Name non-latin script"));
        add(&mut entity.programs, get("Regime Name"));
        add_country(&mut entity.countries, get("Address Country"));
        add_country(&mut entity.countries, get("Nationality(/ies)"));
        add_birth_date(entity, get("D.O.B"));
        add_numbers(&mut entity.ids, get("Business registration number (s)"));
        if !get("IMO number").is_empty() {
            add(&mut entity.ids, &format!("imo::{}", get("IMO number")));
        }
    }
    // A file without the line with its date is at least as new as its newest row.
    let published = published.or_else(|| Some(last_updated).filter(|date| !date.is_empty()));
    Ok(List { name: NAME.to_owned(), published, entities: entities.finish() })
}
