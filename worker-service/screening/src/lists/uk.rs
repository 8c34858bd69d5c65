//! The UK sanctions list as CSV (Foreign, Commonwealth & Development Office): a line with the date of the
//! report, a header, and a row for each combination of an entity's names and addresses.

use super::{
    country::add_country,
    entities::Entities,
    list::{List, ListError, malformed},
    table::{Columns, rows},
    text::{add, tidy},
};

/// Columns that state whether a row describes a person, an entity or a ship. Which one exists depends on the
/// version of the list.
const KIND_COLUMNS: [&str; 2] = ["Designation Type", "Individual, Entity, Ship"];
/// Columns whose values, joined, are a name.
const NAME_COLUMNS: [&str; 6] = ["Name 1", "Name 2", "Name 3", "Name 4", "Name 5", "Name 6"];
/// Minimum length of a registration number: shorter words with a digit are parts of labels and dates.
const NUMBER_LENGTH_MIN: usize = 5;

const FORMAT: &str = "UK sanctions list (CSV)";

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if a column is missing or a row is not CSV.
pub(super) fn read(text: &str) -> Result<List, ListError> {
    let (published, table) = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("Report Date") => {
            let date = first.split_once(':').map(|(_, date)| tidy(date.trim_end_matches([',', '\r'])));
            (date.filter(|date| !date.is_empty()), rest)
        }
        _ => (None, text),
    };
    let mut reader = rows(table, b',', true);
    let columns = Columns::of(reader.headers().map_err(|error| malformed(FORMAT, error))?);
    columns.require(FORMAT, &["Unique ID", "Name 6", "Name type"])?;
    let kind = KIND_COLUMNS.into_iter().find(|name| columns.contains(name));
    let kind = kind.ok_or_else(|| malformed(FORMAT, "the column Designation Type is missing"))?;
    let mut entities = Entities::default();
    let mut last_updated = String::new();
    for row in reader.records() {
        let row = row.map_err(|error| malformed(FORMAT, error))?;
        let get = |name: &str| columns.get(&row, name);
        if sortable(get("Last Updated")) > sortable(&last_updated) {
            get("Last Updated").clone_into(&mut last_updated);
        }
        if !get(kind).eq_ignore_ascii_case("entity") || get("Unique ID").is_empty() {
            continue;
        }
        let entity = entities.entry(&format!("uk-{}", get("Unique ID")));
        let name = tidy(&NAME_COLUMNS.map(get).join(" "));
        if get("Name type").eq_ignore_ascii_case("primary name") && entity.name.is_empty() {
            entity.name = name;
        } else {
            add(&mut entity.aliases, &name);
        }
        add(&mut entity.aliases, get("Name non-latin script"));
        add(&mut entity.programs, get("Regime Name"));
        add_country(&mut entity.countries, get("Address Country"));
        add_numbers(&mut entity.ids, get("Business registration number (s)"));
        if !get("IMO number").is_empty() {
            add(&mut entity.ids, &format!("imo::{}", get("IMO number")));
        }
    }
    // A file without the line with its date is at least as new as its newest row.
    let published = published.or_else(|| Some(last_updated).filter(|date| !date.is_empty()));
    Ok(List { name: "UK sanctions list".to_owned(), published, entities: entities.finish() })
}

/// Returns year, month and day of a date such as 20/11/2026, or `None` for anything else.
fn sortable(date: &str) -> Option<(u16, u8, u8)> {
    let [day, month, year] = date.split('/').collect::<Vec<_>>().try_into().ok()?;
    Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
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
