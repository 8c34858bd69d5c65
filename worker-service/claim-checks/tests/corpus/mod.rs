//! Reads the corpus of claims at `worker-service/evaluation/claims`; its README describes the format.

use std::{collections::BTreeMap, fs, path::Path};

use claim_checks::{Claim, Company, Date, Piece};
use serde::Deserialize;

/// A part of the corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Development,
    HeldOut,
}

impl Part {
    /// Returns the name of its folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::HeldOut => "held-out",
        }
    }
}

#[derive(Debug, Deserialize)]
struct File {
    claim: Vec<Entry>,
}

/// A claim of the corpus with its verdict.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) verdict: Verdict,
    pub(crate) language: String,
    company: String,
    country: String,
    statement: String,
    #[expect(dead_code, reason = "written for readers of the corpus")]
    note: Option<String>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) cites: Vec<Citation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    True,
    Untrue,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Evidence {
    pub(crate) id: String,
    #[allow(dead_code, reason = "the evaluation does not read it")]
    pub(crate) source: String,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) published_at: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Citation {
    pub(crate) evidence: String,
    pub(crate) quote: String,
}

/// Returns the claims of a part, in the order of the names of its files. A held-out part that does not exist has none.
pub(crate) fn read(part: Part) -> Vec<Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../evaluation/claims").join(part.folder());
    if part == Part::HeldOut && !folder.exists() {
        return Vec::new();
    }
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let entries = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.claim
    };
    paths.iter().flat_map(entries).collect()
}

impl Entry {
    /// Returns the claim in the form in which it is checked.
    pub(crate) fn claim(&self) -> Claim<'_> {
        let mut pieces: BTreeMap<&str, Piece<'_>> = BTreeMap::new();
        for citation in &self.cites {
            let Some(evidence) = self.evidence.iter().find(|evidence| evidence.id == citation.evidence)
            else {
                continue;
            };
            let piece = pieces.entry(evidence.id.as_str()).or_insert_with(|| Piece {
                title: &evidence.title,
                text: &evidence.text,
                times: evidence.published_at.iter().filter_map(|time| date(time)).collect(),
                quotes: Vec::new(),
            });
            piece.quotes.push(&citation.quote);
        }
        Claim {
            statement: &self.statement,
            language: &self.language,
            company: Company { name: &self.company, number: "", country: &self.country },
            pieces: pieces.into_values().collect(),
        }
    }
}

/// Reads the date of an RFC 3339 timestamp.
fn date(time: &str) -> Option<Date> {
    let mut parts = time.get(..10)?.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Date { year: year.parse().ok(), month: month.parse().ok(), day: day.parse().ok() })
}
