//! OpenSanctions' targets.simple.csv: a row for each body, lists inside of cells being CSV again.

use super::{Columns, Entries, List, ListError, add, broken, rows};

const FORMAT: &str = "OpenSanctions targets.simple.csv";

/// Kinds of bodies; persons, vessels, aircraft, securities and wallets are left out.
const SCHEMAS: [&str; 4] = ["Company", "Organization", "LegalEntity", "PublicBody"];

pub(super) fn is_header(line: &str) -> bool {
    line.replace('"', "").starts_with("id,schema,name,aliases")
}

pub(super) fn read(text: &str) -> Result<List, ListError> {
    let mut reader = rows(text, b',', true);
    let columns = Columns::of(reader.headers().map_err(|error| broken(FORMAT, error))?);
    columns.require(FORMAT, &["id", "schema", "name", "aliases", "countries"])?;
    let mut entries = Entries::default();
    let mut published = String::new();
    for row in reader.records() {
        let row = row.map_err(|error| broken(FORMAT, error))?;
        let get = |name: &str| columns.get(&row, name);
        if !SCHEMAS.contains(&get("schema")) || get("id").is_empty() {
            continue;
        }
        if *get("last_seen") > *published {
            get("last_seen").clone_into(&mut published);
        }
        let entry = entries.of(get("id"));
        get("name").clone_into(&mut entry.name);
        for alias in cell(get("aliases")) {
            add(&mut entry.aliases, &alias);
        }
        for country in cell(get("countries")) {
            super::add_country(&mut entry.countries, &country);
        }
        for dataset in cell(get("dataset")) {
            add(&mut entry.programs, &dataset);
        }
        for number in cell(get("identifiers")) {
            add(&mut entry.ids, &format!("id::{number}"));
        }
    }
    let published = Some(published).filter(|date| !date.is_empty());
    Ok(List { name: "OpenSanctions".to_owned(), published, entries: entries.finish() })
}

/// The values in a cell.
fn cell(text: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        // A line break in a value is part of it, though it is not quoted.
        .terminator(csv::Terminator::Any(0))
        .has_headers(false)
        .from_reader(text.as_bytes());
    let row = reader.records().next().and_then(Result::ok).unwrap_or_default();
    row.iter().map(str::to_owned).collect()
}
