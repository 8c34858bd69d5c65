//! A report as its readers see it, in its language: what the HTML, the PDF and the Markdown are all
//! made from, so that they say the same in the same order.

use domain::{
    artifact::sha256_hex,
    assessment::{Category, Citation, Finding},
    document::{Document, Dropped, Versions},
    evidence::Evidence,
    language::Words,
    risk::{AppliedRule, RiskLevel, Rulebook, Rules},
};
use serde::Serialize;
use serde_json::Value;

use super::charts::{self, Chart};

const CATEGORIES: [Category; 5] =
    [Category::Sanctions, Category::AdverseMedia, Category::Registry, Category::Country, Category::Other];

/// A report as its readers see it.
#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    /// BCP 47 tag.
    language: &'a str,
    /// `ltr` or `rtl`.
    direction: &'a str,
    /// The headings and labels.
    words: &'a Value,
    title: String,
    company: &'a str,
    /// `LOW`, `MEDIUM`, `HIGH` or `UNDETERMINED`.
    level: &'a str,
    level_name: &'a str,
    why: Vec<String>,
    score: u8,
    score_text: String,
    review: &'a [String],
    facts: Vec<Fact>,
    summary: &'a str,
    summary_citations: &'a [String],
    groups: Vec<Group<'a>>,
    no_findings: &'a str,
    rules: Vec<Rule<'a>>,
    charts: [Chart; 3],
    sources: Vec<Source<'a>>,
    /// The ids of the evidence: what else is cited leads nowhere.
    known: Vec<&'a str>,
    evidence: Vec<Piece<'a>>,
    dropped: &'a [Dropped],
    method: Vec<&'a str>,
    versions: Vec<Fact>,
    written: String,
    /// RFC 3339.
    pub(super) written_at: String,
    /// Names the report in its PDF.
    #[serde(skip)]
    pub(super) ident: String,
}

#[derive(Debug, Serialize)]
struct Fact {
    label: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Group<'a> {
    title: &'a str,
    findings: Vec<Found<'a>>,
}

#[derive(Debug, Serialize)]
struct Found<'a> {
    severity: &'a str,
    severity_name: &'a str,
    statement: &'a str,
    citations: &'a [Citation],
}

#[derive(Debug, Serialize)]
struct Rule<'a> {
    rule: &'a str,
    points: Option<u8>,
    effect: &'a str,
    because: &'a [String],
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    name: &'a str,
    status: &'a str,
    status_name: &'a str,
    as_of: Option<String>,
    items: u32,
}

#[derive(Debug, Serialize)]
struct Piece<'a> {
    id: &'a str,
    title: &'a str,
    text: &'a str,
    source: &'a str,
    published: Option<String>,
    retrieved: String,
    url: Option<&'a str>,
    sha256: &'a str,
}

impl<'a> View<'a> {
    /// The view of `document`.
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
            level: level.as_str(),
            level_name: words.text_of("levels", level.as_str()),
            why: why(document, words, rules),
            score: document.risk_score,
            score_text: words.fill("report.of_100", &[("score", &document.risk_score.to_string())]),
            review: if document.review.required { &document.review.reasons } else { &[] },
            facts: facts(document, words),
            summary: &document.summary.text,
            summary_citations: &document.summary.citations,
            groups: groups(&document.findings, words),
            no_findings: words.text(match document {
                _ if undetermined => "report.no_findings_undetermined",
                // That no claim of a model stood up is not that the evidence shows nothing.
                Document { rules, dropped, .. } if !(rules.is_empty() && dropped.is_empty()) => {
                    "report.no_findings_left"
                }
                _ => "report.no_findings",
            }),
            rules: document.rules.iter().map(|applied| rule(applied, rules)).collect(),
            charts: [
                charts::score(document, words, rules),
                charts::mentions(document, words),
                charts::sources(document, words),
            ],
            sources: document
                .sources
                .iter()
                .map(|outcome| Source {
                    name: words.text_of("sources", outcome.source.as_str()),
                    status: outcome.status.as_str(),
                    status_name: words.text_of("statuses", outcome.status.as_str()),
                    as_of: outcome.as_of.map(|time| words.moment(time)),
                    items: outcome.items,
                })
                .collect(),
            known: document.evidence.iter().map(|piece| piece.id.as_str()).collect(),
            evidence: document.evidence.iter().map(|piece| self::piece(piece, words)).collect(),
            dropped: &document.dropped,
            method: method(document, words),
            versions: versions(&document.versions, words),
            written: words.moment(document.versions.written_at),
            written_at: document.versions.written_at.to_string(),
            ident: sha256_hex(format!("{} {}", document.report_id, document.versions.written_at).as_bytes()),
        }
    }
}

