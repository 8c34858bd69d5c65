//! `worker-service verify`: recomputes the digests of an audit bundle and of the files beside it.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use domain::{
    artifact::{ArtifactKind, sha256_hex},
    format::Format,
};
use serde_json::{Map, Value};
use thiserror::Error;

use super::bundle::{EVERY_FORMAT, SOME_FORMATS};

/// The files beside a bundle, by their names in its manifest.
const FILES: [&str; 4] = ["report.json", "report.html", "report.pdf", "report.md"];

/// The parts that every bundle has. A bundle without one of them proves nothing.
const PARTS: [&str; 5] = ["answers", "checks", "snapshot", "subject", "versions"];

/// The error of a bundle that cannot be verified or does not agree with its manifest.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// A file cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: io::Error,
    },
    /// The file is not an audit bundle.
    #[error("{} is not an audit bundle of version {EVERY_FORMAT} or {SOME_FORMATS}: {why}", path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: String,
    },
    /// A file does not belong to a report.
    #[error("{} is not a file of a report: its name must end in .json, .html, .pdf or .md", .0.display())]
    NotOfReport(PathBuf),
    /// Digests differ from the manifest.
    #[error("{0} of the digests differ: the bundle or a file beside it was changed")]
    Changed(usize),
    /// The results cannot be written.
    #[error("the results cannot be written: {0}")]
    Out(#[from] io::Error),
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Check {
    /// What was compared.
    subject: String,
    agrees: bool,
}

/// Recomputes every digest of the bundle at `path` and of the files in `reports`, which are recognised by
/// their extensions, and writes one line for each to `out`.
///
/// # Errors
/// Returns [`VerifyError::Changed`] if a digest differs, and another [`VerifyError`] if a file cannot be read
/// or is not what it should be.
pub fn verify(path: &Path, reports: &[PathBuf], out: &mut impl Write) -> Result<(), VerifyError> {
    let read = |path: &Path| fs::read(path).map_err(|why| VerifyError::File { path: path.to_owned(), why });
    let not_a_bundle = |why: String| VerifyError::Bundle { path: path.to_owned(), why };
    let bundle: Value =
        serde_json::from_slice(&read(path)?).map_err(|error| not_a_bundle(error.to_string()))?;
    let mut files = Vec::with_capacity(reports.len());
    for report in reports {
        files.push((file_name(report)?, read(report)?));
    }
    let checks = recompute(&bundle, &files).map_err(not_a_bundle)?;
    for Check { subject, agrees } in &checks {
        writeln!(out, "{} {subject}", if *agrees { "agrees " } else { "DIFFERS" })?;
    }
    for name in FILES.iter().filter(|name| !files.iter().any(|(given, _)| given == *name)) {
        if bundle["manifest"].get(name).is_some() {
            writeln!(out, "skipped {name}: pass it with --report to compare it as well")?;
        }
    }
    match checks.iter().filter(|check| !check.agrees).count() {
        0 => Ok(()),
        changed => Err(VerifyError::Changed(changed)),
    }
}

/// Returns the name of a file in the manifest by its extension. The name itself may differ: browsers save a
/// second copy as `report (1).pdf`.
///
/// # Errors
/// Returns [`VerifyError::NotOfReport`] for any other extension.
fn file_name(path: &Path) -> Result<&'static str, VerifyError> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let has_extension = |name: &&str| name.strip_prefix("report.") == Some(extension);
    FILES.iter().copied().find(has_extension).ok_or_else(|| VerifyError::NotOfReport(path.to_owned()))
}

