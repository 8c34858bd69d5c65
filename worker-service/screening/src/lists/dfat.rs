//! The consolidated list of Australia (Department of Foreign Affairs and Trade) as CSV, saved from its
//! spreadsheet: a row for each name of an entry. Rows of one entry have the same number, followed by a letter.

use super::{
    country::add_country,
    dates,
    entities::Entities,
    list::{List, ListError},
    table::{Table, rows},
    text::{add, tidy},
};
use crate::entity::{EntityKind, Topic};

const FORMAT: &str = "DFAT consolidated list (CSV)";
const NAME: &str = "Australian (DFAT) consolidated list";
const NAME_COLUMN: &str = "Name of Individual or Entity";

/// Returns whether `line` is the header of the list.
pub(super) fn is_header(line: &str) -> bool {
    line.contains(NAME_COLUMN) && line.trim_start_matches('"').starts_with("Reference")
}

/// Reads the list. It states no date: the latest date of an entry says nothing of when it was published.
///
/// # Errors
/// Returns [`ListError::Malformed`] if a column is missing or a row is not CSV or cut off.
pub(super) fn read(text: &str) -> Result<List, ListError> {
    let mut table =
        Table::new(FORMAT, rows(text, b',', true), &["Reference", NAME_COLUMN, "Type", "Name Type"])?;
    let mut entities = Entities::default();
    while let Some(row) = table.next()? {
        let get = |name: &str| row.get(name);
        let digits = get("Reference").trim_end_matches(|c: char| !c.is_ascii_digit());
        let kind = match get("Type").to_ascii_lowercase().as_str() {
            "individual" => EntityKind::Person,
            "entity" => EntityKind::Organization,
            _ => continue,
        };
        let entity = entities.entry(&format!("dfat-{digits}"));
        entity.kind = kind;
        entity.topics = vec![Topic::Sanction];
        let name = tidy(get(NAME_COLUMN));
        if get("Name Type").eq_ignore_ascii_case("primary name") && entity.name.is_empty() {
            entity.name = name;
        } else if get("Alias Strength").eq_ignore_ascii_case("weak") {
            add(&mut entity.weak_aliases, &name);
        } else {
            add(&mut entity.aliases, &name);
        }
        add(&mut entity.programs, get("Committees"));
        // Several nationalities are separated by commas; an address ends with its country.
        for country in get("Citizenship").split([',', ';']) {
            add_country(&mut entity.countries, country);
        }
        for address in get("Address").split([';', '\n']) {
            add_country(
                &mut entity.countries,
                address.rsplit(',').next().unwrap_or_default().trim_end_matches('.'),
            );
        }
        if kind == EntityKind::Person {
            for date in get("Date of Birth").split([';', '\n']).filter(|date| !date.trim().is_empty()) {
                dates::add(&mut entity.birth_dates, date);
            }
        }
    }
    Ok(List { name: NAME.to_owned(), published: None, entities: entities.finish() })
}
