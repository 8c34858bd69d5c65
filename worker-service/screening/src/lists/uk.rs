//! The UK sanctions list as CSV (Foreign, Commonwealth & Development Office): a line with the date of
//! the report, a header, and a row for each combination of a body's names and addresses.

use super::{Columns, Entries, List, ListError, add, add_country, broken, rows, tidy};

const FORMAT: &str = "UK sanctions list (CSV)";

pub(super) fn read(text: &str) -> Result<List, ListError> {
    let (published, table) = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("Report Date") => {
            let date = first.split_once(':').map(|(_, date)| tidy(date.trim_end_matches([',', '\r'])));
            (date.filter(|date| !date.is_empty()), rest)
        }
        _ => (None, text),
    };
    let mut reader = rows(table, b',', true);
    let columns = Columns::of(reader.headers().map_err(|error| broken(FORMAT, error))?);
    columns.require(FORMAT, &["Unique ID", "Name 6", "Name type"])?;
    let kind = ["Designation Type", "Individual, Entity, Ship"];
    let kind = kind.into_iter().find(|name| columns.0.contains_key(&name.to_lowercase()));
    let kind = kind.ok_or_else(|| broken(FORMAT, "it lacks the column Designation Type"))?;
    let mut entries = Entries::default();
    for row in reader.records() {
        let row = row.map_err(|error| broken(FORMAT, error))?;
        let get = |name: &str| columns.get(&row, name);
        if !get(kind).eq_ignore_ascii_case("entity") || get("Unique ID").is_empty() {
            continue;
        }
        let entry = entries.of(&format!("uk-{}", get("Unique ID")));
        let parts = ["Name 1", "Name 2", "Name 3", "Name 4", "Name 5", "Name 6"].map(get);
        let name = tidy(&parts.join(" "));
        if get("Name type").eq_ignore_ascii_case("primary name") && entry.name.is_empty() {
            entry.name = name;
        } else {
            add(&mut entry.aliases, &name);
        }
        add(&mut entry.aliases, get("Name non-latin script"));
        add(&mut entry.programs, get("Regime Name"));
        add_country(&mut entry.countries, get("Address Country"));
        numbers(get("Business registration number (s)"), &mut entry.ids);
        if !get("IMO number").is_empty() {
            add(&mut entry.ids, &format!("imo::{}", get("IMO number")));
        }
    }
    Ok(List { name: "UK sanctions list".to_owned(), published, entries: entries.finish() })
}

/// The numbers in a text such as "OGRN: 1027700132195; INN 7707083893".
fn numbers(text: &str, ids: &mut Vec<String>) {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '/')));
    for number in words.filter(|word| word.len() >= 5 && word.contains(|c: char| c.is_ascii_digit())) {
        add(ids, &format!("reg::{number}"));
    }
}