/// Compares a bundle and the `files` beside it, by their names in the manifest, with the manifest.
///
/// # Errors
/// Returns what is wrong if `bundle` is not an audit bundle.
fn recompute(bundle: &Value, files: &[(&str, Vec<u8>)]) -> Result<Vec<Check>, String> {
    let version = bundle["v"].as_u64().filter(|version| [EVERY_FORMAT, SOME_FORMATS].contains(version));
    let version = version.ok_or("its member v has another value")?;
    let parts = bundle["parts"].as_object().ok_or("it has no parts")?;
    let manifest = bundle["manifest"].as_object().ok_or("it has no manifest")?;
    let mut checks = Vec::new();
    for (name, part) in parts {
        let bytes = serde_json::to_vec(part).map_err(|error| error.to_string())?;
        checks.push(Check::digest(format!("part {name}"), stated(manifest, name), &bytes));
    }
    let evidence = parts.get("snapshot").and_then(|snapshot| snapshot["evidence"].as_array());
    for piece in evidence.into_iter().flatten() {
        let id = piece["id"].as_str().unwrap_or("?");
        let text = piece["text"].as_str().unwrap_or_default();
        checks.push(Check::digest(format!("evidence {id}"), &piece["sha256"], text.as_bytes()));
    }
    for (name, bytes) in files {
        checks.push(Check::digest((*name).to_owned(), stated(manifest, name), bytes));
    }
    checks.extend(top_level(bundle, parts));
    checks.extend(missing(parts, manifest, &required_files(version, parts)));
    Ok(checks)
}

/// Returns the digest that the manifest states for a part or file, or null.
fn stated<'a>(manifest: &'a Map<String, Value>, name: &str) -> &'a Value {
    &manifest.get(name).unwrap_or(&Value::Null)["sha256"]
}

/// Compares the members of the bundle that repeat a part for human readers with that part.
fn top_level(bundle: &Value, parts: &Map<String, Value>) -> [Check; 2] {
    let part = |name: &str| parts.get(name).unwrap_or(&Value::Null);
    [
        ("versions", &bundle["versions"], part("versions")),
        ("reportId", &bundle["reportId"], &part("subject")["reportId"]),
    ]
    .map(|(name, top_level, inside)| Check {
        subject: format!("top-level {name}"),
        agrees: top_level == inside && !top_level.is_null(),
    })
}

/// Returns the names of the files that the manifest must name: the JSON document, and the formats of the report.
fn required_files(version: u64, parts: &Map<String, Value>) -> Vec<&'static str> {
    let formats = parts.get("subject").and_then(|subject| subject["formats"].as_array());
    let is_written = |format: &Format| match version {
        SOME_FORMATS => formats.is_some_and(|formats| formats.iter().any(|name| name == format.as_str())),
        _ => true,
    };
    let written = Format::ALL.into_iter().filter(is_written).filter_map(Format::artifact);
    [ArtifactKind::Json].into_iter().chain(written).map(ArtifactKind::file_name).collect()
}

