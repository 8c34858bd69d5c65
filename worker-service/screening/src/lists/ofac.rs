//! OFAC's SDN list as CSV: SDN.CSV, ALT.CSV and ADD.CSV, without headers ("SDN Data Formats", US Treasury).

use super::{
    country::{self, add_country},
    entities::Entities,
    list::{List, ListError, malformed},
    table::rows,
    text::{add, tidy},
};
use crate::entity::ListedEntity;

const FORMAT: &str = "OFAC SDN (CSV)";

/// Number of columns of SDN.CSV.
const COLUMNS: usize = 12;
/// Number of columns of ALT.CSV.
const OTHER_NAME_COLUMNS: usize = 5;
/// Number of columns of ADD.CSV.
const ADDRESS_COLUMNS: usize = 6;
/// The notation of an empty field.
const NULL: &str = "-0-";
/// The DOS end-of-file character after the last row.
const END_OF_FILE: char = '\u{1a}';

/// Labels before a weak alias in the remarks: also, formerly and now known as.
const WEAK_ALIAS_LABELS: [&str; 3] = ["a.k.a. '", "f.k.a. '", "n.k.a. '"];
/// Labels of identifiers in the remarks with the kind of identifier. A label comes before every label that is
/// a prefix of it.
const LABELS: [(&str, &str); 24] = [
    ("Unified Social Credit Code (USCC)", "reg"),
    ("Certificate of Incorporation Number", "reg"),
    ("Business Registration Number", "reg"),
    ("Chamber of Commerce Number", "reg"),
    ("Commercial Registry Number", "reg"),
    ("Government Gazette Number", "reg"),
    ("Identification Number IMO", "imo"),
    ("Folio Mercantil No.", "reg"),
    ("Registration Number", "reg"),
    ("Legal Entity Number", "reg"),
    ("Registration ID", "reg"),
    ("Trade License No.", "reg"),
    ("V.A.T. Number", "tax"),
    ("D-U-N-S Number", "duns"),
    ("Company Number", "reg"),
    ("Tax ID No.", "tax"),
    ("SWIFT/BIC", "swift"),
    ("C.U.I.T.", "tax"),
    ("C.R. No.", "reg"),
    ("US FEIN", "tax"),
    ("R.F.C.", "tax"),
    ("NIT #", "tax"),
    ("RUC #", "tax"),
    ("LEI", "lei"),
];

/// Returns whether `line` is a row of SDN.CSV.
pub(super) fn is_row(line: &str) -> bool {
    let mut reader = rows(line, b',', false);
    let row = reader.records().next().and_then(Result::ok);
    row.is_some_and(|row| row.len() == COLUMNS && row[0].trim().parse::<u64>().is_ok())
}

/// Reads the three files. Without ALT.CSV, entities have only the weak aliases in their remarks. Without
/// ADD.CSV, they have only the countries of their identifiers.
///
/// # Errors
/// Returns [`ListError::Malformed`] if ALT.CSV or ADD.CSV does not begin with a row of its format.
pub(super) fn read(
    main: &str,
    other_names: Option<&str>,
    addresses: Option<&str>,
) -> Result<List, ListError> {
    check_sibling("ALT.CSV", other_names, OTHER_NAME_COLUMNS)?;
    check_sibling("ADD.CSV", addresses, ADDRESS_COLUMNS)?;
    let mut entities = Entities::default();
    for row in records(main) {
        // The type of an entity is empty or "entity"; individuals, vessels and aircraft have other types.
        if row.len() < COLUMNS || !(row[2].is_empty() || row[2].eq_ignore_ascii_case("entity")) {
            continue;
        }
        let entity = entities.entry(&id(&row[0]));
        entity.name = tidy(&row[1]);
        for program in row[3].split("] [") {
            add(&mut entity.programs, program.trim_matches(['[', ']']));
        }
        read_remarks(&row[11], entity);
    }
    for row in records(other_names.unwrap_or_default()).filter(|row| row.len() >= 4) {
        if let Some(entity) = entities.get_mut(&id(&row[0])) {
            add(&mut entity.aliases, &row[3]);
        }
    }
    for row in records(addresses.unwrap_or_default()).filter(|row| row.len() >= 5) {
        if let Some(entity) = entities.get_mut(&id(&row[0])) {
            add_country(&mut entity.countries, &row[4]);
        }
    }
    let mut entities = entities.finish();
    entities.iter_mut().for_each(infer_countries);
    Ok(List { name: "OFAC SDN".to_owned(), published: None, entities })
}

/// Checks that a file beside SDN.CSV begins with a row of `columns` columns. Without this check, an error
/// page in its place would silently remove all aliases or countries.
///
/// # Errors
/// Returns [`ListError::Malformed`] if it begins with anything else.
fn check_sibling(file: &str, text: Option<&str>, columns: usize) -> Result<(), ListError> {
    let Some(text) = text else { return Ok(()) };
    let first = records(text).next();
    if first.is_some_and(|row| row.len() == columns && row[0].parse::<u64>().is_ok()) {
        return Ok(());
    }
    Err(malformed(FORMAT, format_args!("{file} does not begin with a row of {columns} columns")))
}

/// Takes the countries of an entity without an address from its identifiers.
fn infer_countries(entity: &mut ListedEntity) {
    if entity.countries.is_empty() {
        let countries = entity.ids.iter().filter_map(|id| id.split(':').nth(1));
        entity.countries = countries.filter(|code| !code.is_empty()).map(str::to_owned).collect();
        entity.countries.dedup();
    }
}

/// Returns the id of the entity with OFAC's `number`.
fn id(number: &str) -> String {
    format!("ofac-{}", number.trim())
}

/// Returns the rows of a file, with empty texts for empty fields.
fn records(text: &str) -> impl Iterator<Item = Vec<String>> {
    let text = text.trim_end_matches(|c: char| c == END_OF_FILE || c.is_whitespace());
    let field = |field: &str| match field.trim() {
        NULL => String::new(),
        field => field.to_owned(),
    };
    let rows: Vec<Vec<String>> = rows(text, b',', false)
        .records()
        .filter_map(Result::ok)
        .map(|row| row.iter().map(field).collect())
        .collect();
    rows.into_iter()
}

/// Reads weak aliases and identifiers from the remarks.
fn read_remarks(text: &str, entity: &mut ListedEntity) {
    for item in text.trim_end_matches('.').split("; ") {
        let item = item.trim();
        let item = item.strip_prefix("alt. ").unwrap_or(item);
        if let Some(name) = WEAK_ALIAS_LABELS.iter().find_map(|label| item.strip_prefix(label)) {
            add(&mut entity.aliases, name.trim_end_matches(['\'', ';', '.']));
            continue;
        }
        let labelled = LABELS.iter().find_map(|(label, kind)| Some((item.strip_prefix(label)?, kind)));
        let Some((rest, kind)) = labelled else { continue };
        // The country follows in parentheses.
        let (number, country) = match rest.rsplit_once('(') {
            Some((number, country)) => (number, country::code(country.trim_end_matches(')'))),
            None => (rest, None),
        };
        let number = tidy(number.split('(').next().unwrap_or_default());
        add(&mut entity.ids, &format!("{kind}:{}:{number}", country.unwrap_or_default()));
    }
}
