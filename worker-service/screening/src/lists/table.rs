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

/// A table with a header. Rows are read one at a time.
pub(super) struct Table<'a> {
    format: &'static str,
    reader: Reader<&'a [u8]>,
    pub(super) columns: Columns,
    row: StringRecord,
    row_number: usize,
}

/// Positions of columns by their lower-case names: publishers add columns and change letter case.
pub(super) struct Columns {
    positions: HashMap<String, usize>,
    count: usize,
}

/// A row of a table.
pub(super) struct Row<'a> {
    columns: &'a Columns,
    fields: &'a StringRecord,
}

impl<'a> Table<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// Returns [`ListError::Malformed`] if the header cannot be read or lacks one of the columns `required`.
    pub(super) fn new(
        format: &'static str,
        mut reader: Reader<&'a [u8]>,
        required: &[&str],
    ) -> Result<Self, ListError> {
        let header = reader.headers().map_err(|error| malformed(format, error))?;
        let positions = header.iter().enumerate().map(|(at, name)| (tidy(name).to_lowercase(), at)).collect();
        let columns = Columns { positions, count: header.len() };
        let missing: Vec<&str> = required.iter().copied().filter(|name| !columns.contains(name)).collect();
        if !missing.is_empty() {
            return Err(malformed(format, format_args!("the columns {missing:?} are missing")));
        }
        Ok(Self { format, reader, columns, row: StringRecord::new(), row_number: 0 })
    }

    /// Reads the next row. Returns `None` after the last one, and skips rows without any text.
    ///
    /// # Errors
    /// Returns [`ListError::Malformed`] if a row is not CSV, or has fewer columns than the header: the file is cut
    /// off there.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, ListError> {
        let row = &mut self.row;
        loop {
            if !self.reader.read_record(row).map_err(|error| malformed(self.format, error))? {
                return Ok(None);
            }
            self.row_number += 1;
            if row.iter().any(|field| !field.trim().is_empty()) {
                break;
            }
        }
        if row.len() < self.columns.count {
            let why = format_args!(
                "row {} after the header has {} columns instead of {}: the file is cut off there; get it again",
                self.row_number,
                row.len(),
                self.columns.count
            );
            return Err(malformed(self.format, why));
        }
        Ok(Some(Row { columns: &self.columns, fields: &self.row }))
    }
}

impl Columns {
    /// Returns whether the table has the column `name`.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.positions.contains_key(&name.to_lowercase())
    }
}

impl<'a> Row<'a> {
    /// Returns the value of the column `name` without spaces around it, or an empty text if the table has no
    /// such column.
    pub(super) fn get(&self, name: &str) -> &'a str {
        let position = self.columns.positions.get(&name.to_lowercase());
        position.and_then(|at| self.fields.get(*at)).map(str::trim).unwrap_or_default()
    }
}