/// Returns a failed check for each part that is missing and each of the required `files`. A part that the manifest names must
/// exist: removing one is a change.
fn missing(parts: &Map<String, Value>, manifest: &Map<String, Value>, files: &[&'static str]) -> Vec<Check> {
    let is_missing = |name: &&str| !parts.contains_key(*name);
    let missing_part = |name: &str| format!("part {name} (missing)");
    let required = PARTS.iter().copied().filter(|name| !manifest.contains_key(*name)).filter(is_missing);
    let files = files.iter().filter(|name| !manifest.contains_key(**name));
    let named = manifest.keys().map(String::as_str).filter(|name| !FILES.contains(name)).filter(is_missing);
    let subjects = required
        .map(missing_part)
        .chain(files.map(|name| format!("{name} (not in the manifest)")))
        .chain(named.map(missing_part));
    subjects.map(|subject| Check { subject, agrees: false }).collect()
}

impl Check {
    /// Compares the digest of `bytes` with the `stated` one.
    fn digest(subject: String, stated: &Value, bytes: &[u8]) -> Self {
        Self { subject, agrees: stated.as_str() == Some(sha256_hex(bytes).as_str()) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bundle() -> Value {
        let parts = json!({
            "subject": {"reportId": "r1", "company": {}},
            "versions": {"dossier": "1"},
            "snapshot": {"evidence": [{"id": "E1", "text": "x", "sha256": sha256_hex(b"x")}]},
            "answers": [],
            "checks": {},
        });
        let digest = |bytes: &[u8]| json!({"sha256": sha256_hex(bytes)});
        let mut manifest: Map<String, Value> = parts
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, part)| (name.clone(), digest(part.to_string().as_bytes())))
            .collect();
        manifest.extend(FILES.map(|name| (name.to_owned(), digest(b"{}"))));
        json!({"v": 1, "reportId": "r1", "versions": {"dossier": "1"}, "parts": parts, "manifest": manifest})
    }

    fn differences(bundle: &Value, report: &[u8]) -> Vec<String> {
        let checks = recompute(bundle, &[("report.json", report.to_vec())]).unwrap();
        checks.into_iter().filter(|check| !check.agrees).map(|check| check.subject).collect()
    }

    #[test]
    fn an_unchanged_bundle_agrees_with_its_manifest() {
        assert_eq!(differences(&bundle(), b"{}"), [""; 0]);
        assert_eq!(recompute(&bundle(), &[]).unwrap().len(), 8);
    }

    #[test]
    fn files_are_recognised_by_their_extensions() {
        let name = |path: &str| file_name(Path::new(path)).ok();
        assert_eq!(name("a/report (2).pdf"), Some("report.pdf"));
        assert_eq!(name("x.html"), Some("report.html"));
        assert_eq!(name("report"), None);
        assert_eq!(name("report.txt"), None);
    }

    #[test]
    fn every_change_is_found() {
        assert_eq!(differences(&bundle(), b"{ }"), ["report.json"]);
        let mut changed = bundle();
        changed["parts"]["snapshot"]["evidence"][0]["text"] = json!("y");
        assert_eq!(differences(&changed, b"{}"), ["part snapshot", "evidence E1"]);
        let mut removed = bundle();
        removed["parts"].as_object_mut().unwrap().remove("answers");
        assert_eq!(differences(&removed, b"{}"), ["part answers (missing)"]);
        for member in ["versions", "reportId"] {
            let mut changed = bundle();
            changed[member] = json!("another");
            assert_eq!(differences(&changed, b"{}"), [format!("top-level {member}")]);
        }
        let mut changed = bundle();
        changed["parts"]["versions"]["dossier"] = json!("2");
        changed["versions"]["dossier"] = json!("2");
        assert_eq!(differences(&changed, b"{}"), ["part versions"]);
        let empty = json!({"v": 1, "parts": {}, "manifest": {}});
        assert!(recompute(&empty, &[]).unwrap().iter().all(|check| !check.agrees));
        assert!(recompute(&json!({"v": 3}), &[]).is_err());
    }

    #[test]
    fn a_bundle_names_the_formats_that_it_was_written_in() {
        let mut pdf_only = bundle();
        pdf_only["v"] = json!(2);
        pdf_only["parts"]["subject"]["formats"] = json!(["pdf"]);
        let subject = pdf_only["parts"]["subject"].to_string();
        pdf_only["manifest"]["subject"]["sha256"] = json!(sha256_hex(subject.as_bytes()));
        for name in ["report.html", "report.md"] {
            pdf_only["manifest"].as_object_mut().unwrap().remove(name);
        }
        assert_eq!(differences(&pdf_only, b"{}"), [""; 0]);
        let mut first = pdf_only.clone();
        first["v"] = json!(1);
        let missing = ["report.html (not in the manifest)", "report.md (not in the manifest)"];
        assert_eq!(differences(&first, b"{}"), missing);
        for name in ["report.pdf", "report.json"] {
            let mut removed = pdf_only.clone();
            removed["manifest"].as_object_mut().unwrap().remove(name);
            let found = differences(&removed, b"{}");
            assert!(found.contains(&format!("{name} (not in the manifest)")), "{found:?}");
        }
    }
}
