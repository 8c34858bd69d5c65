//! The command `api-service check-numbers`: validates the registration numbers in a CSV file as the API does.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write},
    path::Path,
};

use country::Country;
use domain::number_check::NumberStatus;
use registration_numbers::{self, Accepted, NumberError, Scheme};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The error of a run of `check-numbers`.
#[derive(Debug, Error)]
pub enum CheckNumbersError {
    /// The file cannot be opened.
    #[error("{path} cannot be read: {error}")]
    File {
        /// The path of the file.
        path: String,
        /// The cause.
        error: std::io::Error,
    },
    /// The file is not a CSV file with the required columns.
    #[error(
        "{path} is not a CSV file with the columns country, scheme and number (UTF-8, RFC 4180): {error}"
    )]
    Csv {
        /// The path of the file.
        path: String,
        /// The cause.
        error: csv::Error,
    },
    /// The results cannot be written.
    #[error("the results cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

#[derive(Deserialize)]
struct Row {
    country: String,
    scheme: String,
    number: String,
}

/// A row with the outcome of its validation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckedRow {
    country: String,
    scheme: String,
    number: String,
    /// Whether the number follows the scheme, or a scheme of the country. Where no scheme is known for the country,
    /// whether the API accepts it.
    valid: bool,
    /// How far the number was verified, as the API shows it; null if the API refuses the number.
    status: Option<NumberStatus>,
    /// The scheme that accepted the number.
    accepted_by: Option<&'static str>,
    normalized: Option<String>,
    /// Why the API refuses the number.
    error: Option<String>,
    /// Why the API accepts the number without having verified it.
    warning: Option<String>,
}

/// Writes one JSON line to `output` for each row of the file at `path`. A row without a scheme is checked
/// against all schemes of its country, as the API does.
///
/// # Errors
/// Returns [`CheckNumbersError`] if the file cannot be read to its end, or if the results cannot be written.
pub fn check_numbers(path: &Path, output: &mut impl Write) -> Result<(), CheckNumbersError> {
    let name = || path.display().to_string();
    let file = File::open(path).map_err(|error| CheckNumbersError::File { path: name(), error })?;
    let mut input = BufReader::new(file);
    // Spreadsheets begin UTF-8 files with a byte order mark.
    if input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    let mut reader = csv::Reader::from_reader(input);
    for row in reader.deserialize() {
        let row: Row = row.map_err(|error| CheckNumbersError::Csv { path: name(), error })?;
        serde_json::to_writer(&mut *output, &check(row)).map_err(std::io::Error::from)?;
        writeln!(output)?;
    }
    output.flush()?;
    Ok(())
}

fn check(row: Row) -> CheckedRow {
    let Row { country, scheme, number } = row;
    let checked = if scheme.is_empty() {
        let country = country.parse::<Country>().map_err(|error| format!("country {error}"));
        country.and_then(|country| {
            registration_numbers::check(country, &number).map_err(|error| format!("the number {error}"))
        })
    } else {
        match Scheme::find(&country, &scheme) {
            Some(scheme) => scheme
                .check(&number)
                .map(|normalized| Accepted { normalized, scheme: Some(scheme), doubt: None })
                .map_err(|error| format!("the number {error}")),
            None => Err(unknown_scheme(&country, &scheme)),
        }
    };
    let row = CheckedRow {
        country,
        scheme,
        number,
        valid: false,
        status: None,
        accepted_by: None,
        normalized: None,
        error: None,
        warning: None,
    };
    match checked {
        Ok(Accepted { normalized, scheme, doubt }) => CheckedRow {
            valid: doubt.is_none(),
            status: Some(NumberStatus::of_number(scheme)),
            accepted_by: scheme.map(|scheme| scheme.id.as_str()),
            normalized: Some(normalized),
            warning: warning(scheme, doubt.as_ref()),
            ..row
        },
        Err(error) => CheckedRow { error: Some(error), ..row },
    }
}

/// Returns why a number is accepted without having been verified, or `None` if a scheme accepted it.
fn warning(scheme: Option<&Scheme>, doubt: Option<&NumberError>) -> Option<String> {
    match (scheme, doubt) {
        (Some(_), _) => None,
        (None, Some(doubt)) => Some(format!("the number is accepted as not verified: it {doubt}")),
        (None, None) => {
            Some("the number is accepted as not verified: no scheme is known for the country".to_owned())
        }
    }
}

fn unknown_scheme(country: &str, scheme: &str) -> String {
    let known: Vec<&str> = Scheme::of(country).map(|scheme| scheme.id.as_str()).collect();
    let known = if known.is_empty() {
        "the only scheme for it is lei".to_owned()
    } else {
        format!("use {} or lei", known.join(", "))
    };
    format!("{country:?} has no scheme {scheme:?}: {known}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn checked(country: &str, scheme: &str, number: &str) -> Value {
        let row = Row { country: country.into(), scheme: scheme.into(), number: number.into() };
        serde_json::to_value(check(row)).unwrap()
    }

    #[test]
    fn a_row_says_what_was_verified_and_what_was_not() {
        let members =
            |row: &Value| json!([row["valid"], row["status"], row["acceptedBy"], row["normalized"]]);
        for (country, scheme, number, expected) in [
            ("SK", "", "31 333 532", json!([true, "verified", "ico", "31333532"])),
            ("GB", "", "r0000521", json!([true, "formVerified", "crn", "R0000521"])),
            ("GB", "", "R0521", json!([false, "formNotVerified", null, "R0521"])),
            ("AQ", "", "x-1", json!([true, "formNotVerified", null, "X-1"])),
            ("SK", "", "31333533", json!([false, null, null, null])),
            ("SK", "ico", "R0521", json!([false, null, null, null])),
            ("SK", "ico", "31333532", json!([true, "verified", "ico", "31333532"])),
        ] {
            let row = checked(country, scheme, number);
            assert_eq!(members(&row), expected, "{row}");
            let reason = if row["status"].is_null() { &row["error"] } else { &row["warning"] };
            let is_verified =
                ["verified", "formVerified"].contains(&row["status"].as_str().unwrap_or_default());
            assert_eq!(reason.is_null(), is_verified, "{row}");
        }
        let warning = checked("GB", "", "R0521")["warning"].as_str().unwrap().to_owned();
        assert!(warning.contains("not verified") && warning.contains("company number"), "{warning}");
    }
}
