//! `worker-service screen`: runs queries of a CSV file against a list, as the source of evidence does.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    MATCH_THRESHOLD, Screen,
    explain::Explanation,
    lists::{self, Files, List, ListError},
};

/// Why queries cannot be run.
#[derive(Debug, Error)]
pub enum ScreenError {
    /// A file cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// The list is in no format that is known, or broken.
    #[error("{}: {why}", path.display())]
    List {
        /// The file.
        path: PathBuf,
        /// Why.
        why: ListError,
    },
    /// The queries are no CSV file with the right columns.
    #[error("{} is no CSV file with the column query and, if there is one, country (UTF-8, RFC 4180): {why}", path.display())]
    Queries {
        /// The file.
        path: PathBuf,
        /// Why.
        why: csv::Error,
    },
    /// The answer cannot be written.
    #[error("the answer cannot be written: {0}")]
    Out(#[from] io::Error),
}

#[derive(Deserialize)]
struct Query {
    query: String,
    #[serde(default)]
    country: String,
}

/// A query with what was found.
#[derive(Serialize)]
struct Found<'a> {
    query: &'a str,
    country: &'a str,
    id: Option<&'a str>,
    score: f64,
    explanation: Option<Explanation>,
}

/// Reads the list at `path`; OFAC's other two files are read from beside it, where they are.
///
/// # Errors
/// [`ScreenError`] when it cannot be read.
pub fn read_list(path: &Path) -> Result<List, ScreenError> {
    let file = |path: &Path| fs::read(path).map_err(|why| ScreenError::File { path: path.to_owned(), why });
    let main = file(path)?;
    let siblings = path.to_str().and_then(lists::siblings);
    let beside = |at: usize| -> Result<Option<Vec<u8>>, ScreenError> {
        let beside =
            siblings.as_ref().map(|siblings| PathBuf::from(&siblings[at])).filter(|path| path.exists());
        beside.map(|path| file(&path)).transpose()
    };
    let (other_names, addresses) = (beside(0)?, beside(1)?);
    let files = Files { main: &main, other_names: other_names.as_deref(), addresses: addresses.as_deref() };
    lists::read(files).map_err(|why| ScreenError::List { path: path.to_owned(), why })
}

/// Writes one JSON line to `out` for each row of the CSV file `queries`: the body that is likeliest,
/// or none where no body is like enough to be reported; its score is told all the same.
///
/// # Errors
/// [`ScreenError`] when a file cannot be read to its end or the answer not be written.
pub fn screen(list: &Path, queries: &Path, out: &mut impl Write) -> Result<(), ScreenError> {
    let screen = Screen::new(read_list(list)?.entries);
    let wrong = |why: csv::Error| ScreenError::Queries { path: queries.to_owned(), why };
    let file = fs::File::open(queries).map_err(|why| ScreenError::File { path: queries.to_owned(), why })?;
    let mut input = BufReader::new(file);
    // Spreadsheets put a byte order mark in front.
    if input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    for row in csv::Reader::from_reader(input).deserialize() {
        let Query { query, country } = row.map_err(wrong)?;
        let code = lists::country_code(&country).or_else(|| Some(country.trim().to_uppercase()));
        let code = code.filter(|code| !code.is_empty());
        let hits = screen.search(&query, code.as_deref(), 0.0);
        let hit = hits.first();
        let reported = hit.filter(|hit| hit.score >= MATCH_THRESHOLD);
        let found = Found {
            query: &query,
            country: &country,
            id: reported.map(|hit| hit.entry.id.as_str()),
            score: hit.map_or(0.0, |hit| (f64::from(hit.score) * 1e4).round() / 1e4),
            explanation: reported.map(Explanation::of),
        };
        serde_json::to_writer(&mut *out, &found).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(())
}
