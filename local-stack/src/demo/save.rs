//! Saves the files of a completed report by its signed links.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::artifact::ArtifactKind;
use reqwest::Url;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::stack::client::Client;

/// Longest part of a directory's name that comes from the company's, in characters.
const NAME_MAX: usize = 48;

/// The files of one report.
pub(super) struct Saved {
    files: Vec<PathBuf>,
    findings: Option<usize>,
}

impl Saved {
    /// How many findings the report has, as its JSON form tells.
    pub(super) fn findings(&self) -> Option<usize> {
        self.findings
    }

    /// Links to the saved files, for a person. The signed links they came from end with the stack.
    pub(super) fn listing(&self, company: &str) -> String {
        let mut text = format!("{company}\n");
        for path in &self.files {
            let _ = match Url::from_file_path(path) {
                Ok(url) => writeln!(text, "  {url}"),
                Err(()) => writeln!(text, "  {}", path.display()),
            };
        }
        text
    }
}

/// Saves every file that `report` has a link to in a directory of its own under `out`.
pub(super) async fn save(
    client: &Client,
    report: &Value,
    company: &str,
    out: &Path,
) -> anyhow::Result<Saved> {
    let id = report["reportId"].as_str().context("the report has no reportId")?;
    let directory = std::path::absolute(out)?.join(slug(company, id));
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("the directory {} cannot be made", directory.display()))?;
    let mut saved = Saved { files: Vec::new(), findings: None };
    for kind in ArtifactKind::ALL {
        let Some(link) = report["links"][kind.as_str()].as_str() else { continue };
        let bytes = client
            .download(link)
            .await
            .with_context(|| format!("the {kind} file of report {id} ({company}) cannot be had"))?;
        if kind == ArtifactKind::Json {
            let document: Value = serde_json::from_slice(&bytes)
                .with_context(|| format!("the json file of report {id} ({company}) is not JSON"))?;
            saved.findings = document["findings"].as_array().map(Vec::len);
        }
        let path = directory.join(kind.file_name());
        std::fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        saved.files.push(path);
    }
    if saved.files.is_empty() {
        bail!("report {id} ({company}) is COMPLETED and has no links to files");
    }
    Ok(saved)
}

/// A directory's name that says which company and is good on every system, whatever the company is called.
fn slug(company: &str, id: &str) -> String {
    let name: String = fold(company).chars().take(NAME_MAX).collect();
    let parts = [name.trim_end_matches('-'), &fold(id)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// ASCII letters in lower case and digits, one hyphen for everything between them; letters lose their accents.
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
    fn directories_have_harmless_names_whatever_a_company_is_called() {
        let long = "x".repeat(500);
        let cut = format!("{}-7", "x".repeat(NAME_MAX));
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
