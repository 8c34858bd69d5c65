//! Lists of sanctions in the formats in which they are published.

mod country;
mod eu;
mod json_lines;
mod ofac;
mod opensanctions;
mod uk;
mod un;
mod xml;

use std::collections::HashMap;

pub use self::country::code as country_code;

use thiserror::Error;

use super::Entry;

/// A list as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// What it is; empty where its format does not say.
    pub name: String,
    /// The date that it says of itself; none where its format has none.
    pub published: Option<String>,
    /// Its bodies: companies and other organisations; persons, ships and aircraft are left out.
    pub entries: Vec<Entry>,
}

/// Why a list cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListError {
    /// It is none of the formats.
    #[error(
        "it is no list that can be read: give OFAC's SDN.CSV, the UK sanctions list as CSV, the UN's consolidated list as XML, the EU's as XML or CSV (version 1.1), OpenSanctions' targets.simple.csv, or JSON lines"
    )]
    Unknown,
    /// It is one of the formats, but broken.
    #[error("it is broken as {format}: {why}")]
    Broken {
        /// The format.
        format: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// The files of a list. Most are one; OFAC's names, other names and addresses are three.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'a> {
    /// The list.
    pub main: &'a [u8],
    /// OFAC's ALT.CSV.
    pub other_names: Option<&'a [u8]>,
    /// OFAC's ADD.CSV.
    pub addresses: Option<&'a [u8]>,
}

/// Reads a list in whichever format it is.
///
/// # Errors
/// [`ListError`] when it is in none or broken.
pub fn read(files: Files<'_>) -> Result<List, ListError> {
    let text = decode(files.main)?;
    let text = text.trim_start_matches('\u{feff}');
    let start = text.trim_start();
    let first_line = start.lines().next().unwrap_or_default();
    let head = start.get(..start.floor_char_boundary(4096)).unwrap_or_default();
    if start.starts_with('<') {
        return match head {
            _ if head.contains("CONSOLIDATED_LIST") => un::read(start),
            _ if head.contains("eu.europa.ec/fpi/fsd/export") => eu::read_xml(start),
            _ => Err(ListError::Unknown),
        };
    }
    if start.starts_with('{') {
        return json_lines::read(start);
    }
    if first_line.starts_with("Report Date") || first_line.contains("Unique ID,") {
        return uk::read(start);
    }
    if first_line.trim_start_matches('"').starts_with("fileGenerationDate") {
        return eu::read_csv(start);
    }
    if opensanctions::is_header(first_line) {
        return opensanctions::read(start);
    }
    if ofac::is_row(first_line) {
        let file = |bytes: Option<&[u8]>| bytes.map(decode).transpose();
        return ofac::read(start, file(files.other_names)?.as_deref(), file(files.addresses)?.as_deref());
    }
    Err(ListError::Unknown)
}

/// Whether the file at `path` is OFAC's main one, which has two beside it: their names.
pub fn siblings(path: &str) -> Option<[String; 2]> {
    let at = path.to_ascii_uppercase().rfind("SDN.CSV")?;
    let rest = &path[at + "SDN".len()..];
    let before = path[..at].chars().next_back();
    let whole = before.is_none_or(|c| matches!(c, '/' | '\\'));
    let upper = path[at..].starts_with("SDN");
    let sibling = |name: &str| {
        let name = if upper { name.to_owned() } else { name.to_ascii_lowercase() };
        format!("{}{name}{rest}", &path[..at])
    };
    whole.then(|| [sibling("ALT"), sibling("ADD")])
}

/// The text of a file: UTF-8, or Latin-1 for OFAC's, which is otherwise ASCII.
fn decode(bytes: &[u8]) -> Result<String, ListError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) if bytes.first().is_some_and(u8::is_ascii_digit) => {
            Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
        }
        Err(error) => Err(broken("UTF-8", error)),
    }
}

/// Entries by their id in the list, in the order of their first mention.
#[derive(Debug, Default)]
struct Entries {
    entries: Vec<Entry>,
    by_id: HashMap<String, usize>,
}

impl Entries {
    /// The entry `id`, made if it is new.
    fn of(&mut self, id: &str) -> &mut Entry {
        let at = *self.by_id.entry(id.to_owned()).or_insert_with(|| {
            self.entries.push(Entry { id: id.to_owned(), ..Entry::default() });
            self.entries.len() - 1
        });
        &mut self.entries[at]
    }

    /// Those that have a name; one that only has other names goes by the first of them.
    fn finish(self) -> Vec<Entry> {
        let mut entries = self.entries;
        for entry in &mut entries {
            if entry.name.is_empty() && !entry.aliases.is_empty() {
                entry.name = entry.aliases.remove(0);
            }
            let name = entry.name.clone();
            entry.aliases.retain(|alias| *alias != name);
        }
        entries.retain(|entry| !entry.name.is_empty());
        entries
    }
}

/// Adds `value`, tidied, unless it is empty or there.
fn add(values: &mut Vec<String>, value: &str) {
    let value = tidy(value);
    if !value.is_empty() && !values.contains(&value) {
        values.push(value);
    }
}

/// `text` with single spaces.
fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Adds the code of the country that a list names.
fn add_country(countries: &mut Vec<String>, name: &str) {
    if let Some(code) = country::code(name)
        && !countries.contains(&code)
    {
        countries.push(code);
    }
}

fn broken(format: &'static str, why: impl std::fmt::Display) -> ListError {
    ListError::Broken { format, why: why.to_string() }
}

/// A reader of rows that may have any number of columns.
fn rows(text: &str, delimiter: u8, has_headers: bool) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(has_headers)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// The places of columns by their names, folded: lists add columns and change letter case.
struct Columns(HashMap<String, usize>);

impl Columns {
    fn of(header: &csv::StringRecord) -> Self {
        Self(header.iter().enumerate().map(|(at, name)| (tidy(name).to_lowercase(), at)).collect())
    }

    fn require(&self, format: &'static str, names: &[&str]) -> Result<(), ListError> {
        let missing: Vec<&str> =
            names.iter().copied().filter(|name| !self.0.contains_key(&name.to_lowercase())).collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(broken(format, format_args!("it lacks the columns {missing:?}")))
        }
    }

    fn get<'r>(&self, row: &'r csv::StringRecord, name: &str) -> &'r str {
        self.0.get(&name.to_lowercase()).and_then(|at| row.get(*at)).map(str::trim).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
