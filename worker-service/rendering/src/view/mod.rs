//! The view of a report: its content in its language, ready for the templates. HTML, PDF and Markdown are
//! filled from the same view, so they have the same content in the same order.

mod findings;
mod front;
mod history;
mod origin;
mod sources;

use domain::{
    artifact::sha256_hex,
    document::{Document, Dropped, VerificationOutcome, Versions},
    evidence::Evidence,
    language::Words,
    number_check::NumberCheck,
    request::ReportRequest,
    risk::{AppliedRule, RiskLevel, Rulebook, Rules},
};
use serde::Serialize;
use serde_json::Value;

pub(super) use self::{
    findings::{FindingView, MatchView, QuoteView},
    front::{Front, Point, Reason},
    history::{EventView, PartyView},
    sources::SourceView,
};
use super::{
    charts::{self, Chart},
    texts::shortened,
};

/// Maximum width of the purpose on the first page, in half-width columns.
const PURPOSE_MAX: usize = 150;

/// The content of a report, as the templates see it.
#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    /// The report's language as a BCP 47 tag.
    pub(super) language: &'a str,
    /// Direction of writing: `ltr` or `rtl`.
    pub(super) direction: &'a str,
    /// Headings and labels, by their keys.
    pub(super) words: &'a Value,
    pub(super) title: String,
    pub(super) company: &'a str,
    /// What identifies the company and the report, in one line.
    pub(super) identity: String,
    /// What the report is for, cut to a line or two.
    pub(super) purpose: Option<String>,
    /// `LOW`, `MEDIUM`, `HIGH` or `UNDETERMINED`.
    pub(super) level: &'a str,
    pub(super) level_name: &'a str,
    /// What set the level.
    pub(super) why: String,
    pub(super) score: u8,
    pub(super) score_text: String,
    pub(super) front: Front,
    pub(super) facts: Vec<Fact>,
    pub(super) summary: &'a str,
    pub(super) summary_citations: &'a [String],
    pub(super) findings: Vec<FindingView<'a>>,
    pub(super) no_findings: &'a str,
    pub(super) matches: Vec<MatchView<'a>>,
    pub(super) parties: Vec<PartyView<'a>>,
    pub(super) events: Vec<EventView>,
    pub(super) rules: Vec<RuleView<'a>>,
    pub(super) charts: Vec<Chart>,
    pub(super) sources: Vec<SourceView<'a>>,
    /// The ids of the evidence. A citation of any other id is not a link.
    pub(super) known: Vec<&'a str>,
    pub(super) evidence: Vec<EvidenceView<'a>>,
    pub(super) dropped: &'a [Dropped],
    pub(super) method: Vec<&'a str>,
    pub(super) versions: Vec<Fact>,
    pub(super) written: String,
    /// When the report was written, RFC 3339.
    pub(super) written_at: String,
    /// Identifier of the PDF file: a SHA-256, in hexadecimal, of the report's id and time.
    #[serde(skip)]
    pub(super) ident: String,
}

/// A label with its value.
#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) value: String,
}

/// A rule that applied.
#[derive(Debug, Serialize)]
pub(super) struct RuleView<'a> {
    pub(super) rule: &'a str,
    pub(super) points: Option<u8>,
    pub(super) effect: &'a str,
    pub(super) because: &'a [String],
}

/// A piece of evidence.
#[derive(Debug, Serialize)]
pub(super) struct EvidenceView<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) source: &'a str,
    pub(super) published: Option<String>,
    pub(super) retrieved: String,
    pub(super) url: Option<&'a str>,
    pub(super) sha256: &'a str,
}

impl<'a> View<'a> {
    /// Returns the view of `document`.
    pub(super) fn of(document: &'a Document, rulebook: &'a Rulebook) -> Self {
        let (words, rules) = (rulebook.words(document.company.language), rulebook.rules());
        let level = document.risk_level;
        let undetermined = level == RiskLevel::Undetermined;
        Self {
            language: document.company.language.tag(),
            direction: words.text("direction"),
            words: &words.tree()["report"],
            title: words.fill("report.title", &[("company", &document.company.company_name)]),
            company: &document.company.company_name,
            identity: identity(document, words),
            purpose: document.company.purpose.as_deref().map(|purpose| shortened(purpose, PURPOSE_MAX)),
            level: level.as_str(),
            level_name: words.text_of("levels", level.as_str()),
            why: why(document, words, rules),
            score: document.risk_score,
            score_text: words.fill("report.of_100", &[("score", &document.risk_score.to_string())]),
            front: front::of(document, words, rules),
            facts: facts(document, words),
            summary: &document.summary.text,
            summary_citations: &document.summary.citations,
            findings: findings::of(document, words, rules),
            no_findings: words.text(match document {
                _ if undetermined => "report.no_findings_undetermined",
                // Rules applied, or claims of the model were dropped: the evidence may still show something.
                Document { rules, dropped, .. } if !(rules.is_empty() && dropped.is_empty()) => {
                    "report.no_findings_left"
                }
                _ => "report.no_findings",
            }),
            matches: findings::matches(document, words),
            parties: history::parties(document, words),
            events: history::events(document, words),
            rules: document.rules.iter().map(|applied| rule_view(applied, rules)).collect(),
            charts: charts::of(document, words, rules),
            sources: sources::of(document, words),
            known: document.evidence.iter().map(|piece| piece.id.as_str()).collect(),
            evidence: document.evidence.iter().map(|piece| evidence_view(piece, words)).collect(),
            dropped: &document.dropped,
            method: method(document, words),
            versions: versions(&document.versions, words),
            written: words.moment(document.versions.written_at),
            written_at: document.versions.written_at.to_string(),
            ident: sha256_hex(format!("{} {}", document.report_id, document.versions.written_at).as_bytes()),
        }
    }
}

