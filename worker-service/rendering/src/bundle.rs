//! Renders the audit bundle: everything that a report is based on, and a manifest with the SHA-256 of each
//! part and of each other file of the report. `worker-service verify` recomputes the manifest.

use domain::{artifact::sha256_hex, document::Document, evidence::Snapshot, format::Format};
use serde_json::{Value, json};

use super::rendered::Rendered;

/// An answer of the model with the problems that the checks found in it.
#[derive(Clone, Debug)]
pub struct AuditedAnswer {
    /// The answer, as the model gave it.
    pub answer: Value,
    /// One entry for each problem.
    pub problems: Vec<Value>,
}

/// What the audit bundle records about the model, beside the report itself.
#[derive(Clone, Debug, Default)]
pub struct AuditTrail {
    /// The answers that assess the evidence, in order.
    pub answers: Vec<AuditedAnswer>,
    /// The verification of the claims, if there was one: verifier, claims with verdicts, and answers.
    pub verification: Option<Value>,
}

/// The version of a bundle's format, its member `v`, if the report has every format that can be chosen.
pub(super) const EVERY_FORMAT: u64 = 1;

/// The version if the report was written without some of them. The part `subject` says which it has. Programs
/// that know only the version before would report the others as removed.
pub(super) const SOME_FORMATS: u64 = 2;

/// Returns the bundle as one JSON object. The SHA-256 of a part is that of its compact JSON text with the
/// members in alphabetical order; the `files` are stored beside the bundle.
///
/// # Errors
/// Returns an error if a part cannot be serialized.
pub(super) fn render(
    document: &Document,
    snapshot: &Snapshot,
    trail: &AuditTrail,
    files: &[Rendered],
) -> Result<Vec<u8>, serde_json::Error> {
    let model_answers: Vec<&Value> = trail.answers.iter().map(|answer| &answer.answer).collect();
    let problems: Vec<&[Value]> = trail.answers.iter().map(|answer| answer.problems.as_slice()).collect();
    let mut checks = json!({"answers": problems, "dropped": document.dropped, "review": document.review});
    if let Some(verification) = &trail.verification {
        checks["verification"] = verification.clone();
    }
    let formats: Vec<&Format> = Format::ALL
        .iter()
        .filter(|format| files.iter().any(|file| format.artifact() == Some(file.kind)))
        .collect();
    let version = if formats.len() == Format::ALL.len() { EVERY_FORMAT } else { SOME_FORMATS };
    let parts = json!({
        "subject": {"reportId": document.report_id, "company": document.company, "formats": formats},
        "versions": document.versions,
        "snapshot": snapshot,
        "answers": model_answers,
        "checks": checks,
    });
    let mut manifest = serde_json::Map::new();
    if let Value::Object(parts) = &parts {
        for (name, part) in parts {
            manifest.insert(name.clone(), manifest_entry(serde_json::to_vec(part)?.as_slice()));
        }
    }
    for file in files {
        manifest.insert(file.kind.file_name().to_owned(), manifest_entry(&file.bytes));
    }
    serde_json::to_vec_pretty(&json!({
        "v": version,
        "reportId": document.report_id,
        "versions": document.versions,
        "manifest": manifest,
        "parts": parts,
    }))
}

/// Returns the digest (hexadecimal) and the size of a part or file.
fn manifest_entry(bytes: &[u8]) -> Value {
    json!({"sha256": sha256_hex(bytes), "bytes": bytes.len()})
}
