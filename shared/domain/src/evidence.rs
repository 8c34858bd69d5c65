//! Evidence: what the sources found about a company, before the rules and a model assess it.

mod facts;
mod identifier;
mod match_reasons;

use serde::{Deserialize, Serialize};
use url::Url;

pub use self::{
    facts::{Event, Facts, ListMatch, Party},
    identifier::{InvalidIdentifier, SignalKind, SourceName},
    match_reasons::{MatchReasons, ScorePart, WordMatch},
};
use super::{
    artifact::sha256_hex,
    time::UtcTime,
    unknown::{UnknownName, serialized_by_name},
};

/// Maximum length of the text of a piece of evidence, in characters. The rest is cut off before the text is
/// hashed.
pub const TEXT_MAX: usize = 4_000;

/// Maximum length of the title of a piece of evidence, in characters.
pub const TITLE_MAX: usize = 300;

/// Maximum length of the URL of a piece of evidence, in bytes.
pub const URL_MAX: usize = 2_000;

/// The result of querying a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceStatus {
    /// The source answered.
    Ok,
    /// The source did not answer, or could not renew its data; an earlier answer was used.
    Stale,
    /// The source did not answer, and no earlier answer was available.
    Failed,
    /// The source was not queried.
    Skipped,
    /// A result that only a later version knows.
    Unknown(UnknownName),
}

serialized_by_name!(SourceStatus, "The result of querying a source.");

impl SourceStatus {
    /// Every result of this version.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Stale, Self::Failed, Self::Skipped];

    /// Returns the status as reports and metrics show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unknown(name) => name.as_str(),
        }
    }

    /// Returns whether a report can rely on the source's answer.
    pub fn has_answer(self) -> bool {
        matches!(self, Self::Ok | Self::Stale)
    }
}

/// The outcome of one source. Every report records one for each source, whatever happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SourceOutcome {
    /// The source.
    pub source: SourceName,
    /// The result of querying it.
    pub status: SourceStatus,
    /// The time at which its answer was correct; `null` without an answer.
    pub as_of: Option<UtcTime>,
    /// The number of pieces of evidence that it returned.
    pub items: u32,
}

/// A fact in a piece of evidence that a rule can act on. The source that found the evidence sets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// The kind of fact.
    pub kind: SignalKind,
    /// How certain the source is, from 0 to 100.
    pub strength: u8,
}

/// A piece of evidence as its source returns it, before it is numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceDraft {
    /// A headline.
    pub title: String,
    /// The content. Quotes in the report are spans of it.
    pub text: String,
    /// The address where it can be read.
    pub url: Option<String>,
    /// The time of publication.
    pub published_at: Option<UtcTime>,
    /// The facts that rules can act on.
    pub signals: Vec<Signal>,
    /// The facts that reports present.
    pub facts: Facts,
}

impl EvidenceDraft {
    /// Returns a piece of evidence without an address, a date, signals or facts.
    pub fn note(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            text: text.into(),
            url: None,
            published_at: None,
            signals: Vec::new(),
            facts: Facts::none(),
        }
    }

    /// Returns a piece of evidence that tells what could not be searched.
    pub fn gap(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { facts: Facts::gap(), ..Self::note(title, text) }
    }

    /// Returns the strength of the strongest signal, or `None` if there are no signals.
    pub fn max_strength(&self) -> Option<u8> {
        self.signals.iter().map(|signal| signal.strength).max()
    }
}

/// A numbered piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// `E1`, `E2`, … in a stable order.
    #[cfg_attr(feature = "openapi", schema(example = "E1"))]
    pub id: String,
    /// The source that found it.
    pub source: SourceName,
    /// A headline.
    pub title: String,
    /// The content.
    pub text: String,
    /// The address where it can be read.
    pub url: Option<String>,
    /// The time of publication.
    pub published_at: Option<UtcTime>,
    /// The time at which it was retrieved.
    pub retrieved_at: UtcTime,
    /// SHA-256 of the text, in hexadecimal.
    pub sha256: String,
    /// What the source knows of it beside the text; absent in reports of version 0.2 and earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