/// Why the report has its level: what set it, in the order of its weight.
fn why(document: &Document, words: &Words, rules: &Rules) -> Vec<String> {
    let weight = |rule: &str| rules.weight(rule);
    let floor =
        document.rules.iter().filter_map(|rule| Some(weight(&rule.rule)?.1)).max().unwrap_or_default();
    let name = |level: RiskLevel| words.text_of("levels", level.as_str());
    let (level, by_rules) = (name(document.risk_level), name(floor.into()));
    // The weights of another version's rules are not known here, and so neither is what set the level.
    let is_known = |applied: &AppliedRule| weight(&applied.rule).is_some();
    let mut why = Vec::new();
    if document.risk_level == RiskLevel::Undetermined {
        why.push(words.fill("why.undetermined", &[("floor", by_rules)]));
    } else if !document.rules.iter().all(is_known) {
        // The texts of the rules say what they require.
    } else if document.risk_level > RiskLevel::from(floor) {
        why.push(words.fill("why.model_raised", &[("level", level), ("floor", by_rules)]));
    } else if document.rules.is_empty() {
        why.push(words.fill("why.no_rule", &[("level", level)]));
    } else {
        why.push(words.fill("why.rules", &[("level", by_rules)]));
    }
    let decisive =
        document.rules.iter().filter(|rule| weight(&rule.rule).is_none_or(|(_, own)| own == floor));
    why.extend(decisive.map(|rule| rule.effect.clone()));
    why
}

fn facts(document: &Document, words: &Words) -> Vec<Fact> {
    let company = &document.company;
    let fact = |key: &str, value: String| Fact { label: words.text_of("report", key).to_owned(), value };
    let mut facts = vec![
        fact("name", company.company_name.clone()),
        fact("number", format!("{} ({})", company.corporate_number, company.number_note(words))),
        fact("country", format!("{} ({})", words.country(company.country), company.country)),
    ];
    facts.extend(company.purpose.clone().map(|purpose| fact("purpose", purpose)));
    facts.push(fact("report", document.report_id.to_string()));
    facts.push(fact("written", words.moment(document.versions.written_at)));
    facts
}

/// The findings by category, the gravest of each first.
fn groups<'a>(findings: &'a [Finding], words: &'a Words) -> Vec<Group<'a>> {
    let of = |category: Category| {
        let mut own: Vec<&Finding> = findings.iter().filter(|finding| finding.category == category).collect();
        own.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let found = |finding: &'a Finding| Found {
            severity: finding.severity.as_str(),
            severity_name: words.text_of("severities", finding.severity.as_str()),
            statement: &finding.statement,
            citations: &finding.citations,
        };
        Group {
            title: words.text_of("categories", category.as_str()),
            findings: own.into_iter().map(found).collect(),
        }
    };
    CATEGORIES.into_iter().map(of).filter(|group| !group.findings.is_empty()).collect()
}

fn rule<'a>(applied: &'a AppliedRule, rules: &Rules) -> Rule<'a> {
    Rule {
        rule: &applied.rule,
        points: rules.weight(&applied.rule).map(|(points, _)| points),
        effect: &applied.effect,
        because: &applied.because,
    }
}

fn piece<'a>(piece: &'a Evidence, words: &'a Words) -> Piece<'a> {
    let title = piece.title.trim();
    Piece {
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

fn method<'a>(document: &Document, words: &'a Words) -> Vec<&'a str> {
    let model = if document.versions.model.is_some() { "method.model" } else { "method.no_model" };
    let keys = [
        "method.rules",
        model,
        "method.checks",
        "method.limits_sources",
        "method.limits_names",
        "method.limits_use",
    ];
    keys.into_iter().filter_map(|key| words.find(key)).collect()
}

fn versions(versions: &Versions, words: &Words) -> Vec<Fact> {
    let fact = |key: &str, value: String| Fact { label: words.text_of("versions", key).to_owned(), value };
    let mut facts = vec![fact("dossier", versions.dossier.clone()), fact("rules", versions.rules.clone())];
    facts.extend(versions.sources.iter().map(|source| fact("source", source.clone())));
    facts.push(fact("prompt", versions.prompt.clone()));
    let none = || words.text("versions.no_model").to_owned();
    facts.push(fact("model", versions.model.clone().unwrap_or_else(none)));
    if let Some(parameters) = &versions.model_parameters {
        // Their names are those of the JSON, in every language.
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
    facts
}
