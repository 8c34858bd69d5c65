//! Dates, figures and places that the evidence gives for another event than the claim does.
//!
//! A claim says of an event when, where and how much. Every mention of the event in the evidence that says so too must
//! not say it differently.

use std::ops::Range;

use super::figures::{has_companion, is_comparable, is_one, proves};
use crate::{
    case::{Case, Item, Key, Mention, PieceText},
    figures::{DateMention, Figure},
    flaw::Flaw,
    lexicon::{Concept, Found, Group},
    text::Text,
};

/// Number of dates, figures and places of a claim that are checked, each.
const CHECKED_MAX: usize = 12;
/// Number of words of the claim beside a date, figure or place that are compared, the nearest ones.
const BESIDE_MAX: usize = 24;

/// Number of words between a figure and a thing that it belongs to.
const NEAR: usize = 3;

/// What a mention in the evidence says of the claim's date, figure or place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// The same.
    Same,
    /// Another one.
    Other,
    /// Nothing.
    Nothing,
}

/// Returns the dates, figures and places of the claim that its evidence gives for another event.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    let mut flaws = Vec::new();
    for date in statement.dates.iter().take(CHECKED_MAX) {
        if is_published(case, date) {
            continue;
        }
        if is_moved(case, &(date.start..date.end), |mention, range| date_in(mention, range, case, date)) {
            flaws.push(Flaw::OfAnotherThing(statement.written(date.start..date.end)));
        }
    }
    for figure in statement.figures.iter().filter(|figure| !is_one(figure)).take(CHECKED_MAX) {
        if is_told_alone(case, figure) || has_companion(case, figure) {
            continue;
        }
        if is_moved(case, &(figure.start..figure.end), |mention, range| {
            figure_in(mention, range, case, figure)
        }) {
            flaws.push(Flaw::OfAnotherThing(statement.written(figure.start..figure.end)));
        }
    }
    // Evidence may leave out the country of the company.
    let own = Concept::country_with_code(case.claim.company.country);
    let is_place = |found: &&Found<Concept>| found.value.group() == Group::Place && Some(found.value) != own;
    let places = statement.mentions.iter().filter(is_place);
    for place in places.take(CHECKED_MAX) {
        if is_moved(case, &(place.start..place.end), |mention, range| place_in(mention, range, case, place)) {
            flaws.push(Flaw::OfAnotherThing(statement.written(place.start..place.end)));
        }
    }
    flaws
}

/// Returns whether the evidence gives something at `place` of the claim for another event than the nearest one.
fn is_moved(case: &Case<'_>, place: &Range<usize>, says: impl Fn(&Mention, &Range<usize>) -> Says) -> bool {
    let statement = &case.statement;
    let clause = statement.clause_at(place.start);
    [clause, statement.sentence_at(place.start)].iter().find_map(|range| moved_in(case, place, range, &says))
        == Some(true)
}

/// Returns whether every sentence with a figure says too little to tell what it is about: "its share is £4 million".
fn is_told_alone(case: &Case<'_>, figure: &Figure) -> bool {
    case.sentences()
        .filter(|(piece, sentence)| piece.text.figures_in(sentence).any(|other| figure.has_value_of(other)))
        .all(|(piece, sentence)| case.items(&piece.text, sentence).len() <= TELLING_MIN)
}

/// Number of words with content up to which a sentence does not tell what its figure is about.
const TELLING_MIN: usize = 2;

/// Returns whether the evidence gives a date of the claim for what the claim mentions beside it.
pub(super) fn has_date(case: &Case<'_>, date: &DateMention) -> bool {
    let range = case.statement.sentence_at(date.start);
    moved_in(case, &(date.start..date.end), &range, &|mention: &Mention, range: &Range<usize>| {
        date_in(mention, range, case, date)
    }) == Some(false)
}

/// Returns whether the evidence gives a figure of the claim for what the claim mentions beside it.
pub(super) fn has_figure(case: &Case<'_>, figure: &Figure) -> bool {
    let range = case.statement.sentence_at(figure.start);
    moved_in(case, &(figure.start..figure.end), &range, &|mention: &Mention, range: &Range<usize>| {
        figure_in(mention, range, case, figure)
    }) == Some(false)
}

/// Returns whether what a range of the claim mentions beside `place` belongs to something else in the evidence: `None`
/// if the evidence does not tell.
fn moved_in(
    case: &Case<'_>,
    place: &Range<usize>,
    range: &Range<usize>,
    says: &impl Fn(&Mention, &Range<usize>) -> Says,
) -> Option<bool> {
    let items = case.items(&case.statement, range);
    let is_beside = |item: &&Item| item.end <= place.start || place.end <= item.start;
    // Names and what the lexicon knows say what a figure belongs to; other words may stand in any sentence.
    let is_known = |item: &&Item| match &item.key {
        // What somebody says is said of anything.
        Key::Concept(concept) => concept.name() != "disclose",
        Key::Word(_) => is_name(&case.statement, item),
    };
    let mut beside: Vec<&Item> = items.iter().filter(is_beside).filter(is_known).collect();
    beside.sort_by_key(|item| item.start.abs_diff(place.start));
    let beside = beside.into_iter().take(BESIDE_MAX);
    let told: Vec<(&Item, Says)> = beside
        .filter_map(|item| {
            let said: Vec<Says> = case
                .mentions(&item.key)
                .iter()
                .map(|mention| said_at(mention, says))
                .filter(|said| *said != Says::Nothing)
                .collect();
            let first = *said.first()?;
            // What the evidence mentions with this one and with another one does not tell.
            said.iter().all(|said| *said == first).then_some((item, first))
        })
        .collect();
    let is_event = |item: &Item| is_event(&items, item);
    let has_event = told.iter().any(|(item, _)| is_event(item));
    let decisive: Vec<&(&Item, Says)> =
        told.iter().filter(|(item, _)| !has_event || is_event(item)).collect();
    let others = decisive.iter().filter(|(_, said)| *said == Says::Other);
    let is_near = |item: &Item| {
        let between = item.end.min(place.end)..item.start.max(place.start);
        case.statement.tokens_in(&between).count() <= NEAR
    };
    let is_clear =
        others.clone().count() > 1 || others.clone().any(|(item, _)| is_event(item) || is_near(item));
    decisive.first()?;
    Some(is_clear && others.count() == decisive.len())
}

