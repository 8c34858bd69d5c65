//! Reads a corpus of claims with known verdicts. The README of `worker-service/evaluation/claims` describes the
//! format.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use domain::{
    evidence::{EvidenceDraft, SourceName},
    language::Language,
    request::ReportRequest,
    time::UtcTime,
};
use serde::Deserialize;
use toml::{Spanned, Value};

use crate::evaluation::snapshot::is_source;

/// Claims with known verdicts, in the order of their files.
#[derive(Clone, Debug)]
pub struct ClaimCorpus {
    pub(super) claims: Vec<LabelledClaim>,
}

/// A claim with its known verdict and the evidence that it cites.
#[derive(Clone, Debug)]
pub(super) struct LabelledClaim {
    /// Unique id.
    pub(super) id: String,
    /// Kind of situation or mistake, as the corpus names it.
    pub(super) kind: String,
    /// Whether the cited evidence supports the statement.
    pub(super) is_true: bool,
    /// The request that names the company and the language of the statement. Its company has no number.
    pub(super) request: ReportRequest,
    /// The statement.
    pub(super) statement: String,
    /// The evidence, by the ids that only this claim uses.
    pub(super) evidence: Vec<(String, SourceName, EvidenceDraft)>,
    /// Ids of evidence with the quotes from it.
    pub(super) citations: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    claim: Vec<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    kind: String,
    verdict: Verdict,
    language: String,
    company: String,
    country: String,
    statement: String,
    #[serde(rename = "note")]
    _note: Option<String>,
    #[serde(default)]
    evidence: Vec<Piece>,
    #[serde(default)]
    cites: Vec<Cite>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    True,
    Untrue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Piece {
    id: String,
    source: SourceName,
    title: String,
    text: String,
    published_at: Option<UtcTime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cite {
    evidence: String,
    quote: String,
}

impl ClaimCorpus {
    /// Reads the claims of all `*.toml` files in `folder`.
    ///
    /// # Errors
    /// Returns every problem of every file, one per line, as `FILE:LINE: problem`, or a message if the folder
    /// cannot be read or holds no claim.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            paths.push(entry.map_err(unreadable)?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        let mut reader = CorpusReader::default();
        for path in &paths {
            reader.read(path);
        }
        let CorpusReader { claims, problems, .. } = reader;
        match (problems.is_empty(), claims.is_empty()) {
            (false, _) => Err(problems.join("\n")),
            (true, true) => {
                Err(format!("{} holds no claim: add [[claim]] entries in *.toml files", folder.display()))
            }
            (true, false) => Ok(Self { claims }),
        }
    }
}

/// What has been read of a corpus so far.
#[derive(Default)]
struct CorpusReader {
    claims: Vec<LabelledClaim>,
    problems: Vec<String>,
    /// The places of the claims, by their ids.
    places: HashMap<String, String>,
}

impl CorpusReader {
    fn read(&mut self, path: &Path) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.problems.push(format!("{}: {error}", path.display())),
        };
        let place = |at: usize| {
            let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            format!("{}:{line}", path.display())
        };
        let file: File = match toml::from_str(&text) {
            Ok(file) => file,
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                return self.problems.push(format!("{}: {}", place(at), error.message()));
            }
        };
        for entry in file.claim {
            let place = place(entry.span().start);
            match entry.into_inner().try_into::<Entry>() {
                Ok(entry) => self.add(entry, &place),
                Err(error) => self.problems.push(format!("{place}: {}", error.message())),
            }
        }
    }

    fn add(&mut self, entry: Entry, place: &str) {
        let id = entry.id.clone();
        let mut problems = Vec::new();
        if let Some(other) = self.places.insert(id.clone(), place.to_owned()) {
            problems.push(format!("has the id of the claim at {other}: choose another one"));
        }
        match labelled(entry) {
            Ok(claim) => self.claims.push(claim),
            Err(found) => problems.extend(found),
        }
        self.problems
            .extend(problems.into_iter().map(|problem| format!("{place}: the claim {id} {problem}")));
    }
}

/// Returns the claim of `entry`.
///
/// # Errors
/// Returns every problem of the entry, as the end of a sentence that begins with the claim.
fn labelled(entry: Entry) -> Result<LabelledClaim, Vec<String>> {
    let mut problems = content_problems(&entry);
    let language = Language::find(&entry.language);
    if language.is_none() {
        problems.push(format!("is in the language {}, in which no report is written", entry.language));
    }
    let country = entry.country.parse().map_err(|_| {
        problems.push(format!("names the country {}: use an ISO 3166-1 alpha-2 code", entry.country));
    });
    let (Some(language), Ok(country), true) = (language, country, problems.is_empty()) else {
        return Err(problems);
    };
    let draft = |piece: Piece| {
        let Piece { id, source, title, text, published_at } = piece;
        (id, source, EvidenceDraft { published_at, ..EvidenceDraft::note(title, text) })
    };
    Ok(LabelledClaim {
        id: entry.id,
        kind: entry.kind,
        is_true: entry.verdict == Verdict::True,
        request: ReportRequest {
            company_name: entry.company,
            corporate_number: None,
            number_scheme: None,
            country,
            language,
            purpose: None,
            callback_url: None,
            formats: None,
        },
        statement: entry.statement,
        evidence: entry.evidence.into_iter().map(draft).collect(),
        citations: entry.cites.into_iter().map(|cite| (cite.evidence, cite.quote)).collect(),
    })
}

/// Returns the problems of the texts, the evidence and the citations of `entry`.
fn content_problems(entry: &Entry) -> Vec<String> {
    let mut problems = Vec::new();
    let texts = [
        ("id", &entry.id),
        ("kind", &entry.kind),
        ("company", &entry.company),
        ("statement", &entry.statement),
    ];
    let empty = texts.into_iter().filter(|(_, text)| text.trim().is_empty());
    problems.extend(empty.map(|(name, _)| format!("has an empty {name}")));
    for (index, piece) in entry.evidence.iter().enumerate() {
        if entry.evidence[..index].iter().any(|earlier| earlier.id == piece.id) {
            problems.push(format!("has two pieces of evidence with the id {}", piece.id));
        }
        if !is_source(&piece.source) {
            problems.push(format!("has evidence of the source {}, which does not exist", piece.source));
        }
    }
    if entry.cites.is_empty() {
        problems.push("cites nothing: add [[claim.cites]]".to_owned());
    }
    for Cite { evidence, quote } in &entry.cites {
        match entry.evidence.iter().find(|piece| piece.id == *evidence) {
            None => problems.push(format!("cites {evidence}, which is not among its evidence")),
            Some(piece)
                if quote.trim().is_empty() || !piece.title.contains(quote) && !piece.text.contains(quote) =>
            {
                problems.push(format!("has a quote that is not in {evidence} letter by letter"));
            }
            Some(_) => {}
        }
    }
    problems
}
