//! `worker-service screen`: screens the rows of a CSV file against a list, as the evidence source does.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    birth_date::{BirthDate, InvalidBirthDate},
    entity::EntityKind,
    explain::Explanation,
    lists::{self, Files, List, ListError, Siblings},
    persons,
    screener::{MATCH_THRESHOLD, Screener},
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
    #[error("{} is not a CSV file (UTF-8, RFC 4180) with a column query and optional columns country and, for persons, birthDate: {why}", path.display())]
    Queries {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: csv::Error,
    },
    /// Dates of birth in the queries cannot be read.
    #[error("{}: {}", path.display(), problems.join("; "))]
    BirthDates {
        /// The file.
        path: PathBuf,
        /// Each row with what is wrong.
        problems: Vec<String>,
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
    #[serde(default, rename = "birthDate")]
    birth_date: String,
}

impl QueryRow {
    /// Returns the date of birth, or `None` if the row has none.
    ///
    /// # Errors
    /// Returns an error if it cannot be read.
    fn date(&self) -> Result<Option<BirthDate>, InvalidBirthDate> {
        let text = self.birth_date.trim();
        if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
    }

    /// Returns the country as a code. An unknown one is used as it is, which then agrees with no entity's country.
    fn country_code(&self) -> Option<String> {
        let code = lists::country_code(&self.country).or_else(|| Some(self.country.trim().to_uppercase()));
        code.filter(|code| !code.is_empty())
    }
}

/// A line of the results.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultLine<'a, E> {
    query: &'a str,
    /// Only for persons.
    #[serde(skip_serializing_if = "Option::is_none")]
    birth_date: Option<&'a str>,
    country: &'a str,
    id: Option<&'a str>,
    score: f64,
    explanation: Option<E>,
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

/// Screens the rows of the CSV file `queries` against the entries of one kind, and writes one JSON line for each to
/// `out`: the best hit with its explanation. If no entity reaches the threshold of a match, `id` and `explanation` are
/// null, and `score` is still that of the best hit.
///
/// # Errors
/// Returns [`ScreenError`] if a file cannot be read, a date of birth is malformed, or the results cannot be written.
pub fn screen(
    list: &Path,
    queries: &Path,
    kind: EntityKind,
    out: &mut impl Write,
) -> Result<(), ScreenError> {
    let entries = read_list(list)?.into_entries(kind);
    let entries = entries.map_err(|why| ScreenError::List { path: list.to_owned(), why })?;
    let rows: Vec<QueryRow> = csv::Reader::from_reader(open(queries)?)
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|why| ScreenError::Queries { path: queries.to_owned(), why })?;
    match kind {
        EntityKind::Organization => {
            let screener = Screener::new(entries);
            write_lines(rows.iter().map(|row| screened(&screener, row)), out)
        }
        EntityKind::Person => {
            check_dates(&rows, queries)?;
            let screener = persons::PersonScreener::new(entries);
            write_lines(rows.iter().map(|row| screened_person(&screener, row)), out)
        }
    }
}

/// Checks the dates of birth of all rows.
///
/// # Errors
/// Returns [`ScreenError::BirthDates`] with all that cannot be read.
fn check_dates(rows: &[QueryRow], queries: &Path) -> Result<(), ScreenError> {
    let problem = |(number, row): (usize, &QueryRow)| {
        let why = row.date().err()?;
        Some(format!("row {}: {:?} is {why}", number + 1, row.birth_date))
    };
    let problems: Vec<String> = rows.iter().enumerate().filter_map(problem).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ScreenError::BirthDates { path: queries.to_owned(), problems })
    }
}

/// Writes each line as JSON.
///
/// # Errors
/// Returns [`ScreenError::Output`] if it cannot be written.
fn write_lines(lines: impl Iterator<Item = impl Serialize>, out: &mut impl Write) -> Result<(), ScreenError> {
    for line in lines {
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
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

fn screened<'a>(screener: &'a Screener, row: &'a QueryRow) -> ResultLine<'a, Explanation> {
    let code = row.country_code();
    let hits = screener.search(&row.query, code.as_deref(), 0.0);
    let best = hits.first();
    let reported = best.filter(|hit| hit.score >= MATCH_THRESHOLD);
    ResultLine {
        query: &row.query,
        birth_date: None,
        country: &row.country,
        id: reported.map(|hit| hit.entity.id.as_str()),
        score: rounded(best.map_or(0.0, |hit| hit.score)),
        explanation: reported.map(Explanation::of),
    }
}

fn screened_person<'a>(
    screener: &'a persons::PersonScreener,
    row: &'a QueryRow,
) -> ResultLine<'a, persons::PersonExplanation> {
    let (code, date) = (row.country_code(), row.date().unwrap_or_default());
    let query = persons::PersonQuery {
        name: &row.query,
        birth_date: date.as_ref(),
        country: code.as_deref(),
        number: None,
    };
    let hits = screener.search(&query, 0.0);
    let best = hits.first();
    let reported = best.filter(|hit| hit.is_match());
    ResultLine {
        query: &row.query,
        birth_date: Some(&row.birth_date),
        country: &row.country,
        id: reported.map(|hit| hit.entity.id.as_str()),
        score: rounded(best.map_or(0.0, |hit| hit.score)),
        explanation: reported.map(persons::PersonHit::explanation),
    }
}

fn rounded(score: f32) -> f64 {
    (f64::from(score) * 1e4).round() / 1e4
}
