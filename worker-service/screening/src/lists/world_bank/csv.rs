//! The listing as CSV, as its page exports it.

use super::{NAME, entity};
use crate::lists::{
    list::{List, ListError},
    table::{Table, rows},
};

const FORMAT: &str = "World Bank debarred firms (CSV)";
/// The columns of names in the exports of the page and of its service.
const NAME_COLUMNS: [&str; 2] = ["Firm Name", "SUPP_NAME"];

/// Returns whether `line` is the header of the listing.
pub(in crate::lists) fn is_header(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    NAME_COLUMNS.iter().any(|name| line.contains(&name.to_ascii_lowercase())) && line.contains("country")
}

/// Reads the listing.
///
/// # Errors
/// Returns [`ListError::Malformed`] if a column is missing or a row is not CSV or cut off.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let mut table = Table::new(FORMAT, rows(text, b',', true), &[])?;
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    let mut number = 0_usize;
    while let Some(row) = table.next()? {
        number += 1;
        let get =
            |names: [&str; 2]| names.into_iter().map(|name| row.get(name)).find(|value| !value.is_empty());
        let text = |names| get(names).unwrap_or_default();
        let own = number.to_string();
        let id = get(["SUPP_ID", "SUPP_ID"]).unwrap_or(&own);
        let other = text(["Additional Firm Info", "ADD_SUPP_INFO"]);
        list.entities.extend(entity(id, text(NAME_COLUMNS), other, text(["Country", "COUNTRY_NAME"])));
    }
    Ok(list)
}
