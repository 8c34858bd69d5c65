//! The related parties with the result of their screening, and the timeline of events.

use domain::{
    document::Document,
    evidence::{Evidence, Party},
    language::Words,
};
use serde::Serialize;

use super::origin::publisher;
use crate::texts::date;

/// A party related to the company.
#[derive(Debug, Serialize)]
pub(crate) struct PartyView<'a> {
    pub(crate) name: &'a str,
    pub(crate) relation: &'a str,
    pub(crate) since: String,
    pub(crate) country: String,
    /// The result of screening it.
    pub(crate) screening: String,
    /// The evidence that names it.
    pub(crate) citations: Vec<String>,
}

/// An event.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct EventView {
    /// The day, month or year, as the report writes it.
    pub(crate) date: String,
    pub(crate) text: String,
    pub(crate) id: String,
}

/// Returns the related parties that the evidence names, each once for every relation.
pub(crate) fn parties<'a>(document: &'a Document, words: &'a Words) -> Vec<PartyView<'a>> {
    let mut named: Vec<(&Party, Vec<&Evidence>)> = Vec::new();
    for piece in &document.evidence {
        let Some(party) = &piece.facts().party else { continue };
        let known = named.iter_mut().find(|(known, _)| is_same(known, party));
        match known {
            Some((_, pieces)) => pieces.push(piece),
            None => named.push((party, vec![piece])),
        }
    }
    let view = |(party, pieces): (&'a Party, Vec<&'a Evidence>)| PartyView {
        name: &party.name,
        relation: words.text_of("relations", &party.relation),
        since: party.since.as_deref().map(|text| date(text, words)).unwrap_or_default(),
        country: party.country.as_deref().map(|code| words.country_of(code).to_owned()).unwrap_or_default(),
        screening: screening(party, &pieces, document, words),
        citations: pieces.iter().map(|piece| piece.id.clone()).collect(),
    };
    named.into_iter().map(view).collect()
}

fn is_same(one: &Party, other: &Party) -> bool {
    one.relation == other.relation && one.is(other)
}

/// Returns the result of screening a party: its best match, or whether it was screened at all. Sources screen a party
/// once, in its closest relation.
fn screening(party: &Party, pieces: &[&Evidence], document: &Document, words: &Words) -> String {
    let about = document
        .evidence
        .iter()
        .filter(|piece| piece.facts().party.as_ref().is_some_and(|other| party.is(other)));
    let matches = pieces.iter().copied().chain(about).filter_map(|piece| piece.facts().list_match.as_ref());
    if let Some(best) = matches.max_by_key(|found| (found.is_match, found.score)) {
        let key = if best.is_match { "screenings.match" } else { "screenings.resemblance" };
        return words.fill(key, &[("entry", &best.entry), ("score", &best.score.to_string())]);
    }
    let unmatched =
        document.evidence.iter().flat_map(|piece| &piece.facts().unmatched).any(|other| party.is(other));
    words.text(if unmatched { "screenings.unmatched" } else { "screenings.unscreened" }).to_owned()
}

/// Returns the dated events that the evidence tells of, the earliest first.
pub(crate) fn events(document: &Document, words: &Words) -> Vec<EventView> {
    let mut events: Vec<(String, EventView)> = Vec::new();
    let mut add = |day: &str, text: String, piece: &Evidence| {
        let view = EventView { date: date(day, words), text, id: piece.id.clone() };
        let is_told = |(_, told): &(String, EventView)| told.date == view.date && told.text == view.text;
        if !events.iter().any(is_told) {
            events.push((day.to_owned(), view));
        }
    };
    // A register that names a party comes before the list that it was screened against.
    let (lists, others): (Vec<&Evidence>, Vec<&Evidence>) =
        document.evidence.iter().partition(|piece| piece.facts().list_match.is_some());
    for piece in others.into_iter().chain(lists) {
        if let Some(time) = piece.published_at {
            let title = piece.title.trim();
            let title = if title.is_empty() { words.text("report.untitled") } else { title };
            let day = time.to_string();
            add(day.get(..10).unwrap_or(&day), with_publisher(title, piece, words), piece);
        }
        for event in &piece.facts().events {
            add(&event.date, words.text_of("events", &event.kind).to_owned(), piece);
        }
        if let Some(party) = &piece.facts().party
            && let Some(since) = &party.since
        {
            let relation = words.text_of("relations", &party.relation);
            let text = words.fill("events.related", &[("name", &party.name), ("relation", relation)]);
            add(since, text, piece);
        }
    }
    events.sort_by(|(one, _), (other, _)| one.cmp(other));
    events.into_iter().map(|(_, view)| view).collect()
}

fn with_publisher(title: &str, piece: &Evidence, words: &Words) -> String {
    match publisher(piece) {
        Some(publisher) => words.fill("report.noted", &[("text", title), ("note", publisher)]),
        None => title.to_owned(),
    }
}
