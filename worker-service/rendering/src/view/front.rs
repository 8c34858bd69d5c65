//! The first page: the verdict, its main reasons, what must be decided, and what could not be searched. It can be read
//! alone, and fits on one page of the PDF.

use domain::{
    assessment::{Finding, Severity},
    document::Document,
    evidence::{Evidence, SourceOutcome, SourceStatus},
    language::Words,
    number_check::{NumberCheck, NumberStatus},
    risk::{Grade, RiskLevel, Rules},
};
use serde::Serialize;

use super::{findings::by_weight, origin::short_origin};
use crate::texts::{columns, is_longer, shortened};

/// Number of reasons. Mandatory sources without an answer are all named.
const REASONS_MAX: usize = 3;
/// Maximum width of a reason, decision or gap, in half-width columns: about two lines of the PDF.
const TEXT_MAX: usize = 175;
/// Maximum number of citations of a decision or gap.
const CITATIONS_MAX: usize = 3;
/// Maximum width of a piece of evidence below a reason with its origin, in half-width columns: about two lines.
const PROOF_MAX: usize = 180;
/// Minimum width that remains for the text of a piece of evidence, in half-width columns.
const PROOF_TEXT_MIN: usize = 40;
/// Half-width columns of a line of the PDF.
const LINE: usize = 88;
/// Number of lines that the first page has for reasons, decisions and gaps.
const LINES_MAX: usize = 27;
/// Number of lines that a source takes, if what was searched stands in place of reasons.
const SOURCE_LINES: usize = 3;
/// Pieces of evidence below a reason, decisions, and gaps: the most that are shown, and fewer if they take too many lines.
const COUNTS: [(usize, usize, usize); 5] = [(2, 6, 6), (2, 4, 4), (1, 4, 4), (1, 3, 3), (1, 2, 2)];

/// The content of the first page that other pages do not have.
#[derive(Debug, Serialize)]
pub(crate) struct Front {
    /// What the level means.
    pub(crate) meaning: String,
    /// The main reasons of the level. Without any, what was searched stands in their place.
    pub(crate) reasons: Vec<Reason>,
    pub(crate) decisions: Vec<Point>,
    /// The number of decisions that are not shown here, in words.
    pub(crate) more_decisions: Option<String>,
    pub(crate) gaps: Vec<Point>,
    /// The number of gaps that are not shown here, in words.
    pub(crate) more_gaps: Option<String>,
    /// What is said without any gap.
    pub(crate) no_gaps: String,
    /// All decisions and gaps, if some of them are shortened or not shown.
    pub(crate) in_full: Option<InFull>,
}

/// All decisions and gaps.
#[derive(Debug, Serialize)]
pub(crate) struct InFull {
    pub(crate) decisions: Vec<Point>,
    pub(crate) gaps: Vec<Point>,
}

/// A reason for the level, with its evidence.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Reason {
    pub(crate) text: String,
    pub(crate) proofs: Vec<Proof>,
    /// The number of pieces of evidence that are not shown here, in words.
    pub(crate) more: Option<String>,
}

/// A piece of evidence for a reason.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Proof {
    pub(crate) id: String,
    /// What it says.
    pub(crate) text: String,
    /// Where it comes from.
    pub(crate) origin: String,
}

/// A statement with the evidence that it is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Point {
    pub(crate) text: String,
    pub(crate) citations: Vec<String>,
}

impl Point {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), citations: Vec::new() }
    }

    fn shortened(&self) -> Self {
        let citations = self.citations.iter().take(CITATIONS_MAX).cloned().collect();
        Self { text: shortened(&self.text, TEXT_MAX), citations }
    }

    fn is_cut(&self) -> bool {
        self.citations.len() > CITATIONS_MAX || is_longer(&self.text, TEXT_MAX)
    }

    fn lines(&self) -> usize {
        lines(columns(&self.text) + self.citations.iter().map(|id| id.len() + 2).sum::<usize>())
    }
}

/// Returns the number of lines that a text of this width takes.
fn lines(columns: usize) -> usize {
    columns.div_ceil(LINE).max(1)
}

