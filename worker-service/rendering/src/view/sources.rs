//! What was searched: each source with what it found, and the date and age of its answer.

use domain::{
    document::Document,
    evidence::{Evidence, SourceOutcome, SourceStatus},
    language::Words,
};
use serde::Serialize;

use crate::texts::{age, shortened};

/// Number of pieces of evidence that are named if a source found nothing that counts.
const NAMED_MAX: usize = 2;
/// Maximum number of citations of a source that found something.
const CITED_MAX: usize = 8;
/// Maximum width of the title of a piece of evidence, in half-width columns: about two lines of its cell.
const TITLE_MAX: usize = 90;

/// A source with the outcome of its search.
#[derive(Debug, Serialize)]
pub(crate) struct SourceView<'a> {
    pub(crate) name: &'a str,
    pub(crate) status: &'a str,
    /// What the search found, or that there was none.
    pub(crate) result: String,
    /// The evidence that bears on the risk.
    pub(crate) citations: Vec<String>,
    /// The evidence of a source in which nothing counts against the company.
    pub(crate) named: Vec<NamedView>,
    /// The number of pieces of evidence that are not shown here, in words.
    pub(crate) more: Option<String>,
    /// The day of its answer.
    pub(crate) as_of: Option<String>,
    /// How old its answer was when the report was written.
    pub(crate) age: Option<String>,
    pub(crate) items: u32,
}

/// A piece of evidence by its title.
#[derive(Debug, Serialize)]
pub(crate) struct NamedView {
    pub(crate) title: String,
    pub(crate) id: String,
}

/// Returns the sources in the order of the document.
pub(crate) fn of<'a>(document: &'a Document, words: &'a Words) -> Vec<SourceView<'a>> {
    let findings = document.findings.iter().flat_map(|finding| &finding.citations);
    let cited: Vec<&String> = document
        .rules
        .iter()
        .flat_map(|rule| &rule.because)
        .chain(findings.map(|citation| &citation.evidence_id))
        .collect();
    document.sources.iter().map(|outcome| view(outcome, document, &cited, words)).collect()
}

fn view<'a>(
    outcome: &'a SourceOutcome,
    document: &'a Document,
    cited: &[&String],
    words: &'a Words,
) -> SourceView<'a> {
    let pieces: Vec<&Evidence> = document
        .evidence
        .iter()
        .filter(|piece| piece.source == outcome.source && !piece.facts().gap)
        .collect();
    let citations: Vec<String> =
        pieces.iter().filter(|piece| cited.contains(&&piece.id)).map(|piece| piece.id.clone()).collect();
    let status = words.text_of("statuses", outcome.status.as_str());
    // A source whose evidence only tells what could not be searched found nothing, and cleared nothing either.
    let has_searched = outcome.status.has_answer() && (!pieces.is_empty() || outcome.items == 0);
    // Evidence of earlier versions does not say whether it only tells what could not be searched.
    let has_facts = pieces.iter().all(|piece| piece.facts.is_some());
    let found = match (has_searched, citations.is_empty()) {
        (false, _) => status,
        (true, true) if !has_facts => status,
        (true, true) => words.text("searched.nothing"),
        (true, false) => words.text("searched.found"),
    };
    let is_earlier = has_searched && outcome.status == SourceStatus::Stale;
    let result = if is_earlier {
        words.fill("report.noted", &[("text", found), ("note", status)])
    } else {
        found.to_owned()
    };
    let named: Vec<&Evidence> = if citations.is_empty() { pieces } else { Vec::new() };
    let rest = named.len().saturating_sub(NAMED_MAX) + citations.len().saturating_sub(CITED_MAX);
    let name = |piece: &&Evidence| NamedView { title: title(piece), id: piece.id.clone() };
    SourceView {
        name: words.text_of("sources", outcome.source.as_str()),
        status: outcome.status.as_str(),
        result,
        named: named.iter().take(NAMED_MAX).map(name).collect(),
        citations: citations.into_iter().take(CITED_MAX).collect(),
        more: (rest > 0).then(|| words.fill("front.more_evidence", &[("count", &rest.to_string())])),
        as_of: outcome.as_of.map(|time| words.day(time)),
        age: outcome.as_of.map(|time| age(time, document.versions.written_at, words)),
        items: outcome.items,
    }
}

/// Returns the title of a piece of evidence, or the beginning of its text without one.
fn title(piece: &Evidence) -> String {
    let title = piece.title.trim();
    shortened(if title.is_empty() { &piece.text } else { title }, TITLE_MAX)
}
