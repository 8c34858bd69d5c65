//! The audit bundle: what a report rests on, each part with its SHA-256 in one manifest, beside the
//! digests of the report's own files.

use domain::{artifact::sha256_hex, document::Document, evidence::Snapshot};
use serde_json::{Value, json};

use super::Rendered;

/// An answer of the model and the problems that the checks found in it, as the bundle records them.
#[derive(Clone, Debug)]
pub struct AuditedAnswer {
    /// The answer.
    pub answer: Value,
    /// One entry for each problem.
    pub problems: Vec<Value>,
}

/// The bundle as one JSON object. A part's SHA-256 is that of its compact JSON text, the members in
/// alphabetical order; `report.json` and its siblings are stored beside the bundle.
pub(super) fn render(
    document: &Document,
    snapshot: &Snapshot,
    answers: &[AuditedAnswer],
    files: &[Rendered],
) -> Result<Vec<u8>, serde_json::Error> {
    let said: Vec<&Value> = answers.iter().map(|answer| &answer.answer).collect();
    let checks: Vec<&[Value]> = answers.iter().map(|answer| answer.problems.as_slice()).collect();
    let parts = json!({
        "subject": {"reportId": document.report_id, "company": document.company},
        "versions": document.versions,
        "snapshot": snapshot,
        "answers": said,
        "checks": {"answers": checks, "dropped": document.dropped, "review": document.review},
    });
    let mut manifest = serde_json::Map::new();
    if let Value::Object(parts) = &parts {
        for (name, part) in parts {
            manifest.insert(name.clone(), entry(serde_json::to_vec(part)?.as_slice()));
        }
    }
    for file in files {
        manifest.insert(file.kind.file_name().to_owned(), entry(&file.bytes));
    }
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
