//! Checks the quotes, numbers and dates of an answer against the evidence that it cites.

use std::collections::BTreeSet;

use domain::{
    assessment::Citation,
    evidence::{Evidence, Snapshot},
    request::ReportRequest,
    time::UtcTime,
};

use super::{
    dates::{Date, dates, readings_of_dates},
    flaw::{Flaw, ID_MAX},
    numbers::{Numbers, numbers},
    quote,
};

/// Minimum number of letters and digits in a quote: shorter ones occur in every text.
const QUOTE_MIN: usize = 4;

/// The evidence of a report and the request for it, which an answer is checked against.
#[derive(Clone, Copy)]
pub(super) struct Proof<'a> {
    pub(super) request: &'a ReportRequest,
    pub(super) snapshot: &'a Snapshot,
}

impl<'a> Proof<'a> {
    /// Returns the piece of evidence with this id.
    pub(super) fn piece(self, id: &str) -> Option<&'a Evidence> {
        self.snapshot.evidence().find(|piece| piece.id == id)
    }

    /// Returns the flaw of a citation: it names no evidence of the report, or its quote is empty, too short,
    /// or not in the evidence.
    pub(super) fn citation_flaw(self, citation: &Citation) -> Option<Flaw> {
        let id = safe_text::clean(&citation.evidence_id, ID_MAX);
        let Some(piece) = self.piece(&citation.evidence_id) else {
            return Some(Flaw::UnknownEvidence { id });
        };
        let quote = quote::folded(&citation.quote);
        if quote.is_empty() {
            return Some(Flaw::QuoteEmpty { id });
        }
        let letters = quote.chars().filter(|c| c.is_alphanumeric()).count();
        if letters < QUOTE_MIN && quote != quote::folded(&piece.text) && quote != quote::folded(&piece.title)
        {
            return Some(Flaw::QuoteShort { id });
        }
        self.span(citation).is_none().then_some(Flaw::QuoteAbsent { id })
    }

    /// Returns the span of the evidence that a citation quotes, spelled exactly as in the evidence.
    pub(super) fn span(self, citation: &Citation) -> Option<&'a str> {
        let piece = self.piece(&citation.evidence_id)?;
        quote::find(&piece.text, &citation.quote).or_else(|| quote::find(&piece.title, &citation.quote))
    }

    /// Returns flaws for the first number and the latest date in `statement` that are not proven. A number or
    /// date is proven if it occurs in the `cited` evidence, in the company's name or number, in the `known`
    /// numbers, or in the `known_times`. The times at which the cited evidence was published and retrieved
    /// count as known, too.
    pub(super) fn figure_flaws(
        self,
        statement: &str,
        cited: &[&Evidence],
        mut known_times: Vec<UtcTime>,
        known: Numbers,
    ) -> Vec<Flaw> {
        known_times.extend(
            cited.iter().flat_map(|piece| piece.published_at.into_iter().chain([piece.retrieved_at])),
        );
        let times: Vec<String> = known_times.into_iter().map(|time| time.to_string()).collect();
        let company = [self.request.company_name.as_str(), self.request.corporate_number.as_str()];
        let pieces = cited.iter().flat_map(|piece| [piece.title.as_str(), piece.text.as_str()]);
        let (mut proven, mut proven_dates) = (known, BTreeSet::new());
        for text in company.into_iter().chain(pieces).chain(times.iter().map(String::as_str)) {
            proven.add(text);
            proven_dates.extend(dates(text));
        }
        let number = numbers(statement).into_iter().find(|number| !number.is_in(&proven));
        let is_unproven = |readings: &Vec<Date>| !readings.iter().any(|date| date.is_in(&proven_dates));
        // A date with a day sorts after the same month without one. It is the more precise of the two.
        let date = readings_of_dates(statement)
            .into_iter()
            .filter(is_unproven)
            .filter_map(|readings| readings.first().copied());
        let number = number.map(|number| Flaw::Number { number: number.written().to_owned() });
        number.into_iter().chain(date.max().map(|date| Flaw::Date { date: date.to_string() })).collect()
    }
}