/// Returns the first page of `document`.
pub(crate) fn of(document: &Document, words: &Words, rules: &Rules) -> Front {
    let reasons = reasons(document, words, rules);
    let (all_decisions, all_gaps) = (decisions(document, words), gaps(document, words));
    // Without facts, the notes of the sources cannot be told from other evidence.
    let has_facts = document.evidence.iter().all(|piece| piece.facts.is_some());
    let no_gaps = if has_facts { "report.no_gaps" } else { "report.no_gaps_known" };
    let build = |(proofs, decisions, gaps): (usize, usize, usize)| {
        let shown = |points: &[Point], most: usize| -> Vec<Point> {
            points.iter().take(most).map(Point::shortened).collect()
        };
        let more = |points: &[Point], most: usize| {
            let rest = points.len().saturating_sub(most);
            let values = [("count", &*rest.to_string()), ("section", words.text("report.in_full"))];
            (rest > 0).then(|| words.fill("front.more", &values))
        };
        let reasons = reasons.iter().map(|reason| reason.with_proofs(proofs, words)).collect();
        Front {
            meaning: words.text_of("meanings", document.risk_level.as_str()).to_owned(),
            reasons,
            decisions: shown(&all_decisions, decisions),
            more_decisions: more(&all_decisions, decisions),
            gaps: shown(&all_gaps, gaps),
            more_gaps: more(&all_gaps, gaps),
            no_gaps: words.text(no_gaps).to_owned(),
            in_full: None,
        }
    };
    let [.., fewest] = COUNTS;
    let searched = if reasons.is_empty() { document.sources.len() * SOURCE_LINES } else { 0 };
    let fitting = COUNTS.into_iter().find(|counts| searched + build(*counts).lines() <= LINES_MAX);
    let mut front = build(fitting.unwrap_or(fewest));
    let is_cut =
        |points: &[Point], shown: &[Point]| points.len() > shown.len() || points.iter().any(Point::is_cut);
    if is_cut(&all_decisions, &front.decisions) || is_cut(&all_gaps, &front.gaps) {
        front.in_full = Some(InFull { decisions: all_decisions, gaps: all_gaps });
    }
    front
}

impl Front {
    fn lines(&self) -> usize {
        let reason = |reason: &Reason| {
            let proof =
                |proof: &Proof| lines(columns(&proof.text) + columns(&proof.origin) + proof.id.len() + 4);
            let proofs: usize = reason.proofs.iter().map(proof).sum();
            lines(columns(&reason.text)) + proofs + usize::from(reason.more.is_some())
        };
        let points: usize = self.decisions.iter().chain(&self.gaps).map(Point::lines).sum();
        let more = usize::from(self.more_decisions.is_some()) + usize::from(self.more_gaps.is_some());
        self.reasons.iter().map(reason).sum::<usize>() + points + more
    }
}

impl Reason {
    fn new(text: &str) -> Self {
        Self { text: shortened(text, TEXT_MAX), proofs: Vec::new(), more: None }
    }

    /// Returns the reason with at most this number of pieces of evidence.
    fn with_proofs(&self, most: usize, words: &Words) -> Self {
        let rest = self.proofs.len().saturating_sub(most);
        Self {
            text: self.text.clone(),
            proofs: self.proofs.iter().take(most).cloned().collect(),
            more: (rest > 0).then(|| words.fill("front.more_evidence", &[("count", &rest.to_string())])),
        }
    }
}

/// Returns the main reasons of the level, the most serious first. A level without a reason against the company has none: it
/// rests on what was searched.
fn reasons(document: &Document, words: &Words, rules: &Rules) -> Vec<Reason> {
    let proof = |id: &str, quote: Option<&str>| {
        let piece = document.evidence.iter().find(|piece| piece.id == id);
        let origin = piece.map(|piece| short_origin(piece, words)).unwrap_or_default();
        let rest = PROOF_MAX.saturating_sub(columns(&origin) + id.len() + 4).max(PROOF_TEXT_MIN);
        let text = shortened(quote.unwrap_or_else(|| piece.map_or("", said)), rest);
        Proof { id: id.to_owned(), text, origin }
    };
    let mut reasons = unanswered(document, words);
    let most = REASONS_MAX.max(document.missing_sources.len());
    // What a rule of another version weighs is not known here: it counts as serious.
    let weight = |rule: &str| rules.weight(rule).map_or((Grade::High, 0), |(points, floor)| (floor, points));
    let mut applied: Vec<_> = document.rules.iter().collect();
    applied.sort_by_key(|applied| std::cmp::Reverse(weight(&applied.rule)));
    let found = by_weight(document, rules);
    let mut candidates: Vec<(Grade, Reason)> = Vec::new();
    for applied in &applied {
        let quote_of = |id: &String| {
            let mut citations = document.findings.iter().flat_map(|finding| &finding.citations);
            citations.find(|citation| citation.evidence_id == *id).map(|citation| citation.quote.as_str())
        };
        let mut reason = Reason::new(&applied.effect);
        reason.proofs = applied.because.iter().map(|id| proof(id, quote_of(id))).collect();
        candidates.push((weight(&applied.rule).0, reason));
    }
    // A finding that rests on the evidence of rules alone says what they say.
    let of_rules: Vec<&String> = applied.iter().flat_map(|applied| &applied.because).collect();
    let is_new = |finding: &Finding| {
        let cited = || finding.citations.iter().map(|citation| &citation.evidence_id);
        cited().next().is_none() || cited().any(|id| !of_rules.contains(&id))
    };
    for finding in found.iter().filter(|finding| finding.severity > Severity::Low && is_new(finding)) {
        let mut reason = Reason::new(&finding.statement);
        reason.proofs =
            finding.citations.iter().map(|cited| proof(&cited.evidence_id, Some(&cited.quote))).collect();
        let grade = if finding.severity == Severity::High { Grade::High } else { Grade::Medium };
        candidates.push((grade, reason));
    }
    // A stable sort: a rule comes before a finding of the same weight.
    candidates.sort_by_key(|(grade, _)| std::cmp::Reverse(*grade));
    reasons.extend(candidates.into_iter().map(|(_, reason)| reason));
    reasons.truncate(most);
    reasons
}

