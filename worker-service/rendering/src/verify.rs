//! `worker-service verify`: recomputes what an audit bundle says of itself.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use domain::artifact::sha256_hex;
use serde_json::Value;
use thiserror::Error;

/// The format of bundles that can be verified.
const VERSION: u64 = 1;

/// The files beside a bundle, as its manifest names them.
const FILES: [&str; 4] = ["report.json", "report.html", "report.pdf", "report.md"];

/// What a bundle is made of: one without them proves nothing.
const PARTS: [&str; 5] = ["answers", "checks", "snapshot", "subject", "versions"];

/// Why a bundle cannot be verified, or is not what it says.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// A file cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// It is no bundle.
    #[error("{} is no audit bundle of version {VERSION}: {why}", path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file is none of a report.
    #[error("{} is no file of a report: its name must end in .json, .html, .pdf or .md", .0.display())]
    NoReport(PathBuf),
    /// Parts of it are not what its manifest says.
    #[error("{0} of the digests do not agree: the bundle, or what it stands beside, was changed")]
    Changed(usize),
    /// The answer cannot be written.
    #[error("the answer cannot be written: {0}")]
    Out(#[from] io::Error),
}

/// A digest that was recomputed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Recomputed {
    what: String,
    agrees: bool,
}

/// Recomputes every digest of the bundle at `path`, and those of the report's files among `reports`, which are told
/// by their endings; writes one line for each to `out`.
///
/// # Errors
/// [`VerifyError`] when a file cannot be read or a digest does not agree.
pub fn verify(path: &Path, reports: &[PathBuf], out: &mut impl Write) -> Result<(), VerifyError> {
    let read = |path: &Path| fs::read(path).map_err(|why| VerifyError::File { path: path.to_owned(), why });
    let no_bundle = |why: String| VerifyError::Bundle { path: path.to_owned(), why };
    let bundle: Value = serde_json::from_slice(&read(path)?).map_err(|error| no_bundle(error.to_string()))?;
    let mut files = Vec::with_capacity(reports.len());
    for report in reports {
        files.push((file_name(report)?, read(report)?));
    }
    let digests = recompute(&bundle, &files).map_err(no_bundle)?;
    for Recomputed { what, agrees } in &digests {
        writeln!(out, "{} {what}", if *agrees { "agrees " } else { "DIFFERS" })?;
    }
    for name in FILES.iter().filter(|name| !files.iter().any(|(given, _)| given == *name)) {
        if bundle["manifest"].get(name).is_some() {
            writeln!(out, "skipped {name}: give it with --report to have it compared, too")?;
        }
    }
    match digests.iter().filter(|digest| !digest.agrees).count() {
        0 => Ok(()),
        changed => Err(VerifyError::Changed(changed)),
    }
}

/// The name under which the manifest has a file of a report: browsers save the same one as `report (1).pdf`.
fn file_name(path: &Path) -> Result<&'static str, VerifyError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let of_ending = |name: &&str| name.strip_prefix("report.") == Some(ending);
    FILES.iter().copied().find(of_ending).ok_or_else(|| VerifyError::NoReport(path.to_owned()))
}

