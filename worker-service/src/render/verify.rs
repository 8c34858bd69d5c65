//! `worker-service verify`: recomputes what an audit bundle says of itself.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::Value;
use shared::domain::artifact::sha256_hex;
use thiserror::Error;

/// The format of bundles that can be verified.
const VERSION: u64 = 1;

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

/// Recomputes every digest of the bundle at `path`, and that of the JSON artifact at `report` if it is
/// given; writes one line for each to `out`.
///
/// # Errors
/// [`VerifyError`] when a file cannot be read or a digest does not agree.
pub fn verify(path: &Path, report: Option<&Path>, out: &mut impl Write) -> Result<(), VerifyError> {
    let read = |path: &Path| fs::read(path).map_err(|why| VerifyError::File { path: path.to_owned(), why });
    let no_bundle = |why: String| VerifyError::Bundle { path: path.to_owned(), why };
    let bundle: Value = serde_json::from_slice(&read(path)?).map_err(|error| no_bundle(error.to_string()))?;
    let report = report.map(read).transpose()?;
    let digests = recompute(&bundle, report.as_deref()).map_err(no_bundle)?;
    for Recomputed { what, agrees } in &digests {
        writeln!(out, "{} {what}", if *agrees { "agrees " } else { "DIFFERS" })?;
    }
    if report.is_none() {
        writeln!(out, "skipped report.json: give it with --report to have it compared, too")?;
    }
    match digests.iter().filter(|digest| !digest.agrees).count() {
        0 => Ok(()),
        changed => Err(VerifyError::Changed(changed)),
    }
}

fn recompute(bundle: &Value, report: Option<&[u8]>) -> Result<Vec<Recomputed>, String> {
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
    if let Some(report) = report {
        compare(
            "report.json".to_owned(),
            &manifest.get("report.json").unwrap_or(&Value::Null)["sha256"],
            report,
        );
    }
    // What the manifest names must be there: a part that was taken out is a change.
    for name in manifest.keys().filter(|name| *name != "report.json" && !parts.contains_key(*name)) {
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
            "snapshot": {"evidence": [{"id": "E1", "text": "x", "sha256": sha256_hex(b"x")}]},
            "answers": [],
        });
        let digest = |part: &Value| json!({"sha256": sha256_hex(part.to_string().as_bytes())});
        let manifest = json!({
            "snapshot": digest(&parts["snapshot"]),
            "answers": digest(&parts["answers"]),
            "report.json": {"sha256": sha256_hex(b"{}")},
        });
        json!({"v": 1, "parts": parts, "manifest": manifest})
    }

    fn differ(bundle: &Value, report: &[u8]) -> Vec<String> {
        let digests = recompute(bundle, Some(report)).unwrap();
        digests.into_iter().filter(|digest| !digest.agrees).map(|digest| digest.what).collect()
    }

    #[test]
    fn a_bundle_that_was_not_touched_agrees() {
        assert_eq!(differ(&bundle(), b"{}"), [""; 0]);
        assert_eq!(recompute(&bundle(), None).unwrap().len(), 3);
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
        assert!(recompute(&json!({"v": 2}), None).is_err());
    }
}