impl Evidence {
    /// Returns the facts, which are none if the version that wrote it recorded none.
    pub fn facts(&self) -> &Facts {
        static NONE: Facts = Facts::none();
        self.facts.as_ref().unwrap_or(&NONE)
    }
}

/// A piece of evidence with its signals, as a snapshot stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotEntry {
    /// The evidence as reports show it.
    #[serde(flatten)]
    pub evidence: Evidence,
    /// The facts that rules can act on.
    pub signals: Vec<Signal>,
}

/// All evidence of a report, frozen before the model reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The version of the snapshot's format.
    pub v: u32,
    /// The outcome of each source.
    pub sources: Vec<SourceOutcome>,
    /// The evidence that they returned.
    pub evidence: Vec<SnapshotEntry>,
    /// The versions of the lists, tables and vocabularies that the sources used, as text.
    #[serde(default)]
    pub versions: Vec<String>,
}

/// Normalizes a URL (RFC 3986). Returns `None` if the text is not a URL, its scheme is not http or https, or
/// it is longer than [`URL_MAX`] bytes.
fn web_address(text: String) -> Option<String> {
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(String::from(url)).filter(|url| url.len() <= URL_MAX)
}

impl Snapshot {
    /// The current version of the format.
    pub const VERSION: u32 = 1;

    /// Cleans, shortens and numbers the evidence of all sources, in the order of `answers`.
    pub fn freeze(answers: Vec<(SourceOutcome, Vec<EvidenceDraft>)>, retrieved_at: UtcTime) -> Self {
        let mut sources = Vec::with_capacity(answers.len());
        let mut evidence = Vec::new();
        for (outcome, drafts) in answers {
            for draft in drafts {
                let text = safe_text::clean(&draft.text, TEXT_MAX);
                evidence.push(SnapshotEntry {
                    evidence: Evidence {
                        id: format!("E{}", evidence.len() + 1),
                        source: outcome.source.clone(),
                        title: safe_text::clean(&draft.title, TITLE_MAX),
                        sha256: sha256_hex(text.as_bytes()),
                        text,
                        url: draft.url.and_then(web_address),
                        published_at: draft.published_at,
                        retrieved_at,
                        facts: Some(draft.facts.cleaned()),
                    },
                    signals: draft.signals,
                });
            }
            sources.push(outcome);
        }
        Self { v: Self::VERSION, sources, evidence, versions: Vec::new() }
    }

    /// Records that the answer of `source` was retrieved at `at`, before the snapshot was frozen.
    #[must_use]
    pub fn retrieved(mut self, source: &SourceName, at: UtcTime) -> Self {
        for entry in self.evidence.iter_mut().filter(|entry| entry.evidence.source == *source) {
            entry.evidence.retrieved_at = at;
        }
        self
    }

    /// Returns when the oldest piece of evidence was retrieved, or `None` if there is no evidence.
    pub fn oldest_retrieval(&self) -> Option<UtcTime> {
        self.evidence().map(|evidence| evidence.retrieved_at).min()
    }

    /// Iterates over the evidence as reports show it.
    pub fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        self.evidence.iter().map(|entry| &entry.evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads what a later version with a new source writes. An older version must be able to read it.
    #[test]
    fn a_snapshot_of_an_unknown_source_and_an_unknown_signal_parses_and_stays_as_it_is() {
        let written = serde_json::json!({
            "v": 1,
            "sources": [{"source": "procurement", "status": "ok", "asOf": "2026-01-05T12:00:00.000Z", "items": 1}],
            "evidence": [{
                "id": "E1", "source": "procurement", "title": "Excluded", "text": "Excluded until 2028.", "url": null,
                "publishedAt": null, "retrievedAt": "2026-01-05T12:00:00.000Z", "sha256": "00",
                "signals": [{"kind": "procurement_exclusion", "strength": 90}],
            }],
            "versions": [],
        });
        let snapshot: Snapshot = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(snapshot.evidence().next().unwrap().source.as_str(), "procurement");
        assert_eq!(serde_json::to_value(&snapshot).unwrap(), written);
    }
}