fn recompute(bundle: &Value, files: &[(&str, Vec<u8>)]) -> Result<Vec<Recomputed>, String> {
    if bundle["v"].as_u64() != Some(VERSION) {
        return Err("its member v is another one".to_owned());
    }
    let parts = bundle["parts"].as_object().ok_or("it has no parts")?;
    let manifest = bundle["manifest"].as_object().ok_or("it has no manifest")?;
    let mut digests = Vec::new();
    let mut compare = |what: String, stated: &Value, bytes: &[u8]| {
        digests.push(Recomputed { agrees: stated.as_str() == Some(sha256_hex(bytes).as_str()), what });
    };
    for (name, part) in parts {
        let bytes = serde_json::to_vec(part).map_err(|error| error.to_string())?;
        compare(format!("part {name}"), &manifest.get(name).unwrap_or(&Value::Null)["sha256"], &bytes);
    }
    for piece in
        parts.get("snapshot").and_then(|snapshot| snapshot["evidence"].as_array()).into_iter().flatten()
    {
        let text = piece["text"].as_str().unwrap_or_default();
        compare(
            format!("evidence {}", piece["id"].as_str().unwrap_or("?")),
            &piece["sha256"],
            text.as_bytes(),
        );
    }
    for (name, bytes) in files {
        compare((*name).to_owned(), &manifest.get(*name).unwrap_or(&Value::Null)["sha256"], bytes);
    }
    // What stands at the head, for whoever reads it, must be what the parts say.
    let part = |name: &str| parts.get(name).unwrap_or(&Value::Null);
    for (what, head, inside) in [
        ("versions", &bundle["versions"], part("versions")),
        ("reportId", &bundle["reportId"], &part("subject")["reportId"]),
    ] {
        let agrees = head == inside && !head.is_null();
        digests.push(Recomputed { what: format!("{what} at the head"), agrees });
    }
    for name in PARTS.iter().filter(|name| !parts.contains_key(**name) && !manifest.contains_key(**name)) {
        digests.push(Recomputed { what: format!("part {name}, which is missing"), agrees: false });
    }
    for name in FILES.iter().filter(|name| !manifest.contains_key(**name)) {
        digests.push(Recomputed { what: format!("{name}, of which there is no digest"), agrees: false });
    }
    // What the manifest names must be there: a part that was taken out is a change.
    for name in manifest.keys().filter(|name| !FILES.contains(&name.as_str()) && !parts.contains_key(*name)) {
        digests.push(Recomputed { what: format!("part {name}, which is missing"), agrees: false });
    }
    Ok(digests)
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
        let mut manifest: serde_json::Map<String, Value> = parts
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, part)| (name.clone(), digest(part.to_string().as_bytes())))
            .collect();
        manifest.extend(FILES.map(|name| (name.to_owned(), digest(b"{}"))));
        json!({"v": 1, "reportId": "r1", "versions": {"dossier": "1"}, "parts": parts, "manifest": manifest})
    }

    fn differ(bundle: &Value, report: &[u8]) -> Vec<String> {
        let digests = recompute(bundle, &[("report.json", report.to_vec())]).unwrap();
        digests.into_iter().filter(|digest| !digest.agrees).map(|digest| digest.what).collect()
    }

    #[test]
    fn a_bundle_that_was_not_touched_agrees() {
        assert_eq!(differ(&bundle(), b"{}"), [""; 0]);
        assert_eq!(recompute(&bundle(), &[]).unwrap().len(), 8);
    }

    #[test]
    fn files_are_told_by_their_endings() {
        let named = |path: &str| file_name(Path::new(path)).ok();
        assert_eq!(named("a/report (2).pdf"), Some("report.pdf"));
        assert_eq!(named("x.html"), Some("report.html"));
        assert_eq!(named("report"), None);
        assert_eq!(named("report.txt"), None);
    }

    #[test]
    fn every_change_is_found() {
        assert_eq!(differ(&bundle(), b"{ }"), ["report.json"]);
        let mut changed = bundle();
        changed["parts"]["snapshot"]["evidence"][0]["text"] = json!("y");
        assert_eq!(differ(&changed, b"{}"), ["part snapshot", "evidence E1"]);
        let mut taken_out = bundle();
        taken_out["parts"].as_object_mut().unwrap().remove("answers");
        assert_eq!(differ(&taken_out, b"{}"), ["part answers, which is missing"]);
        for at_the_head in ["versions", "reportId"] {
            let mut changed = bundle();
            changed[at_the_head] = json!("another");
            assert_eq!(differ(&changed, b"{}"), [format!("{at_the_head} at the head")]);
        }
        let mut changed = bundle();
        changed["parts"]["versions"]["dossier"] = json!("2");
        changed["versions"]["dossier"] = json!("2");
        assert_eq!(differ(&changed, b"{}"), ["part versions"]);
        let empty = json!({"v": 1, "parts": {}, "manifest": {}});
        assert!(recompute(&empty, &[]).unwrap().iter().all(|digest| !digest.agrees));
        assert!(recompute(&json!({"v": 2}), &[]).is_err());
    }
}