/// Returns why a level cannot be determined: the mandatory sources without an answer. Documents of version 0.2 and earlier
/// do not tell which sources are mandatory: those that failed come first, and then those that were not asked.
fn unanswered(document: &Document, words: &Words) -> Vec<Reason> {
    if document.risk_level != RiskLevel::Undetermined {
        return Vec::new();
    }
    let is_known = !document.missing_sources.is_empty();
    let is_missing = |outcome: &&SourceOutcome| {
        if is_known {
            document.missing_sources.contains(&outcome.source)
        } else {
            !outcome.status.has_answer()
        }
    };
    let mut missing: Vec<_> = document.sources.iter().filter(is_missing).collect();
    missing.sort_by_key(|outcome| outcome.status != SourceStatus::Failed);
    let reason = |outcome: &SourceOutcome| {
        let text = match outcome.status {
            SourceStatus::Failed => {
                let source = words.text_of("sources", outcome.source.as_str());
                words.fill("front.no_answer", &[("source", source)])
            }
            _ => gap(outcome, words).unwrap_or_default(),
        };
        Reason::new(&text)
    };
    missing.into_iter().map(reason).filter(|reason| !reason.text.is_empty()).collect()
}

/// Returns what a piece of evidence says, in short.
fn said(piece: &Evidence) -> &str {
    let title = piece.title.trim();
    if title.is_empty() { &piece.text } else { title }
}

/// Returns the reasons for a review as decisions, each with the evidence that it is about, and the decision that the
/// level leaves to a person.
fn decisions(document: &Document, words: &Words) -> Vec<Point> {
    let open = document.open_decisions.iter();
    let mut decisions: Vec<Point> = open
        .map(|decision| Point { text: decision.text.clone(), citations: decision.evidence.clone() })
        .collect();
    // Documents of version 0.2 and earlier have the reasons for a review alone.
    if decisions.is_empty() && document.review.required {
        decisions = document.review.reasons.iter().map(Point::new).collect();
    }
    decisions.extend(words.find(&format!("business.{}", document.risk_level)).map(Point::new));
    decisions
}

/// Returns what could not be searched at a source, or `None` if it answered with current data.
fn gap(outcome: &SourceOutcome, words: &Words) -> Option<String> {
    let key = match outcome.status {
        SourceStatus::Failed => "gaps.failed",
        SourceStatus::Skipped => "gaps.skipped",
        SourceStatus::Stale => "gaps.stale",
        SourceStatus::Unknown(_) => "gaps.unknown",
        SourceStatus::Ok => return None,
    };
    let date =
        outcome.as_of.map_or_else(|| words.text("gaps.unknown_date").to_owned(), |time| words.day(time));
    let source = words.text_of("sources", outcome.source.as_str());
    let values = [("source", source), ("date", &*date), ("status", outcome.status.as_str())];
    Some(words.fill(key, &values))
}

/// Returns what could not be searched.
fn gaps(document: &Document, words: &Words) -> Vec<Point> {
    let mut gaps: Vec<Point> =
        document.sources.iter().filter_map(|outcome| gap(outcome, words)).map(Point::new).collect();
    if NumberCheck::of(&document.company, words).status == NumberStatus::Absent {
        gaps.push(Point::new(words.text("gaps.no_number")));
    }
    let noted = document.evidence.iter().filter(|piece| piece.facts().gap);
    gaps.extend(noted.map(|piece| Point { text: piece.text.clone(), citations: vec![piece.id.clone()] }));
    gaps
}
