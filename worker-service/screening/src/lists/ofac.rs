//! OFAC's SDN list as CSV: SDN.CSV, ALT.CSV and ADD.CSV, without headers ("SDN Data Formats", US Treasury).

use super::{Entries, List, ListError, add, add_country, broken, rows, tidy};

const FORMAT: &str = "OFAC SDN (CSV)";

const COLUMNS: usize = 12;
/// How an empty field is written.
const NULL: &str = "-0-";
/// What stands behind the last row: the end of a file of DOS.
const END: char = '\u{1a}';

/// Labels of identifiers in the remarks, longer ones before those that they begin with.
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

/// Whether `line` is a row of SDN.CSV.
pub(super) fn is_row(line: &str) -> bool {
    let mut reader = rows(line, b',', false);
    let row = reader.records().next().and_then(Result::ok);
    row.is_some_and(|row| row.len() == COLUMNS && row[0].trim().parse::<u64>().is_ok())
}

pub(super) fn read(
    main: &str,
    other_names: Option<&str>,
    addresses: Option<&str>,
) -> Result<List, ListError> {
    // An error page in place of a file would cost every other name and country without a word.
    for (file, text, columns) in [("ALT.CSV", other_names, 5), ("ADD.CSV", addresses, 6)] {
        let fits = |text: &str| {
            records(text).next().is_some_and(|row| row.len() == columns && row[0].parse::<u64>().is_ok())
        };
        if text.is_some_and(|text| !fits(text)) {
            return Err(broken(
                FORMAT,
                format_args!("{file} does not begin with a row of {columns} columns"),
            ));
        }
    }
    let mut entries = Entries::default();
    for row in records(main) {
        // A body has no type; persons, vessels and aircraft have.
        if row.len() < COLUMNS || !(row[2].is_empty() || row[2].eq_ignore_ascii_case("entity")) {
            continue;
        }
        let entry = entries.of(&id(&row[0]));
        entry.name = tidy(&row[1]);
        for program in row[3].split("] [") {
            add(&mut entry.programs, program.trim_matches(['[', ']']));
        }
        remarks(&row[11], entry);
    }
    let known: std::collections::HashSet<String> = entries.by_id.keys().cloned().collect();
    let of_known = |row: &Vec<String>| row.first().is_some_and(|number| known.contains(&id(number)));
    for row in records(other_names.unwrap_or_default()).filter(|row| of_known(row) && row.len() >= 4) {
        add(&mut entries.of(&id(&row[0])).aliases, &row[3]);
    }
    for row in records(addresses.unwrap_or_default()).filter(|row| of_known(row) && row.len() >= 5) {
        add_country(&mut entries.of(&id(&row[0])).countries, &row[4]);
    }
    let mut entries = entries.finish();
    for entry in &mut entries {
        // Without an address the country of a number is the next best thing.
        if entry.countries.is_empty() {
            let countries: Vec<&str> = entry.ids.iter().filter_map(|id| id.split(':').nth(1)).collect();
            entry.countries =
                countries.into_iter().filter(|code| !code.is_empty()).map(str::to_owned).collect();
            entry.countries.dedup();
        }
    }
    Ok(List { name: "OFAC SDN".to_owned(), published: None, entries })
}

fn id(number: &str) -> String {
    format!("ofac-{}", number.trim())
}

/// The rows of a file, empty fields being empty.
fn records(text: &str) -> impl Iterator<Item = Vec<String>> {
    let text = text.trim_end_matches(|c: char| c == END || c.is_whitespace()).to_owned();
    let rows: Vec<Vec<String>> = rows(&text, b',', false)
        .records()
        .filter_map(Result::ok)
        .map(|row| {
            row.iter().map(|field| if field.trim() == NULL { "" } else { field.trim() }.to_owned()).collect()
        })
        .collect();
    rows.into_iter()
}

/// Takes weak other names and identifiers out of the remarks.
fn remarks(text: &str, entry: &mut super::Entry) {
    for item in text.trim_end_matches('.').split("; ") {
        let item = item.trim();
        let item = item.strip_prefix("alt. ").unwrap_or(item);
        if let Some(name) =
            ["a.k.a. '", "f.k.a. '", "n.k.a. '"].iter().find_map(|label| item.strip_prefix(label))
        {
            add(&mut entry.aliases, name.trim_end_matches(['\'', ';', '.']));
            continue;
        }
        let Some((rest, kind)) =
            LABELS.iter().find_map(|(label, kind)| Some((item.strip_prefix(label)?, kind)))
        else {
            continue;
        };
        let (number, country) = match rest.rsplit_once('(') {
            Some((number, country)) => (number, super::country::code(country.trim_end_matches(')'))),
            None => (rest, None),
        };
        let number = tidy(number.split('(').next().unwrap_or_default());
        add(&mut entry.ids, &format!("{kind}:{}:{number}", country.unwrap_or_default()));
    }
}
