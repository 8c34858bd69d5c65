//! Compares the schemes with collected test vectors (numbers with a known verdict), if the files exist.
//!
//! The vectors are not part of the repository; without them the tests pass and print a note.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and prints what it skipped"
)]

use std::path::PathBuf;

use registration_numbers::{Scheme, check_characters};
use serde::Deserialize;

#[derive(Deserialize)]
struct PolicyRow {
    country: String,
    scheme: String,
    number: String,
    source: String,
}

/// Opens a file of collected vectors, or returns `None` if it does not exist.
fn vectors(file: &str) -> Option<csv::Reader<std::fs::File>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/registration_numbers");
    let reader = csv::Reader::from_path(folder.join(file)).ok();
    if reader.is_none() {
        eprintln!("{file} not found: nothing was compared");
    }
    reader
}

#[test]
fn every_scheme_follows_the_character_policy() {
    let Some(mut reader) = vectors("policy_vectors.csv") else { return };
    let mut wrong = Vec::new();
    for row in reader.deserialize() {
        let PolicyRow { country, scheme, number, source } = row.unwrap();
        let scheme = Scheme::find(&country, &scheme).unwrap_or_else(|| panic!("{country} {scheme}"));
        let accepted = match source.split(": ").nth(1).unwrap_or_default() {
            "full-width digits" | "spaces around" | "letter case changed" => true,
            "tab at the start" | "line feed at the end" | "line feed inside" | "Arabic-Indic digits" => false,
            // Whether a space inside a number is allowed depends on the scheme's separators.
            _ => continue,
        };
        if scheme.check(&number).is_ok() != accepted {
            wrong.push(format!("{country} {}: {number:?} ({source})", scheme.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[derive(Deserialize)]
struct VectorRow {
    country: String,
    scheme: String,
    number: String,
    valid: bool,
    normalized: String,
}

#[test]
fn every_vector_has_the_verdict_of_its_source() {
    let Some(mut reader) = vectors("vectors.csv") else { return };
    let mut wrong = Vec::new();
    let mut seen = 0;
    for row in reader.deserialize() {
        let VectorRow { country, scheme, number, valid, normalized } = row.unwrap();
        let scheme = Scheme::find(&country, &scheme).unwrap_or_else(|| panic!("{country} {scheme}"));
        assert!(!valid || check_characters(&number).is_ok(), "{country}: {number:?}");
        let expected = valid.then_some(normalized);
        let found = scheme.check(&number).ok();
        if found != expected {
            wrong.push(format!("{country} {}: {number:?}: {found:?}, expected {expected:?}", scheme.id));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{} of {seen} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen > 2_000, "{seen}");
}
