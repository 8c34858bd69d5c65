//! Downloads the files of a completed report through its signed links.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::artifact::ArtifactKind;
use reqwest::Url;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::stack::client::Client;

/// Maximum number of characters of the company's name in a directory's name.
const MAX_NAME_CHARS: usize = 48;

/// The saved files of one report.
pub(super) struct SavedFiles {
    /// The directory of this report.
    pub(super) directory: PathBuf,
    /// The content of the JSON file, if there is one.
    pub(super) document: Option<Value>,
    files: Vec<PathBuf>,
}

impl SavedFiles {
    /// Returns the `file:` URL of the file to open first. The signed links stop working when the stack stops.
    pub(super) fn address(&self) -> String {
        let path = self.files.first().unwrap_or(&self.directory);
        Url::from_file_path(path).map_or_else(|()| path.display().to_string(), String::from)
    }
}

/// Saves every file that `report` links to, in a separate directory for this report under `out`.
pub(super) async fn save(
    client: &Client,
    report: &Value,
    company: &str,
    out: &Path,
) -> anyhow::Result<SavedFiles> {
    let id = report["reportId"].as_str().context("the report has no reportId")?;
    let directory = std::path::absolute(out)?.join(slug(company, id));
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("the directory {} cannot be created", directory.display()))?;
    let mut saved = SavedFiles { directory: directory.clone(), document: None, files: Vec::new() };
    for kind in ArtifactKind::ALL {
        let Some(link) = report["links"][kind.as_str()].as_str() else { continue };
        let bytes = client
            .download(link)
            .await
            .with_context(|| format!("the {kind} file of report {id} ({company}) cannot be downloaded"))?;
        if kind == ArtifactKind::Json {
            let document: Value = serde_json::from_slice(&bytes)
                .with_context(|| format!("the json file of report {id} ({company}) is not JSON"))?;
            saved.document = Some(document);
        }
        let path = directory.join(kind.file_name());
        std::fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        saved.files.push(path);
    }
    if saved.files.is_empty() {
        bail!("report {id} ({company}) is COMPLETED but has no links to files");
    }
    Ok(saved)
}

/// Returns a directory name from the company and the id that is valid on every system, whatever the company's
/// name contains.
fn slug(company: &str, id: &str) -> String {
    let name: String = fold(company).chars().take(MAX_NAME_CHARS).collect();
    let parts = [name.trim_end_matches('-'), &fold(id)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Reduces text to lower-case ASCII letters and digits, with one hyphen for everything in between. Letters
/// lose their accents.
fn fold(text: &str) -> String {
    let mut folded = String::new();
    for character in
        text.nfkd().filter(|character| !unicode_normalization::char::is_combining_mark(*character))
    {
        if character.is_ascii_alphanumeric() {
            folded.push(character.to_ascii_lowercase());
        } else if !folded.is_empty() && !folded.ends_with('-') {
            folded.push('-');
        }
    }
    folded.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_names_are_valid_whatever_the_companys_name_contains() {
        let long = "x".repeat(500);
        let cut = format!("{}-7", "x".repeat(MAX_NAME_CHARS));
        for (company, expected) in [
            ("Calder Vane Shipping Ltd", "calder-vane-shipping-ltd-7"),
            ("Société Générale d’Été", "societe-generale-d-ete-7"),
            ("星見川精機株式会社", "7"),
            ("ＦＵＬＬ ｗｉｄｔｈ", "full-width-7"),
            ("../../etc/passwd", "etc-passwd-7"),
            ("C:\\NUL\0\u{202e}", "c-nul-7"),
            ("", "7"),
            (long.as_str(), cut.as_str()),
        ] {
            assert_eq!(slug(company, "7"), expected, "{company}");
        }
        assert_eq!(slug("a", "../0198-AB"), "a-0198-ab");
    }
}
