//! Checks what a finding states against the evidence that it cites, with the crate `claim-checks`.

use claim_checks::{Aspect, Claim, Company, Date, Flaw as Found, Piece, Reading};
use domain::{
    assessment::Finding, evidence::Evidence, language::Words, request::ReportRequest, time::UtcTime,
};

use super::{
    flaw::{Flaw, ID_MAX},
    proof::Proof,
};

/// What the checks find in what a finding states.
#[derive(Clone, Debug, Default)]
pub(super) struct Stated {
    /// Numbers, units and dates that the evidence does not have. The finding is not published.
    pub(super) figures: Vec<Flaw>,
    /// Another reason why it may not follow, in the language of `words`. Too many true findings have one as
    /// well, so a verifier or a person must judge.
    pub(super) doubt: Option<String>,
}

/// Checks what `finding` states, given the evidence that it cites.
pub(super) fn check(proof: &Proof<'_>, finding: &Finding, words: &Words) -> Stated {
    let mut cited: Vec<(&Evidence, Piece<'_>)> = Vec::new();
    for citation in &finding.citations {
        let Some(evidence) = proof.piece(&citation.evidence_id) else { continue };
        let quote = proof.span(citation);
        match cited.iter_mut().find(|(other, _)| other.id == evidence.id) {
            Some((_, piece)) => piece.quotes.extend(quote),
            None => cited.push((evidence, piece(proof, evidence, quote))),
        }
    }
    let pieces = cited.into_iter().map(|(_, piece)| piece).collect();
    let mut stated = Stated::default();
    for found in claim_checks::flaws(&claim(proof.request, &finding.statement, pieces)) {
        match classified(found) {
            Class::Figure(flaw) => stated.figures.push(flaw),
            Class::Doubt(key, quoted) => {
                let quoted = safe_text::clean(&quoted, ID_MAX);
                stated
                    .doubt
                    .get_or_insert_with(|| words.fill(&format!("doubts.{key}"), &[("words", &quoted)]));
            }
        }
    }
    stated
}

/// Returns the figures of a summary that stand nowhere in the evidence. It covers the whole report, so the
/// `counts` that the report itself shows are known as well, and so are the days of `times`.
pub(super) fn summary_flaws(
    proof: &Proof<'_>,
    summary: &str,
    counts: impl Iterator<Item = usize>,
    times: Vec<UtcTime>,
) -> Vec<Flaw> {
    let counts = counts.map(|count| count.to_string()).collect::<Vec<_>>().join("; ");
    let times = times.into_iter().map(day).collect();
    let known = Piece { reading: Reading::of("", &counts), times, quotes: Vec::new() };
    let evidence = proof.snapshot.evidence().map(|evidence| piece(proof, evidence, None));
    let pieces = evidence.chain([known]).collect();
    let flaws =
        claim_checks::figure_flaws(&claim(proof.request, summary, pieces)).into_iter().map(classified);
    flaws
        .filter_map(|class| match class {
            Class::Figure(flaw) => Some(flaw),
            Class::Doubt(..) => None,
        })
        .collect()
}

fn claim<'a>(request: &'a ReportRequest, statement: &'a str, pieces: Vec<Piece<'a>>) -> Claim<'a> {
    Claim {
        statement,
        language: request.language.tag(),
        company: Company {
            name: &request.company_name,
            number: request.corporate_number.as_deref().unwrap_or_default(),
            country: request.country.code(),
        },
        pieces,
    }
}

fn piece<'a>(proof: &Proof<'a>, evidence: &'a Evidence, quote: Option<&'a str>) -> Piece<'a> {
    let times = evidence.published_at.into_iter().chain([evidence.retrieved_at]);
    Piece {
        reading: proof.reading(evidence),
        times: times.map(day).collect(),
        quotes: quote.into_iter().collect(),
    }
}

/// Returns the day of a time in UTC.
fn day(time: UtcTime) -> Date {
    let text = time.to_string();
    let mut parts = text.split(['-', 'T']);
    Date {
        year: parts.next().and_then(|year| year.parse().ok()),
        month: parts.next().and_then(|month| month.parse().ok()),
        day: parts.next().and_then(|day| day.parse().ok()),
    }
}

/// A flaw of a figure, or the key of a doubt with the words that it is about.
enum Class {
    Figure(Flaw),
    Doubt(&'static str, String),
}

fn classified(found: Found) -> Class {
    let figure = |figure: String| safe_text::clean(&figure, ID_MAX);
    match found {
        Found::Number(number) => Class::Figure(Flaw::Number { number: figure(number) }),
        Found::Unit(amount) => Class::Figure(Flaw::Unit { figure: figure(amount) }),
        Found::Date(date) => Class::Figure(Flaw::Date { date: figure(date) }),
        Found::OfAnotherThing(words) => Class::Doubt("other_thing", words),
        Found::Irrelevant => Class::Doubt("irrelevant", String::new()),
        Found::NotMentioned(words) => Class::Doubt("not_mentioned", words),
        Found::Certainty(Aspect::Negation, words) => Class::Doubt("negation", words),
        Found::Certainty(Aspect::Allegation, words) => Class::Doubt("allegation", words),
        Found::Certainty(Aspect::Plan, words) => Class::Doubt("plan", words),
        Found::Roles(words) => Class::Doubt("roles", words),
        Found::OtherParty(words) => Class::Doubt("other_party", words),
        Found::Name(words) => Class::Doubt("name", words),
        Found::Cause(words) => Class::Doubt("cause", words),
        Found::Superseded(words) => Class::Doubt("superseded", words),
    }
}
