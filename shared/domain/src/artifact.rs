//! The files of a report, and their keys in the bucket.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::identity::{ReportId, Tenant};

/// A file of a finished report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// The report as a web page, for reading and printing.
    Html,
    /// The report as a PDF file.
    Pdf,
    /// The report as Markdown.
    Md,
    /// The report as data, from which the other formats are rendered.
    Json,
    /// The evidence, checks and versions behind the report.
    Evidence,
}

impl ArtifactKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Html, Self::Pdf, Self::Md, Self::Json, Self::Evidence];

    /// Returns the name used in routes, links and the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Md => "md",
            Self::Json => "json",
            Self::Evidence => "evidence",
        }
    }

    /// Returns the media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
            Self::Md => "text/markdown; charset=utf-8",
            Self::Json | Self::Evidence => "application/json",
        }
    }

    /// Returns the file name for downloads.
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

/// An artifact in the bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredArtifact {
    /// The key in the bucket.
    pub key: String,
    /// The SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// The length in bytes.
    pub bytes: u64,
}

/// Deserializes the artifacts of a report. Kinds that only a later version knows are left out: this version
/// can neither link to them nor name their files.
pub(crate) fn of_known_kinds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<ArtifactKind, StoredArtifact>, D::Error> {
    struct Artifacts;

    impl<'de> Visitor<'de> for Artifacts {
        type Value = BTreeMap<ArtifactKind, StoredArtifact>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of artifacts by kind")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut artifacts = BTreeMap::new();
            while let Some(name) = members.next_key::<String>()? {
                match name.parse() {
                    Ok(kind) => {
                        artifacts.insert(kind, members.next_value()?);
                    }
                    Err(()) => {
                        members.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(artifacts)
        }
    }

    deserializer.deserialize_map(Artifacts)
}

/// Returns the SHA-256 in hexadecimal, as recorded for every stored object.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Returns the key of an artifact. It contains the submission, because the id of a report that was deleted
/// may be used again, and the attempt, so that a worker that lost its lease while it was writing cannot change
/// what another worker published.
pub fn artifact_key(
    tenant: &Tenant,
    id: ReportId,
    submission: Uuid,
    attempt: u32,
    kind: ArtifactKind,
) -> String {
    format!("reports/{tenant}/{id}/{submission}/{attempt}/{}", kind.file_name())
}

/// Returns the folder of the work files of a submission, which all its attempts share.
pub fn work_folder(tenant: &Tenant, id: ReportId, submission: Uuid) -> String {
    format!("work/{tenant}/{id}/{submission}")
}

/// Returns the key of a file or work file of a report that is kept for longer than the default period. Another lifecycle
/// rule of the bucket applies to it.
pub(crate) fn long_kept_key(key: &str) -> String {
    format!("kept/{key}")
}

/// Returns the folders of the files and of the work files of a report, of all submissions and attempts, where the default
/// period applies.
pub(crate) fn folders(tenant: &Tenant, id: ReportId) -> [String; 2] {
    ["reports", "work"].map(|kind| format!("{kind}/{tenant}/{id}/"))
}

/// Returns the key of the copy of an object that is under legal hold. No lifecycle rule of the bucket applies to it.
pub fn held_key(key: &str) -> String {
    format!("held/{key}")
}

/// Returns the folders of everything that the bucket keeps of a report while it is under legal hold.
pub fn held_folders(tenant: &Tenant, id: ReportId) -> [String; 4] {
    let [files, work] = folders(tenant, id);
    [long_kept_key(&files), long_kept_key(&work), files, work].map(|folder| held_key(&folder))
}

/// Returns the tenant that an object belongs to by its key, or what stands in its place for an object of no tenant.
pub fn owner(key: &str) -> &str {
    let key = key.strip_prefix("held/").unwrap_or(key);
    let key = key.strip_prefix("kept/").unwrap_or(key);
    key.split('/').nth(1).unwrap_or_default()
}

/// Returns the folder in which version 0.2.0 and earlier keep the work files of a report, whatever its
/// submission.
pub fn earlier_work_folder(tenant: &Tenant, id: ReportId) -> String {
    format!("work/{tenant}/{id}")
}

/// Returns the key of the evidence snapshot in a work folder.
pub fn snapshot_key(folder: &str) -> String {
    format!("{folder}/evidence.json")
}

/// Returns the key of the model's answer in the given `turn`, counted from 1, in a work folder.
pub fn answer_key(folder: &str, turn: u32) -> String {
    format!("{folder}/answer-{turn}.json")
}

/// Returns the key of the verifier's answer in the given `turn`, counted from 1, in a work folder.
pub fn verification_key(folder: &str, turn: u32) -> String {
    format!("{folder}/verification-{turn}.json")
}
