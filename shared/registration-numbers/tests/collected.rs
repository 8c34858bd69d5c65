//! Compares the schemes with collected test vectors (numbers with a known verdict).
//!
//! The vectors are not part of the repository, so the tests are ignored unless `.ci/evidence-data` runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use registration_numbers::{Scheme, check, check_characters};
use serde::Deserialize;

#[derive(Deserialize)]
struct PolicyRow {
    country: String,
    scheme: String,
    number: String,
    source: String,
}

/// Opens a file of collected vectors.
fn vectors(file: &str) -> csv::Reader<std::fs::File> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/registration_numbers");
    let path = folder.join(file);
    csv::Reader::from_path(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
#[ignore = "reads ../shared/data; run by .ci/evidence-data"]
fn every_collected_number_follows_the_character_policy() {
    let mut reader = vectors("policy_vectors.csv");
    let mut wrong = Vec::new();
    let mut seen = 0;
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
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 100, "{seen}");
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
#[ignore = "reads ../shared/data; run by .ci/evidence-data"]
fn every_collected_vector_has_the_verdict_of_its_source() {
    let mut reader = vectors("vectors.csv");
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

#[derive(Deserialize)]
struct Expectation {
    country: String,
    number: String,
    valid: bool,
}

#[derive(Deserialize)]
struct Case {
    expect: Vec<Expectation>,
}

#[test]
#[ignore = "reads ../shared/cases; run by .ci/evidence-data"]
fn every_collected_number_of_a_register_has_the_expected_verdict() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/cases/evidence/e09-numbers/case.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let case: Case = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    for Expectation { country, number, valid } in &case.expect {
        let checked = check(country.parse().unwrap(), number);
        if checked.as_ref().is_ok_and(|accepted| accepted.doubt.is_none()) != *valid {
            wrong.push(format!("{country}: {number:?}, expected {valid}: {checked:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), case.expect.len(), wrong.join("\n"));
    assert!(case.expect.len() > 40, "{}", case.expect.len());
}
