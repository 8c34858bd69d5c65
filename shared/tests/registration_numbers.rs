//! The schemes against vectors that were judged by others, where they are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that tells what it saw"
)]

use std::path::PathBuf;

use serde::Deserialize;
use shared::domain::numbers::Scheme;

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
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/registration_numbers/vectors.csv");
    let Ok(mut reader) = csv::Reader::from_path(&path) else {
        eprintln!("the vectors of registration numbers are not at hand: nothing was compared");
        return;
    };
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
