//! OpenSanctions' targets.simple.csv: a row for each entity. A cell with several values is itself a row of
//! CSV.

use super::{
    country::add_country,
    entities::Entities,
    list::{List, ListError, malformed},
    table::{Columns, rows},
    text::add,
};

const FORMAT: &str = "OpenSanctions targets.simple.csv";

/// Schemas of entities. Persons, vessels, aircraft, securities and wallets are left out.
const SCHEMAS: [&str; 4] = ["Company", "Organization", "LegalEntity", "PublicBody"];

/// Returns whether `line` is the header of targets.simple.csv.
pub(super) fn is_header(line: &str) -> bool {
    line.replace('"', "").starts_with("id,schema,name,aliases")
}

/// Reads the list. Its date is the latest `last_seen` of an entity.
///
/// # Errors
/// Returns [`ListError::Malformed`] if a column is missing or a row is not CSV.
pub(super) fn read(text: &str) -> Result<List, ListError> {
    let mut reader = rows(text, b',', true);
    let columns = Columns::of(reader.headers().map_err(|error| malformed(FORMAT, error))?);
    columns.require(FORMAT, &["id", "schema", "name", "aliases", "countries"])?;
    let mut entities = Entities::default();
    let mut published = String::new();
    for row in reader.records() {
        let row = row.map_err(|error| malformed(FORMAT, error))?;
        let get = |name: &str| columns.get(&row, name);
        if !SCHEMAS.contains(&get("schema")) || get("id").is_empty() {
            continue;
        }
        if *get("last_seen") > *published {
            get("last_seen").clone_into(&mut published);
        }
        let entity = entities.entry(get("id"));
        get("name").clone_into(&mut entity.name);
        for alias in values(get("aliases")) {
            add(&mut entity.aliases, &alias);
        }
        for country in values(get("countries")) {
            add_country(&mut entity.countries, &country);
        }
        for dataset in values(get("dataset")) {
            add(&mut entity.programs, &dataset);
        }
        for number in values(get("identifiers")) {
            add(&mut entity.ids, &format!("id::{number}"));
        }
    }
    let published = Some(published).filter(|date| !date.is_empty());
    Ok(List { name: "OpenSanctions".to_owned(), published, entities: entities.finish() })
}

/// Returns the values of a cell.
fn values(cell: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        // Values contain unquoted line breaks; a cell has only one row.
        .terminator(csv::Terminator::Any(0))
        .has_headers(false)
        .from_reader(cell.as_bytes());
    let row = reader.records().next().and_then(Result::ok).unwrap_or_default();
    row.iter().map(str::to_owned).collect()
}
