//! Reads the CSV tables of lists.

use std::collections::HashMap;

use csv::{Reader, ReaderBuilder, StringRecord};

use super::{
    list::{ListError, malformed},
    text::tidy,
};

/// Returns a reader of `text` whose rows may differ in their number of columns.
pub(super) fn rows(text: &str, delimiter: u8, has_headers: bool) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(has_headers)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// Positions of columns by their lower-case names: publishers add columns and change letter case.
pub(super) struct Columns(HashMap<String, usize>);

impl Columns {
    /// Reads a header.
    pub(super) fn of(header: &StringRecord) -> Self {
        Self(header.iter().enumerate().map(|(at, name)| (tidy(name).to_lowercase(), at)).collect())
    }

    /// Returns whether the table has the column `name`.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.contains_key(&name.to_lowercase())
    }

    /// Checks that the table has all columns `names`.
    ///
    /// # Errors
    /// Returns [`ListError::Malformed`] with the missing columns.
    pub(super) fn require(&self, format: &'static str, names: &[&str]) -> Result<(), ListError> {
        let missing: Vec<&str> = names.iter().copied().filter(|name| !self.contains(name)).collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(malformed(format, format_args!("the columns {missing:?} are missing")))
        }
    }

    /// Returns the value of the column `name` without spaces around it, or an empty text if the row has none.
    pub(super) fn get<'r>(&self, row: &'r StringRecord, name: &str) -> &'r str {
        self.0.get(&name.to_lowercase()).and_then(|at| row.get(*at)).map(str::trim).unwrap_or_default()
    }
}
