//! The files of a report and where they lie in the bucket.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::identity::{ReportId, Tenant};

/// A form in which a finished report can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// The report for reading and printing.
    Html,
    /// The report as a PDF file.
    Pdf,
    /// The report as Markdown.
    Md,
    /// The report as data: the source of the others.
    Json,
    /// The evidence, checks and versions behind the report.
    Evidence,
}

impl ArtifactKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Html, Self::Pdf, Self::Md, Self::Json, Self::Evidence];

    /// Its name in routes, links and the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Md => "md",
            Self::Json => "json",
            Self::Evidence => "evidence",
        }
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
            Self::Md => "text/markdown; charset=utf-8",
            Self::Json | Self::Evidence => "application/json",
        }
    }

    /// The name that a browser saves it under.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Html => "report.html",
            Self::Pdf => "report.pdf",
            Self::Md => "report.md",
            Self::Json => "report.json",
            Self::Evidence => "evidence.json",
        }
    }
}

impl fmt::Display for ArtifactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ArtifactKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// An artifact that is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredArtifact {
    /// Its key in the bucket.
    pub key: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// SHA-256 in hexadecimal, as recorded for everything that is stored.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The key of an artifact. The attempt is part of it, so that a worker which lost its lease while
/// it wrote cannot change what another one published.
pub fn artifact_key(tenant: &Tenant, id: ReportId, attempt: u32, kind: ArtifactKind) -> String {
    format!("reports/{tenant}/{id}/{attempt}/{}", kind.file_name())
}

/// The key of the frozen evidence.
pub fn snapshot_key(tenant: &Tenant, id: ReportId) -> String {
    format!("work/{tenant}/{id}/evidence.json")
}

/// The key of the model's `turn`-th answer, counted from 1.
pub fn answer_key(tenant: &Tenant, id: ReportId, turn: u32) -> String {
    format!("work/{tenant}/{id}/answer-{turn}.json")
}
