//! Compares rendered reports with recorded files. Look at a change as a picture before you record it:
//! `.ci/pictures` makes the pictures, `INSTA_UPDATE=always` records the files.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a missing file fails the test")]

use std::{fs, path::PathBuf};

use domain::{
    artifact::{ArtifactKind, sha256_hex},
    document::Document,
};
use insta::{assert_snapshot, with_settings};
use rendering::form;
use serde_json::Value;

/// Names of the reports, which are stored as JSON artifacts.
const REPORTS: [&str; 6] = ["high", "low-ja", "undetermined", "dropped", "related", "match-ja"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn document(name: &str) -> Document {
    let path = folder().join(format!("{name}.json"));
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

fn bytes(name: &str, kind: ArtifactKind) -> Vec<u8> {
    form(&document(name), kind, sources::rulebook()).unwrap().bytes
}

#[test]
fn every_report_is_as_recorded() {
    with_settings!({snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true}, {
        for name in REPORTS {
            for kind in [ArtifactKind::Html, ArtifactKind::Md] {
                let text = String::from_utf8(bytes(name, kind)).unwrap();
                assert_snapshot!(format!("{name}.{kind}"), text);
            }
            // Bytes of a PDF show a reader nothing; the pictures show the difference.
            assert_snapshot!(format!("{name}.pdf"), sha256_hex(&bytes(name, ArtifactKind::Pdf)));
        }
    });
}

#[test]
fn a_pdf_is_tagged_has_bookmarks_and_names_its_standards() {
    for name in REPORTS {
        let pdf = bytes(name, ArtifactKind::Pdf);
        let holds = |what: &str| pdf.windows(what.len()).any(|window| window == what.as_bytes());
        for what in ["/StructTreeRoot", "/MarkInfo", "/Outlines", "pdfuaid:part", "pdfaid:part", "/Lang"] {
            assert!(holds(what), "{name}: {what}");
        }
        assert_eq!(pdf, bytes(name, ArtifactKind::Pdf), "{name}: the same report renders to the same bytes");
    }
}

#[test]
fn a_page_loads_no_resources_and_runs_no_scripts() {
    for name in REPORTS {
        let html = String::from_utf8(bytes(name, ArtifactKind::Html)).unwrap();
        for forbidden in
            ["<script", "<link", "<img", "<iframe", "src=", "url(", "@import", " on", "javascript:"]
        {
            let found = html.match_indices(forbidden).find(|(at, _)| {
                // Words of a text can begin with "on"; an event attribute has an equals sign.
                forbidden != " on"
                    || html[*at..].split_whitespace().next().is_some_and(|word| word.contains('='))
            });
            assert_eq!(found, None, "{name}: {forbidden}");
        }
    }
}

#[test]
fn the_published_schema_is_current_and_accepts_every_report() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report.schema.json");
    let schema = rendering::schema();
    let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, &text).unwrap();
    }
    let published = fs::read_to_string(path).unwrap_or_default();
    assert!(published == text, "docs/report.schema.json is stale: run this test with UPDATE_DOCS=1");
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for name in REPORTS {
        let report: Value = serde_json::from_slice(&bytes(name, ArtifactKind::Json)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{name}");
        let mut broken = report.clone();
        broken["riskLevel"] = Value::from("FINE");
        broken["findings"] = Value::from("none");
        assert_eq!(validator.iter_errors(&broken).count(), 2, "{name}: an invalid report is rejected");
    }
}
