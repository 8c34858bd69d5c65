//! Reads sanctions lists in the formats in which they are published.

mod country;
mod entities;
mod eu;
mod json_lines;
mod list;
mod ofac;
mod opensanctions;
mod table;
mod text;
mod topic;
mod uk;
mod un;
mod xml;

pub(crate) use self::country::code as country_code;
use self::list::malformed;
pub use self::list::{List, ListError};

/// Length, in bytes, of the beginning of an XML file in which its root element must occur.
const XML_HEAD_MAX: usize = 4096;

/// The files of a list. Most lists are one file; OFAC publishes names, other names and addresses as three.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'a> {
    /// The list, or OFAC's SDN.CSV.
    pub main: &'a [u8],
    /// OFAC's ALT.CSV.
    pub other_names: Option<&'a [u8]>,
    /// OFAC's ADD.CSV.
    pub addresses: Option<&'a [u8]>,
}

/// Reads a list. Its format is recognised by its content.
///
/// # Errors
/// Returns [`ListError`] if the format is unknown or the file is malformed.
pub fn read(files: Files<'_>) -> Result<List, ListError> {
    let text = decode(files.main)?;
    // A byte order mark, then white space.
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let first_line = text.lines().next().unwrap_or_default();
    if text.starts_with('<') {
        let head = text.get(..text.floor_char_boundary(XML_HEAD_MAX)).unwrap_or_default();
        return match head {
            _ if head.contains("CONSOLIDATED_LIST") => un::read(text),
            _ if head.contains("eu.europa.ec/fpi/fsd/export") => eu::read_xml(text),
            _ => Err(ListError::UnknownFormat),
        };
    }
    if text.starts_with('{') {
        return json_lines::read(text);
    }
    if first_line.starts_with("Report Date") || first_line.contains("Unique ID,") {
        return uk::read(text);
    }
    if first_line.trim_start_matches('"').starts_with("fileGenerationDate") {
        return eu::read_csv(text);
    }
    if opensanctions::is_header(first_line) {
        return opensanctions::read(text);
    }
    if ofac::is_row(first_line) {
        let file = |bytes: Option<&[u8]>| bytes.map(decode).transpose();
        return ofac::read(text, file(files.other_names)?.as_deref(), file(files.addresses)?.as_deref());
    }
    Err(ListError::UnknownFormat)
}

/// Returns the locations of OFAC's ALT.CSV and ADD.CSV if `path` (a path or URL) names SDN.CSV. They are
/// expected beside it.
pub fn siblings(path: &str) -> Option<[String; 2]> {
    let at = path.to_ascii_uppercase().rfind("SDN.CSV")?;
    let rest = &path[at + "SDN".len()..];
    let before = path[..at].chars().next_back();
    let is_whole_name = before.is_none_or(|c| matches!(c, '/' | '\\'));
    let is_upper_case = path[at..].starts_with("SDN");
    let sibling = |name: &str| {
        let name = if is_upper_case { name.to_owned() } else { name.to_ascii_lowercase() };
        format!("{}{name}{rest}", &path[..at])
    };
    is_whole_name.then(|| [sibling("ALT"), sibling("ADD")])
}

/// Returns the text of a file: UTF-8, or Latin-1 for a file that begins with a digit as OFAC's do.
///
/// # Errors
/// Returns [`ListError::Malformed`] if any other file is not UTF-8.
fn decode(bytes: &[u8]) -> Result<String, ListError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) if bytes.first().is_some_and(u8::is_ascii_digit) => {
            Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
        }
        Err(error) => Err(malformed("UTF-8", error)),
    }
}

#[cfg(test)]
mod tests;
