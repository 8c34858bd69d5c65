//! Checks the quotes of an answer against the evidence that it cites.

use std::{cell::RefCell, collections::HashMap};

use claim_checks::Reading;
use domain::{
    assessment::Citation,
    evidence::{Evidence, Snapshot},
    request::ReportRequest,
};

use super::{
    flaw::{Flaw, ID_MAX},
    quote,
};

/// Minimum number of letters and digits in a quote: shorter ones occur in every text.
const QUOTE_MIN: usize = 4;

/// The evidence of a report and the request for it, which an answer is checked against.
pub(super) struct Proof<'a> {
    pub(super) request: &'a ReportRequest,
    pub(super) snapshot: &'a Snapshot,
    /// The evidence that was read for the checks of claims, by its id.
    readings: RefCell<HashMap<&'a str, Reading>>,
}

impl<'a> Proof<'a> {
    /// Returns the proof of the answers to `request`.
    pub(super) fn new(request: &'a ReportRequest, snapshot: &'a Snapshot) -> Self {
        Self { request, snapshot, readings: RefCell::default() }
    }

    /// Returns the reading of a piece of evidence, which is read once.
    pub(super) fn reading(&self, piece: &'a Evidence) -> Reading {
        let mut readings = self.readings.borrow_mut();
        readings.entry(&piece.id).or_insert_with(|| Reading::of(&piece.title, &piece.text)).clone()
    }

    /// Returns the piece of evidence with this id.
    pub(super) fn piece(&self, id: &str) -> Option<&'a Evidence> {
        self.snapshot.evidence().find(|piece| piece.id == id)
    }

    /// Returns the flaw of a citation: it names no evidence of the report, or its quote is empty, too short,
    /// or not in the evidence.
    pub(super) fn citation_flaw(&self, citation: &Citation) -> Option<Flaw> {
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
    pub(super) fn span(&self, citation: &Citation) -> Option<&'a str> {
        let piece = self.piece(&citation.evidence_id)?;
        quote::find(&piece.text, &citation.quote).or_else(|| quote::find(&piece.title, &citation.quote))
    }
}
