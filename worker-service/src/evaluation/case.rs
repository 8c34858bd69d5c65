//! A case of an evaluation: evidence, and what its assessment must and must not say.

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::{
    assessment::Category,
    evidence::{EvidenceDraft, Signal, Snapshot, SourceName},
    request::{ReportRequest, ReportRequestDraft},
    risk::RiskLevel,
    time::UtcTime,
};
use regex::Regex;
use serde::Deserialize;

use super::snapshot::{is_source, snapshot};

/// The time at which the evidence of every case was retrieved: 2026-01-05T12:00:00Z, in milliseconds.
const RETRIEVED_AT: i64 = 1_767_614_400_000;

/// A case of an evaluation.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Name of the case's file, without the extension.
    pub(super) name: String,
    /// The request for the report.
    pub(super) request: ReportRequest,
    /// The evidence.
    pub(super) snapshot: Snapshot,
    /// The level that the report must have.
    pub(super) level: RiskLevel,
    /// Facts that some finding must state.
    pub(super) must_find: Vec<Fact>,
    /// Claims that neither the findings nor the summary may contain.
    pub(super) must_not_claim: Vec<Claim>,
}

/// A fact, which is found if a finding of its category cites its evidence.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fact {
    /// Description for the reader of the result.
    pub(super) what: String,
    /// Ids of the pieces of evidence that show the fact; a finding must cite at least one of them.
    pub(super) evidence: Vec<String>,
    /// Category that the finding must have; `None` means any.
    pub(super) category: Option<Category>,
}

/// An untrue claim, which is recognised by its words.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// Description for the reader of the result.
    pub(super) what: String,
    /// Pattern that matches the words of the claim.
    pub(super) pattern: Regex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    level: RiskLevel,
    request: Request,
    #[serde(default)]
    failed: Vec<SourceName>,
    #[serde(default)]
    evidence: Vec<Piece>,
    #[serde(default)]
    must_find: Vec<Fact>,
    #[serde(default)]
    must_not_claim: Vec<ClaimEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    company_name: String,
    corporate_number: Option<String>,
    country: String,
    language: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Piece {
    source: SourceName,
    title: String,
    text: String,
    published_at: Option<UtcTime>,
    #[serde(default)]
    signals: Vec<Signal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimEntry {
    what: String,
    pattern: String,
}

impl Case {
    /// Reads the cases in a folder, in the order of their file names.
    ///
    /// # Errors
    /// Returns a message if the folder cannot be read or contains no case, or one for each file that is not a
    /// valid case.
    pub(super) fn read_all(folder: &Path) -> Result<Vec<Self>, String> {
        let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        paths.sort();
        let (mut cases, mut errors) = (Vec::new(), Vec::new());
        for path in &paths {
            match Self::read(path) {
                Ok(case) => cases.push(case),
                Err(error) => errors.push(format!("{}: {error}", path.display())),
            }
        }
        match (errors.is_empty(), cases.is_empty()) {
            (false, _) => Err(errors.join("\n")),
            (true, true) => Err(format!("{} contains no case (*.toml)", folder.display())),
            (true, false) => Ok(cases),
        }
    }

    fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        let file: File = toml::from_str(&text).map_err(|error| error.to_string())?;
        let Request { company_name, corporate_number, country, language } = file.request;
        let draft = ReportRequestDraft {
            company_name: Some(company_name),
            corporate_number,
            country: Some(country),
            language,
            ..ReportRequestDraft::default()
        };
        let request = draft.check().map_err(|errors| {
            let errors: Vec<String> = errors.into_iter().map(|error| error.message).collect();
            errors.join("; ")
        })?;
        let claim = |entry: ClaimEntry| {
            let pattern = Regex::new(&format!("(?i){}", entry.pattern)).map_err(|error| error.to_string())?;
            Ok::<_, String>(Claim { what: entry.what, pattern })
        };
        let mut named = file.failed.iter().chain(file.evidence.iter().map(|piece| &piece.source));
        if let Some(name) = named.find(|name| !is_source(name)) {
            return Err(format!("it names the source {name}, which does not exist"));
        }
        let pieces = file.evidence.into_iter().map(|piece| {
            let Piece { source, title, text, published_at, signals } = piece;
            (source, EvidenceDraft { published_at, signals, ..EvidenceDraft::note(title, text) })
        });
        let retrieved_at = UtcTime::from_epoch_millis(RETRIEVED_AT);
        let snapshot = snapshot(pieces.collect(), &file.failed, retrieved_at);
        let known = |id: &String| snapshot.evidence().any(|piece| piece.id == *id);
        if let Some(id) = file.must_find.iter().flat_map(|fact| &fact.evidence).find(|id| !known(id)) {
            return Err(format!("must_find names {id}, which is not evidence of the case"));
        }
        Ok(Self {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            request,
            snapshot,
            level: file.level,
            must_find: file.must_find,
            must_not_claim: file.must_not_claim.into_iter().map(claim).collect::<Result<_, _>>()?,
        })
    }
}
