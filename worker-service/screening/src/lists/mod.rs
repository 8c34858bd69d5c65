//! Reads lists of sanctions and other watch lists in the formats in which they are published.

mod canada;
mod country;
mod dates;
mod dfat;
mod entities;
mod eu;
mod identifiers;
mod json;
mod json_lines;
mod list;
mod ofac;
mod opensanctions;
mod screening_list;
mod seco;
mod siblings;
mod split;
mod table;
mod text;
mod topic;
mod uk;
mod un;
mod world_bank;
mod xml;

use std::borrow::Cow;

pub use self::country::code as country_code;
use self::json::JsonFormat;
pub use self::{
    list::{List, ListError},
    siblings::{Siblings, siblings},
};
use crate::entity::ListedEntity;

/// The byte order mark (UTF-8).
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// Beginnings of packed files, with what they are and what to do.
const PACKED: [(&[u8], &str, &str); 3] = [
    (
        b"PK\x03\x04",
        "a spreadsheet or another ZIP file",
        "save the table as CSV in UTF-8, or unpack the file",
    ),
    (b"\x1f\x8b", "a file packed with gzip", "unpack it"),
    (b"%PDF", "a PDF", "give the list as XML or CSV"),
];

/// The files of a list. Most lists are one file; OFAC's lists as CSV are several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'a> {
    /// The list, or its main file.
    pub main: &'a [u8],
    /// The path, URL or name of the main file. OFAC's SDN list and its consolidated (non-SDN) list have the same
    /// formats; only the names of their files tell them apart.
    pub path: &'a str,
    /// OFAC's ALT.CSV.
    pub other_names: Option<&'a [u8]>,
    /// OFAC's ADD.CSV.
    pub addresses: Option<&'a [u8]>,
    /// OFAC's SDN_COMMENTS.CSV.
    pub remarks: Option<&'a [u8]>,
}

/// Reads a list. Its format is recognised by its content alone. A field with several names is split.
///
/// # Errors
/// Returns [`ListError`] if the format is unknown, or the file is malformed or cut off, or a file is missing.
pub fn read(files: Files<'_>) -> Result<List, ListError> {
    let mut entities = Vec::new();
    let list = read_each(files, |entity| entities.push(entity))?;
    Ok(List { entities, ..list })
}

/// Reads a list as [`read`] does, and gives `take` each of its entities. The list that it returns has none. The
/// entities of JSON lines, the format of the largest lists, are never in memory together.
///
/// # Errors
/// Returns [`ListError`] as [`read`] does. What was given to `take` before is then of no use.
pub fn read_each(files: Files<'_>, mut take: impl FnMut(ListedEntity)) -> Result<List, ListError> {
    if let Some((_, what, advice)) = PACKED.iter().find(|(start, ..)| files.main.starts_with(start)) {
        return Err(ListError::Packed { what, advice });
    }
    let text = decode(files.main)?;
    let text = text.trim_start_matches(BYTE_ORDER_MARK).trim_start();
    let mut take_split = |mut entity: ListedEntity| {
        split::split_names(&mut entity);
        take(entity);
    };
    let mut list = read_text(text, files, &mut take_split)?;
    std::mem::take(&mut list.entities).into_iter().for_each(&mut take_split);
    Ok(list)
}

/// Reads a list from the text of its main file. The entities of JSON lines are given to `take`; those of other formats
/// are in the list that is returned.
///
/// # Errors
/// Returns [`ListError`] as [`read`] does.
fn read_text(text: &str, files: Files<'_>, take: &mut dyn FnMut(ListedEntity)) -> Result<List, ListError> {
    let first_line = text.lines().next().unwrap_or_default();
    match text.chars().next() {
        Some('<') => read_xml(text, files),
        Some('{') => match json::recognise(text).ok_or(ListError::UnknownFormat)? {
            JsonFormat::FollowTheMoney => opensanctions::json::read(text),
            JsonFormat::Lines => json_lines::read_each(text, take),
            JsonFormat::ScreeningList => screening_list::json::read(text),
            JsonFormat::WorldBank => world_bank::json::read(text),
        },
        _ if first_line.starts_with("Report Date") || first_line.contains("Unique ID,") => {
            uk::csv::read(text)
        }
        _ if first_line.trim_start_matches('"').starts_with("fileGenerationDate") => eu::csv::read(text),
        _ if opensanctions::csv::is_header(first_line) => opensanctions::csv::read(text),
        _ if screening_list::csv::is_header(first_line) => screening_list::csv::read(text),
        _ if dfat::is_header(first_line) => dfat::read(text),
        _ if world_bank::csv::is_header(first_line) => world_bank::csv::read(text),
        _ if ofac::csv::is_row(first_line) => ofac::csv::read(text, files),
        _ => Err(ListError::UnknownFormat),
    }
}

/// Reads a list from XML, by the name of its root element.
///
/// # Errors
/// Returns [`ListError`] as [`read`] does.
fn read_xml(text: &str, files: Files<'_>) -> Result<List, ListError> {
    match xml::root(text).as_deref() {
        Some("CONSOLIDATED_LIST") => un::read(text),
        Some("export") => eu::xml::read(text),
        Some("Designations") => uk::xml::read(text),
        Some("sdnList") => ofac::classic::read(text, files.path),
        Some("Sanctions") => ofac::advanced::read(text),
        Some("sanctionsData") => ofac::enhanced::read(text),
        Some("swiss-sanctions-list") => seco::read(text),
        Some("data-set") => canada::read(text),
        _ => Err(ListError::UnknownFormat),
    }
}

/// Returns the text of a file: UTF-8, or Latin-1 for a file that begins with a digit as OFAC's do.
///
/// # Errors
/// Returns [`ListError::Malformed`] if any other file is not UTF-8.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ListError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) if bytes.first().is_some_and(u8::is_ascii_digit) => {
            Ok(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into())
        }
        Err(error) => Err(list::malformed("UTF-8", error)),
    }
}

#[cfg(test)]
mod tests;
