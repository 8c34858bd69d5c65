//! Where the output of a load test goes. With JSON on standard output, everything else goes to standard error.

use std::fs::OpenOptions;
use std::io::Write as _;

use anyhow::Context as _;
use serde::Serialize;

use super::options::JsonOutput;
use super::result::{LoadResult, Measured};
use super::result_tables;
use super::setup::Setup;
use crate::console::print_line;

/// The content of the JSON.
#[derive(Serialize)]
struct Document<'a> {
    setup: &'a Setup,
    #[serde(flatten)]
    result: &'a LoadResult,
}

/// Checks that the file for the JSON can be written, so that a long test does not end without its result.
///
/// # Errors
/// Returns an error if the file cannot be created or written.
pub(super) fn check(json: Option<&JsonOutput>) -> anyhow::Result<()> {
    if let Some(JsonOutput::File(path)) = json {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("{} cannot be written: give --json another path", path.display()))?;
    }
    Ok(())
}

/// Prints `text` for people.
pub(super) fn print(json: Option<&JsonOutput>, text: &str) {
    match json {
        Some(JsonOutput::Stdout) => {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
        Some(JsonOutput::File(_)) | None => print_line(text),
    }
}

/// Prints the result as tables, writes its JSON if that is asked for, and returns whether every accepted report
/// was completed.
///
/// # Errors
/// Returns an error if the result cannot be computed or the file cannot be written.
pub(super) fn conclude(
    json: Option<&JsonOutput>,
    setup: &Setup,
    measured: &Measured,
) -> anyhow::Result<bool> {
    let result = LoadResult::of(measured)?;
    print(json, &format!("\n{}", result_tables::render(&result)));
    let document = || serde_json::to_string_pretty(&Document { setup, result: &result });
    match json {
        None => {}
        Some(JsonOutput::Stdout) => print_line(&document()?),
        Some(JsonOutput::File(path)) => std::fs::write(path, format!("{}\n", document()?))
            .with_context(|| format!("the result cannot be written to {}", path.display()))?,
    }
    Ok(result.problems.is_empty())
}
