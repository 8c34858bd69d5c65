//! The schemes against vectors that were judged by others, where they are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that tells what it saw"
)]

use std::path::PathBuf;

use registration_numbers::Scheme;
use serde::Deserialize;

#[derive(Deserialize)]
struct Folding {
    country: String,
    scheme: String,
    number: String,
    source: String,
}

/// Where the collected numbers are, if they are at hand.
fn collected(file: &str) -> Option<csv::Reader<std::fs::File>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/registration_numbers");
    let reader = csv::Reader::from_path(folder.join(file)).ok();
    if reader.is_none() {
        eprintln!("{file} is not at hand: nothing was compared");
    }
    reader
}

#[test]
fn one_policy_of_folding_holds_for_every_scheme() {
    let Some(mut reader) = collected("policy_vectors.csv") else { return };
    let mut wrong = Vec::new();
    for row in reader.deserialize() {
        let Folding { country, scheme, number, source } = row.unwrap();
        let scheme = Scheme::find(&country, &scheme).unwrap_or_else(|| panic!("{country} {scheme}"));
        let taken = match source.split(": ").nth(1).unwrap_or_default() {
            "full-width digits" | "spaces around" | "letter case changed" => true,
            "tab at the start" | "line feed at the end" | "line feed inside" | "Arabic-Indic digits" => false,
            // Inside a number a space counts where the scheme's notation has one.
            _ => continue,
        };
        if scheme.check(&number).is_ok() != taken {
            wrong.push(format!("{country} {}: {number:?} ({source})", scheme.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[derive(Deserialize)]
struct Row {
    country: String,
    scheme: String,
    number: String,
    valid: bool,
    normalized: String,
}

#[test]
fn every_vector_is_judged_as_by_its_source() {
    let Some(mut reader) = collected("vectors.csv") else { return };
    let mut wrong = Vec::new();
    let mut seen = 0;
    for row in reader.deserialize() {
        let Row { country, scheme, number, valid, normalized } = row.unwrap();
        let scheme = Scheme::find(&country, &scheme).unwrap_or_else(|| panic!("{country} {scheme}"));
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
