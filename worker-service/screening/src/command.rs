//! `worker-service screen`: screens the rows of a CSV file against a list, as the evidence source does.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    entity::EntityKind,
    explain::Explanation,
    lists::{self, Files, List, ListError, Siblings},
    scoring::MATCH_THRESHOLD,
    screener::Screener,
};

/// The byte order mark (UTF-8) that spreadsheets put at the start of CSV files.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The error of a run of `screen`.
#[derive(Debug, Error)]
pub enum ScreenError {
    /// A file cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: io::Error,
    },
    /// The list has an unknown format or is malformed.
    #[error("{}: {why}", path.display())]
    List {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: ListError,
    },
    /// The queries are not a CSV file with the right columns.
    #[error("{} is not a CSV file (UTF-8, RFC 4180) with a column query and an optional column country: {why}", path.display())]
    Queries {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: csv::Error,
    },
    /// The results cannot be written.
    #[error("the results cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// A row of the queries.
#[derive(Deserialize)]
struct QueryRow {
    query: String,
    #[serde(default)]
    country: String,
}

/// A line of the results.
#[derive(Serialize)]
struct ResultLine<'a> {
    query: &'a str,
    country: &'a str,
    id: Option<&'a str>,
    score: f64,
    explanation: Option<Explanation>,
}

/// Reads the list at `path`, and the other files of OFAC's lists if they are beside it.
///
/// # Errors
/// Returns [`ScreenError::File`] if a file cannot be read, and [`ScreenError::List`] if it is not a list or a part
/// of it is missing.
pub fn read_list(path: &Path) -> Result<List, ScreenError> {
    let read = |path: &Path| fs::read(path).map_err(|why| ScreenError::File { path: path.to_owned(), why });
    let main = read(path)?;
    let name = path.to_str().unwrap_or_default();
    let siblings = lists::siblings(name);
    let read_sibling = |sibling: fn(&Siblings) -> &String| -> Result<Option<Vec<u8>>, ScreenError> {
        let sibling = siblings.as_ref().map(|siblings| PathBuf::from(sibling(siblings)));
        sibling.filter(|path| path.exists()).map(|path| read(&path)).transpose()
    };
    let other_names = read_sibling(|siblings| &siblings.other_names)?;
    let addresses = read_sibling(|siblings| &siblings.addresses)?;
    let remarks = read_sibling(|siblings| &siblings.remarks)?;
    let files = Files {
        main: &main,
        path: name,
        other_names: other_names.as_deref(),
        addresses: addresses.as_deref(),
        remarks: remarks.as_deref(),
    };
    lists::read(files).map_err(|why| ScreenError::List { path: path.to_owned(), why })
}

/// Writes one JSON line to `out` for each row of the CSV file `queries`: the best hit with its explanation.
/// If no entity scores at least [`MATCH_THRESHOLD`], `id` and `explanation` are null, and `score` is still
/// that of the best hit.
///
/// # Errors
/// Returns [`ScreenError`] if a file cannot be read or the results cannot be written.
pub fn screen(list: &Path, queries: &Path, out: &mut impl Write) -> Result<(), ScreenError> {
    let entries = read_list(list)?.into_entries(EntityKind::Organization);
    let screener = Screener::new(entries.map_err(|why| ScreenError::List { path: list.to_owned(), why })?);
    for row in csv::Reader::from_reader(open(queries)?).deserialize() {
        let row: QueryRow = row.map_err(|why| ScreenError::Queries { path: queries.to_owned(), why })?;
        serde_json::to_writer(&mut *out, &screened(&screener, &row)).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(())
}

/// Opens a CSV file, and skips its byte order mark if it has one.
///
/// # Errors
/// Returns [`ScreenError`] if the file cannot be opened or read.
fn open(path: &Path) -> Result<impl io::Read, ScreenError> {
    let file = fs::File::open(path).map_err(|why| ScreenError::File { path: path.to_owned(), why })?;
    let mut input = BufReader::new(file);
    if input.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        input.consume(BYTE_ORDER_MARK.len());
    }
    Ok(input)
}

fn screened<'a>(screener: &'a Screener, row: &'a QueryRow) -> ResultLine<'a> {
    let QueryRow { query, country } = row;
    // An unknown country is used as a code, which then agrees with no entity's country.
    let code = lists::country_code(country).or_else(|| Some(country.trim().to_uppercase()));
    let code = code.filter(|code| !code.is_empty());
    let hits = screener.search(query, code.as_deref(), 0.0);
    let best = hits.first();
    let reported = best.filter(|hit| hit.score >= MATCH_THRESHOLD);
    ResultLine {
        query,
        country,
        id: reported.map(|hit| hit.entity.id),
        score: best.map_or(0.0, |hit| (f64::from(hit.score) * 1e4).round() / 1e4),
        explanation: reported.map(Explanation::of),
    }
}
