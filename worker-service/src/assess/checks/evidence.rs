//! Checks what a finding states against the evidence that it cites, with the crate `claim-checks`.

use claim_checks::{Aspect, Claim, Company, Date, Piece};
use domain::{assessment::Finding, evidence::Evidence, time::UtcTime};

use super::{
    flaw::{Flaw, ID_MAX},
    proof::Proof,
};

/// The key of the text for a figure in another unit or currency.
const UNIT: &str = "unit";

/// What the checks find in what a finding states.
#[derive(Clone, Debug, Default)]
pub(super) struct Stated {
    /// Numbers, units and dates that the evidence does not have. The finding is not published.
    pub(super) figures: Vec<Flaw>,
    /// Other flaws. Too many true claims have them as well, so a verifier or a person must judge.
    pub(super) doubts: Vec<Flaw>,
}

/// Checks what `finding` states, given the evidence that it cites.
pub(super) fn check(proof: Proof<'_>, finding: &Finding) -> Stated {
    let mut cited: Vec<(&Evidence, Piece<'_>)> = Vec::new();
    for citation in &finding.citations {
        let Some(evidence) = proof.piece(&citation.evidence_id) else { continue };
        let quote = proof.span(citation);
        match cited.iter_mut().find(|(other, _)| other.id == evidence.id) {
            Some((_, piece)) => piece.quotes.extend(quote),
            None => cited.push((evidence, piece(evidence, quote))),
        }
    }
    let request = proof.request;
    let claim = Claim {
        statement: &finding.statement,
        language: request.language.tag(),
        company: Company {
            name: &request.company_name,
            number: request.corporate_number.as_str(),
            country: request.country.code(),
        },
        pieces: cited.into_iter().map(|(_, piece)| piece).collect(),
    };
    let (doubts, figures) = claim_checks::flaws(&claim)
        .into_iter()
        .map(flaw)
        .partition(|flaw| matches!(flaw, Flaw::Claim { key, .. } if *key != UNIT));
    Stated { figures, doubts }
}

fn piece<'a>(evidence: &'a Evidence, quote: Option<&'a str>) -> Piece<'a> {
    let times = evidence.published_at.into_iter().chain([evidence.retrieved_at]);
    Piece {
        title: &evidence.title,
        text: &evidence.text,
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

fn flaw(flaw: claim_checks::Flaw) -> Flaw {
    use claim_checks::Flaw as Found;
    let says = |key: &'static str, words: &str| Flaw::Claim { key, words: safe_text::clean(words, ID_MAX) };
    match flaw {
        Found::Number(number) => Flaw::Number { number: safe_text::clean(&number, ID_MAX) },
        Found::Date(date) => Flaw::Date { date: safe_text::clean(&date, ID_MAX) },
        Found::Unit(words) => says(UNIT, &words),
        Found::OfAnotherThing(words) => says("other_thing", &words),
        Found::Irrelevant => says("irrelevant", ""),
        Found::NotMentioned(words) => says("not_mentioned", &words),
        Found::Certainty(Aspect::Negation, words) => says("negation", &words),
        Found::Certainty(Aspect::Allegation, words) => says("allegation", &words),
        Found::Certainty(Aspect::Plan, words) => says("plan", &words),
        Found::Roles(words) => says("roles", &words),
        Found::OtherParty(words) => says("other_party", &words),
        Found::Name(words) => says("name", &words),
        Found::Cause(words) => says("cause", &words),
        Found::Superseded(words) => says("superseded", &words),
    }
}
