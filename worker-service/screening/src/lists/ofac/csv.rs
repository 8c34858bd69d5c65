//! OFAC's lists as CSV without headers: SDN.CSV or CONS_PRIM.CSV with names, and beside it other names (ALT.CSV),
//! addresses (ADD.CSV) and remarks that go on there (SDN_COMMENTS.CSV). "SDN Data Formats", US Treasury.

use std::collections::HashMap;

use super::{infer_countries, kind, name_of_file, remarks::read_remarks};
use crate::{
    entity::{ListedEntity, Topic},
    lists::{
        Files,
        country::add_country,
        decode,
        entities::Entities,
        list::{List, ListError, malformed},
        table::rows,
        text::{add, tidy},
    },
};

const FORMAT: &str = "OFAC list (CSV)";

/// Number of columns of SDN.CSV.
const COLUMNS: usize = 12;
/// Number of columns of ALT.CSV.
const OTHER_NAME_COLUMNS: usize = 5;
/// Number of columns of ADD.CSV.
const ADDRESS_COLUMNS: usize = 6;
/// Number of columns of SDN_COMMENTS.CSV.
const REMARK_COLUMNS: usize = 2;
/// Length, in characters, of the column of remarks. Longer remarks go on in SDN_COMMENTS.CSV.
const REMARKS_MAX: usize = 1000;
/// The notation of an empty field.
const NULL: &str = "-0-";
/// The DOS end-of-file character after the last row.
const END_OF_FILE: char = '\u{1a}';

/// Returns whether `line` is a row of SDN.CSV.
pub(in crate::lists) fn is_row(line: &str) -> bool {
    let mut reader = rows(line, b',', false);
    let row = reader.records().next().and_then(Result::ok);
    row.is_some_and(|row| row.len() == COLUMNS && row[0].trim().parse::<u64>().is_ok())
}

/// Reads the list from all of its files.
///
/// # Errors
/// Returns [`ListError::PartMissing`] if a file is missing without which names or countries would be lost, and
/// [`ListError::Malformed`] if a file has a row of another format: it is cut off, or an error page.
pub(in crate::lists) fn read(main: &str, files: Files<'_>) -> Result<List, ListError> {
    let missing = |part| ListError::PartMissing { part };
    let other_names = files.other_names.ok_or_else(|| missing("other names (ALT.CSV or CONS_ALT.CSV)"))?;
    let addresses = files.addresses.ok_or_else(|| missing("addresses (ADD.CSV or CONS_ADD.CSV)"))?;
    let remarks = match files.remarks {
        Some(bytes) => Some(continued(&decode(bytes)?)?),
        None => None,
    };
    let mut entities = Entities::default();
    for_each_row("the main file", main, COLUMNS, |row| {
        let Some(kind) = kind(row[2]) else { return Ok(()) };
        let entity = entities.entry(&id(row[0]));
        entity.kind = kind;
        entity.name = tidy(row[1]);
        entity.topics = vec![Topic::Sanction];
        for program in row[3].split("] [") {
            add(&mut entity.programs, program.trim_matches(['[', ']']));
        }
        let text = whole_remarks(row[0], row[11], remarks.as_ref());
        read_remarks(
            &text.ok_or_else(|| missing("remarks (SDN_COMMENTS.CSV or CONS_COMMENTS.CSV)"))?,
            entity,
        );
        Ok(())
    })?;
    for_each_row("ALT.CSV", &decode(other_names)?, OTHER_NAME_COLUMNS, |row| {
        if let Some(entity) = entities.get_mut(&id(row[0])) {
            add(&mut entity.aliases, row[3]);
        }
        Ok(())
    })?;
    for_each_row("ADD.CSV", &decode(addresses)?, ADDRESS_COLUMNS, |row| {
        if let Some(entity) = entities.get_mut(&id(row[0])) {
            add_country(&mut entity.countries, row[4]);
        }
        Ok(())
    })?;
    let mut entities: Vec<ListedEntity> = entities.finish();
    entities.iter_mut().for_each(infer_countries);
    Ok(List { name: name_of_file(files.path).to_owned(), published: None, entities })
}

/// Returns the id of the entity with OFAC's `number`.
fn id(number: &str) -> String {
    format!("ofac-{}", number.trim())
}

/// Calls `handle` with each row of `text`, with empty texts for empty fields.
///
/// # Errors
/// Returns [`ListError::Malformed`] if a row has fewer than `columns` columns or does not begin with a number,
/// and the errors of `handle`.
fn for_each_row(
    file: &str,
    text: &str,
    columns: usize,
    mut handle: impl FnMut(&[&str]) -> Result<(), ListError>,
) -> Result<(), ListError> {
    let text = text.trim_start_matches('\u{feff}');
    let text = text.trim_end_matches(|c: char| c == END_OF_FILE || c.is_whitespace());
    if !text.bytes().filter(|byte| *byte == b'"').count().is_multiple_of(2) {
        let why = format_args!("{file} ends inside of a field: it is cut off; get it again");
        return Err(malformed(FORMAT, why));
    }
    for (at, row) in rows(text, b',', false).into_records().enumerate() {
        let row = row.map_err(|error| malformed(FORMAT, error))?;
        // Spaces at the ends of remarks belong to the words that go on in the other file.
        let field = |field| if str::trim(field) == NULL { "" } else { field };
        let fields: Vec<&str> = row.iter().map(field).collect();
        if fields.len() < columns || fields[0].trim().parse::<u64>().is_err() {
            let why = format_args!(
                "row {} of {file} is not a row of {columns} columns that begins with a number: the file is cut off or is \
                 another one; get it again",
                at + 1
            );
            return Err(malformed(FORMAT, why));
        }
        handle(&fields)?;
    }
    Ok(())
}

/// Returns the rest of the remarks of each entry that has one.
///
/// # Errors
/// Returns [`ListError::Malformed`] if `text` has another format.
fn continued(text: &str) -> Result<HashMap<String, String>, ListError> {
    let mut rest: HashMap<String, String> = HashMap::new();
    for_each_row("SDN_COMMENTS.CSV", text, REMARK_COLUMNS, |row| {
        rest.entry(row[0].trim().to_owned()).or_default().push_str(row[1]);
        Ok(())
    })?;
    Ok(rest)
}

/// Returns the remarks of an entry with their continuation, or `None` if they are cut off and the file of
/// continuations is missing.
fn whole_remarks(number: &str, start: &str, rest: Option<&HashMap<String, String>>) -> Option<String> {
    match rest {
        Some(rest) => Some(format!("{start}{}", rest.get(number.trim()).map_or("", String::as_str))),
        None => {
            let is_cut = start.chars().count() >= REMARKS_MAX
                || !(start.trim().is_empty() || start.trim_end().ends_with('.'));
            (!is_cut).then(|| start.to_owned())
        }
    }
}