/// Returns what a mention says: its clause decides, and otherwise its sentence.
fn said_at(mention: &Mention, says: impl Fn(&Mention, &Range<usize>) -> Says) -> Says {
    match says(mention, &mention.clause) {
        Says::Nothing => says(mention, &mention.sentence),
        said => said,
    }
}

fn is_name(text: &Text, item: &Item) -> bool {
    text.tokens
        .binary_search_by_key(&item.start, |token| token.start)
        .is_ok_and(|at| text.tokens[at].is_capital)
}

/// Returns whether an item is an event of which a text says when, where or how much. A word that is also a thing, such
/// as a permit, is none.
fn is_event(items: &[Item], item: &Item) -> bool {
    let group = |item: &Item| match &item.key {
        Key::Concept(concept) => Some(concept.group()),
        Key::Word(_) => None,
    };
    let is_thing = || {
        items.iter().any(|other| {
            other.start < item.end && item.start < other.end && group(other) == Some(Group::Thing)
        })
    };
    matches!(group(item), Some(Group::Process | Group::Event | Group::End | Group::Action | Group::Opposite))
        && !is_thing()
}

fn date_in(mention: &Mention, range: &Range<usize>, case: &Case<'_>, date: &DateMention) -> Says {
    let may_be = |one: &DateMention, other: &DateMention| {
        one.readings.iter().any(|one| other.readings.iter().any(|other| one.may_be(*other)))
    };
    let mut said = Says::Nothing;
    for other in mention.piece(case).text.dates_in(range) {
        if may_be(date, other) && is_of_year(mention.piece(case), date, other) {
            return Says::Same;
        }
        // A date that the claim gives as well is another event's.
        if !case.statement.dates.iter().any(|claimed| may_be(claimed, other)) {
            said = Says::Other;
        }
    }
    said
}

/// Returns whether a date without its year, such as "in March", can be in the year that the claim names: texts leave out
/// the year of their publication.
fn is_of_year(piece: &PieceText, date: &DateMention, other: &DateMention) -> bool {
    let claimed = || date.readings.iter().filter_map(|date| date.year);
    let is_open = other.readings.iter().all(|other| other.year.is_none()) && claimed().next().is_some();
    let written = piece.text.dates.iter().flat_map(|date| &date.readings).filter_map(|date| date.year);
    let mut years = written.chain(piece.times.iter().filter_map(|time| time.year)).peekable();
    !is_open
        || years.peek().is_none()
        || years.any(|year| claimed().any(|claimed| claimed.abs_diff(year) <= 1))
}

fn figure_in(mention: &Mention, range: &Range<usize>, case: &Case<'_>, figure: &Figure) -> Says {
    let mut said = Says::Nothing;
    for other in mention.piece(case).text.figures_in(range).filter(|other| !is_one(other)) {
        if figure.has_value_of(other) {
            return Says::Same;
        }
        let is_claimed = || case.statement.figures.iter().any(|claimed| claimed.has_value_of(other));
        // Another currency is another fact.
        let is_same_unit = figure.unit.agrees(&other.unit) != Some(false);
        if is_same_unit && is_comparable(figure, other) && !is_claimed() {
            said = Says::Other;
        }
    }
    said
}

fn place_in(mention: &Mention, range: &Range<usize>, case: &Case<'_>, place: &Found<Concept>) -> Says {
    let mut said = Says::Nothing;
    let places =
        mention.piece(case).text.mentions_in(range).filter(|found| found.value.group() == Group::Place);
    for other in places {
        let is_own = other.value == place.value
            || other.value.country() == Some(place.value)
            || place.value.country() == Some(other.value);
        if is_own {
            return Says::Same;
        }
        if !case.statement.mentions.iter().any(|claimed| claimed.value == other.value) {
            said = Says::Other;
        }
    }
    said
}

/// Returns whether a date is in the evidence only as the time of its publication.
fn is_published(case: &Case<'_>, date: &DateMention) -> bool {
    case.pieces.iter().any(|piece| {
        !piece.text.dates.iter().any(|other| {
            date.readings.iter().any(|date| other.readings.iter().any(|other| date.may_be(*other)))
        }) && date.readings.iter().any(|date| proves(piece, *date))
    })
}
