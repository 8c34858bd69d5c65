//! What was found out about a company, before anybody judges it.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{artifact::sha256_hex, time::UtcTime};

/// Longest text of one piece of evidence, in characters; the rest is cut off before it is hashed.
pub const TEXT_MAX: usize = 4_000;
/// Longest title of one piece of evidence, in characters.
pub const TITLE_MAX: usize = 300;

/// Longest address of a piece of evidence, in bytes.
pub const URL_MAX: usize = 2_000;

/// What a source of evidence is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceName {
    /// Sanctions and watch lists.
    Sanctions,
    /// News.
    News,
    /// Company registers.
    Registry,
    /// What international bodies have published about the country.
    CountryRisk,
}

impl SourceName {
    /// Every source, in the order in which evidence is numbered.
    pub const ALL: [Self; 4] = [Self::Sanctions, Self::News, Self::Registry, Self::CountryRisk];

    /// Its name in reports, settings and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sanctions => "sanctions",
            Self::News => "news",
            Self::Registry => "registry",
            Self::CountryRisk => "country_risk",
        }
    }
}

/// How asking a source went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SourceStatus {
    /// It answered.
    Ok,
    /// It did not answer; an earlier answer was used.
    Stale,
    /// It did not answer, and no earlier answer was at hand.
    Failed,
    /// It was not asked.
    Skipped,
}

impl SourceStatus {
    /// Its name in reports and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Whether the report can rest on what the source said.
    pub fn has_answer(self) -> bool {
        matches!(self, Self::Ok | Self::Stale)
    }
}

/// The outcome of one source, always recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SourceOutcome {
    /// The source.
    pub source: SourceName,
    /// How it went.
    pub status: SourceStatus,
    /// The time its answer speaks of; none without an answer.
    pub as_of: Option<UtcTime>,
    /// Pieces of evidence it gave.
    pub items: u32,
}

/// Something that a rule can act on, found in a piece of evidence by its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// What it is.
    pub kind: SignalKind,
    /// How sure the source is, from 0 to 100.
    pub strength: u8,
}

/// What a rule can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// The company matches an entry of a sanctions list.
    SanctionsMatch,
    /// The company matches an entry of a watch list that is no sanction.
    WatchlistMatch,
    /// A news item about the company uses words of wrongdoing or distress.
    AdverseMedia,
    /// The register says that the company is dissolved or inactive.
    RegistryInactive,
    /// The register knows the number under another name, or the name under another number.
    RegistryMismatch,
    /// The register says that the company may not pay its debts or is late with its accounts.
    RegistryDistressed,
    /// The country is on a list of an international body.
    CountryRisk,
}

/// What a source found, before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceDraft {
    /// A line that names it.
    pub title: String,
    /// What it says; quotes in the report are spans of it.
    pub text: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// When it was published.
    pub published_at: Option<UtcTime>,
    /// What rules can act on.
    pub signals: Vec<Signal>,
}

/// A numbered piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// `E1`, `E2`, … in a stable order.
    #[cfg_attr(feature = "openapi", schema(example = "E1"))]
    pub id: String,
    /// Who gave it.
    pub source: SourceName,
    /// A line that names it.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// When it was published.
    pub published_at: Option<UtcTime>,
    /// When it was fetched.
    pub retrieved_at: UtcTime,
    /// SHA-256 of the text, in hexadecimal.
    pub sha256: String,
}

/// A piece of evidence with what rules can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    /// The evidence as reports show it.
    #[serde(flatten)]
    pub evidence: Evidence,
    /// What rules can act on.
    pub signals: Vec<Signal>,
}

/// All that was gathered for a report, frozen before the model sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The format of this snapshot.
    pub v: u32,
    /// How each source went.
    pub sources: Vec<SourceOutcome>,
    /// What they gave.
    pub evidence: Vec<Gathered>,
    /// What they were made with, in words.
    #[serde(default)]
    pub versions: Vec<String>,
}

/// A web address as URLs are written (RFC 3986); none for what is none or too long to be read.
fn web_address(text: String) -> Option<String> {
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(String::from(url)).filter(|url| url.len() <= URL_MAX)
}

impl Snapshot {
    /// The current format.
    pub const VERSION: u32 = 1;

    /// Numbers what the sources gave, cleaned and cut to size, in the order of `answers`.
    pub fn freeze(answers: Vec<(SourceOutcome, Vec<EvidenceDraft>)>, retrieved_at: UtcTime) -> Self {
        let mut sources = Vec::with_capacity(answers.len());
        let mut evidence = Vec::new();
        for (outcome, findings) in answers {
            for finding in findings {
                let text = safe_text::clean(&finding.text, TEXT_MAX);
                let sha256 = sha256_hex(text.as_bytes());
                let id = format!("E{}", evidence.len() + 1);
                let title = safe_text::clean(&finding.title, TITLE_MAX);
                let (url, published_at) = (finding.url.and_then(web_address), finding.published_at);
                let source = outcome.source;
                let piece = Evidence { id, source, title, text, url, published_at, retrieved_at, sha256 };
                evidence.push(Gathered { evidence: piece, signals: finding.signals });
            }
            sources.push(outcome);
        }
        Self { v: Self::VERSION, sources, evidence, versions: Vec::new() }
    }

    /// The evidence as reports show it.
    pub fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        self.evidence.iter().map(|gathered| &gathered.evidence)
    }
}
