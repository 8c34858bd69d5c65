//! `api-service check-numbers`: judges the registration numbers of a CSV file as the API would.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write},
    path::Path,
};

use country::Country;
use registration_numbers::{self, Scheme};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why the numbers cannot be judged.
#[derive(Debug, Error)]
pub enum CheckNumbersError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {why}")]
    File {
        /// The file.
        path: String,
        /// Why.
        why: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path} is no CSV file with the columns country, scheme and number (UTF-8, RFC 4180): {why}")]
    Csv {
        /// The file.
        path: String,
        /// Why.
        why: csv::Error,
    },
    /// The answer cannot be written.
    #[error("the answer cannot be written: {0}")]
    Out(#[from] std::io::Error),
}

#[derive(Deserialize)]
struct Row {
    country: String,
    scheme: String,
    number: String,
}

/// A row with its verdict.
#[derive(Serialize)]
struct Verdict {
    country: String,
    scheme: String,
    number: String,
    valid: bool,
    normalized: Option<String>,
    error: Option<String>,
}

/// Writes one JSON line to `out` for each row of the file at `path`. A row without a scheme is judged
/// by all that its country has, as the API does.
///
/// # Errors
/// [`CheckNumbersError`] when the file cannot be read to its end or the answer not be written.
pub fn check_numbers(path: &Path, out: &mut impl Write) -> Result<(), CheckNumbersError> {
    let name = || path.display().to_string();
    let file = File::open(path).map_err(|why| CheckNumbersError::File { path: name(), why })?;
    let mut input = BufReader::new(file);
    // Spreadsheets put a byte order mark in front.
    if input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    let mut reader = csv::Reader::from_reader(input);
    for row in reader.deserialize() {
        let row: Row = row.map_err(|why| CheckNumbersError::Csv { path: name(), why })?;
        serde_json::to_writer(&mut *out, &judge(row)).map_err(std::io::Error::from)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(())
}

fn judge(row: Row) -> Verdict {
    let Row { country, scheme, number } = row;
    let judged = if scheme.is_empty() {
        let by_country = country.parse::<Country>().map_err(|error| format!("country {error}"));
        by_country.and_then(|country| {
            let accepted = registration_numbers::check(country, &number)
                .map_err(|error| format!("the number {error}"))?;
            Ok(accepted.normalized)
        })
    } else {
        match Scheme::find(&country, &scheme) {
            Some(scheme) => scheme.check(&number).map_err(|error| format!("the number {error}")),
            None => Err(unknown(&country, &scheme)),
        }
    };
    let (normalized, error) = match judged {
        Ok(normalized) => (Some(normalized), None),
        Err(error) => (None, Some(error)),
    };
    Verdict { country, scheme, number, valid: error.is_none(), normalized, error }
}

fn unknown(country: &str, scheme: &str) -> String {
    let known: Vec<&str> = Scheme::of(country).map(|scheme| scheme.id.as_str()).collect();
    let known = if known.is_empty() {
        "none but lei is known for it".to_owned()
    } else {
        format!("use {} or lei", known.join(", "))
    };
    format!("there is no scheme {scheme:?} of {country:?}: {known}")
}