/// Returns what set the report's risk level, or nothing if that is not known here.
fn why(document: &Document, words: &Words, rules: &Rules) -> String {
    let weight = |rule: &str| rules.weight(rule);
    let floor =
        document.rules.iter().filter_map(|rule| Some(weight(&rule.rule)?.1)).max().unwrap_or_default();
    let name = |level: RiskLevel| words.text_of("levels", level.as_str());
    let (level, by_rules) = (name(document.risk_level), name(floor.into()));
    // The weights of rules of another version are unknown here, so what set the level is unknown, too.
    let is_known = |applied: &AppliedRule| weight(&applied.rule).is_some();
    if document.risk_level == RiskLevel::Undetermined {
        words.fill("why.undetermined", &[("floor", by_rules)])
    } else if !document.rules.iter().all(is_known) {
        // The texts of the rules say what they require.
        String::new()
    } else if document.risk_level > RiskLevel::from(floor) {
        words.fill("why.model_raised", &[("level", level), ("floor", by_rules)])
    } else if document.rules.is_empty() {
        words.fill("why.no_rule", &[("level", level)])
    } else {
        words.fill("why.rules", &[("level", by_rules)])
    }
}

/// Returns what identifies the company and the report, in one line.
fn identity(document: &Document, words: &Words) -> String {
    let company = &document.company;
    let mut parts = vec![words.country(company.country).to_owned()];
    parts.extend(company.corporate_number.clone());
    parts.push(words.day(document.versions.written_at));
    parts.join(" · ")
}

/// Returns the facts about the company and the report.
fn facts(document: &Document, words: &Words) -> Vec<Fact> {
    let company = &document.company;
    let fact = |key: &str, value: String| Fact { label: words.text_of("report", key).to_owned(), value };
    let mut facts = vec![
        fact("name", company.company_name.clone()),
        fact("number", number(company, words)),
        fact("country", noted(words.country(company.country), company.country.code(), words)),
    ];
    facts.extend(company.purpose.clone().map(|purpose| fact("purpose", purpose)));
    facts.push(fact("report", document.report_id.to_string()));
    facts.push(fact("written", words.moment(document.versions.written_at)));
    facts
}

/// Returns `text` with a note in parentheses.
fn noted(text: &str, note: &str, words: &Words) -> String {
    words.fill("report.noted", &[("text", text), ("note", note)])
}

/// Returns the company's number with what was verified of it, or what it means that there is none.
fn number(company: &ReportRequest, words: &Words) -> String {
    let check = NumberCheck::of(company, words);
    match &company.corporate_number {
        Some(number) => noted(number, &check.message, words),
        None => check.message,
    }
}

fn rule_view<'a>(applied: &'a AppliedRule, rules: &Rules) -> RuleView<'a> {
    RuleView {
        rule: &applied.rule,
        points: rules.weight(&applied.rule).map(|(points, _)| points),
        effect: &applied.effect,
        because: &applied.because,
    }
}

fn evidence_view<'a>(piece: &'a Evidence, words: &'a Words) -> EvidenceView<'a> {
    let title = piece.title.trim();
    EvidenceView {
        id: &piece.id,
        title: if title.is_empty() { words.text("report.untitled") } else { title },
        text: &piece.text,
        source: words.text_of("sources", piece.source.as_str()),
        published: piece.published_at.map(|time| words.day(time)),
        retrieved: words.moment(piece.retrieved_at),
        url: piece.url.as_deref().filter(|url| !url.is_empty()),
        sha256: &piece.sha256,
    }
}

/// Returns the paragraphs about the method.
fn method<'a>(document: &Document, words: &'a Words) -> Vec<&'a str> {
    let model = if document.versions.model.is_some() { "method.model" } else { "method.no_model" };
    let outcome = document.versions.verifier.as_ref().map(|verifier| verifier.outcome);
    let verified = (outcome == Some(VerificationOutcome::Verified)).then_some("method.verified");
    let limits = ["method.limits_sources", "method.limits_names", "method.limits_use"];
    let keys = ["method.rules", model, "method.checks"].into_iter().chain(verified).chain(limits);
    keys.filter_map(|key| words.find(key)).collect()
}

/// Returns the versions of everything that a report depends on.
fn versions(versions: &Versions, words: &Words) -> Vec<Fact> {
    let fact = |key: &str, value: String| Fact { label: words.text_of("versions", key).to_owned(), value };
    let mut facts = vec![fact("dossier", versions.dossier.clone()), fact("rules", versions.rules.clone())];
    facts.extend(versions.sources.iter().map(|source| fact("source", source.clone())));
    facts.push(fact("prompt", versions.prompt.clone()));
    let no_model = || words.text("versions.no_model").to_owned();
    facts.push(fact("model", versions.model.clone().unwrap_or_else(no_model)));
    if let Some(parameters) = &versions.model_parameters {
        // Parameters have the names of the JSON artifact in every language.
        let text = serde_json::to_value(parameters).ok().and_then(|value| {
            let members = value.as_object()?.iter().map(|(name, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{name} {value}")
            });
            Some(members.collect::<Vec<_>>().join(", "))
        });
        facts.extend(text.map(|text| fact("parameters", text)));
    }
    for passed in &versions.passed_over {
        let because = words.text_of("passed_over", passed.because.as_str());
        facts.push(fact("passed_over", format!("{}: {because}", passed.model)));
    }
    if let Some(verifier) = &versions.verifier {
        let outcome = match verifier.outcome {
            VerificationOutcome::Verified => words.text("versions.verified"),
            outcome => words.text_of("unverified", outcome.as_str()),
        };
        facts.push(fact("verifier", format!("{}, {}: {outcome}", verifier.id, verifier.prompt)));
    }
    facts
}
