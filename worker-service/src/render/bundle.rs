//! The audit bundle: what a report rests on, each part with its SHA-256 in one manifest.

use serde_json::{Value, json};
use shared::domain::{artifact::sha256_hex, document::Document, evidence::Snapshot};

use crate::assess::model::Answer;

/// The bundle as one JSON object. A part's SHA-256 is that of its compact JSON text, the members in
/// alphabetical order; `report.json` is the JSON artifact, which is stored beside the bundle.
pub(super) fn render(
    document: &Document,
    snapshot: &Snapshot,
    answers: &[Answer],
    report: &[u8],
) -> Result<Vec<u8>, serde_json::Error> {
    let parts = json!({
        "snapshot": snapshot,
        "answers": answers,
        "checks": {"dropped": document.dropped, "review": document.review},
    });
    let mut manifest = serde_json::Map::new();
    if let Value::Object(parts) = &parts {
        for (name, part) in parts {
            manifest.insert(name.clone(), entry(serde_json::to_vec(part)?.as_slice()));
        }
    }
    manifest.insert("report.json".to_owned(), entry(report));
    serde_json::to_vec_pretty(&json!({
        "v": 1,
        "reportId": document.report_id,
        "versions": document.versions,
        "manifest": manifest,
        "parts": parts,
    }))
}

fn entry(bytes: &[u8]) -> Value {
    json!({"sha256": sha256_hex(bytes), "bytes": bytes.len()})
}
