//! Figures and dates that the evidence gives for another thing than the claim does.
//!
//! The words around a figure say what it measures. If another figure of the same kind stands closer to the same
//! words in the evidence, and the claim's figure does not, the claim has moved it.

use std::ops::Range;

use super::{
    figures::{has_companion, is_comparable, is_one, proves},
    frames::{has_date, has_figure},
};
use crate::{
    case::{Case, Item, Key, PieceText},
    figures::{DateMention, Figure, Unit},
    flaw::Flaw,
    lexicon::Group,
    text::Text,
};

/// Number of figures, dates and places of a claim that are checked, each.
const CHECKED_MAX: usize = 20;
/// Number of figures, dates or places of a piece of evidence from which on no check can tell what each belongs to.
const RIVALS_MAX: usize = 300;
/// Number of words of the claim that say what a figure measures, the nearest ones. Those further away weigh next to
/// nothing, and a long list of figures would take seconds.
const ANCHORS_MAX: usize = 24;
/// How much closer another figure must be to the claim's words than the claim's own.
const MARGIN: f64 = 1.7;
/// Share of its weight that a word keeps in another clause of the same sentence.
const OTHER_CLAUSE: f64 = 0.35;

/// Returns the figures and dates of the claim that belong to another thing in the evidence.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if case.pieces.iter().any(has_too_many) {
        return flaws;
    }
    let figures = case.statement.figures.iter().enumerate();
    for (at, figure) in figures.filter(|(_, figure)| !is_one(figure)).take(CHECKED_MAX) {
        if is_conversion(case, at) || has_companion(case, figure) {
            continue;
        }
        let anchors = anchors(case, figure.start..figure.number_end);
        let mut best = Rivals::default();
        for piece in &case.pieces {
            let rivals =
                piece.text.figures.iter().filter(|rival| !is_one(rival) && is_comparable(figure, rival));
            for rival in rivals {
                let is_own = figure.has_value_of(rival);
                // A figure that the claim gives as well is not the one that this one was mistaken for.
                let is_claimed = case.statement.figures.iter().any(|other| other.has_value_of(rival));
                if is_own {
                    best.is_telling |= is_telling(case, &piece.text, rival.start);
                }
                if is_own || !is_claimed {
                    best.add(score(case, &piece.text, rival.start..rival.number_end, &anchors), is_own);
                }
            }
        }
        best.elsewhere = elsewhere(case, &anchors);
        if best.is_moved() && !has_figure(case, figure) {
            flaws.push(Flaw::OfAnotherThing(case.statement.written(figure.start..figure.end)));
        }
    }
    for date in case.statement.dates.iter().take(CHECKED_MAX) {
        let anchors = anchors(case, date.start..date.end);
        let mut is_published = false;
        let mut best = Rivals::default();
        for piece in &case.pieces {
            for rival in &piece.text.dates {
                let is = |date: &DateMention| {
                    date.readings.iter().any(|date| rival.readings.iter().any(|rival| date.may_be(*rival)))
                };
                let is_own = is(date);
                if is_own {
                    best.is_telling |= is_telling(case, &piece.text, rival.start);
                }
                if is_own || !case.statement.dates.iter().any(is) {
                    best.add(score(case, &piece.text, rival.start..rival.end, &anchors), is_own);
                }
            }
            // A date that the evidence has only as its time of publication is not bound to any words, so that no check
            // can tell what happened then.
            let only_published = !piece.text.dates.iter().any(|rival| {
                date.readings.iter().any(|date| rival.readings.iter().any(|rival| date.may_be(*rival)))
            }) && date.readings.iter().any(|date| proves(piece, *date));
            is_published |= only_published;
        }
        best.elsewhere = elsewhere(case, &anchors);
        if !is_published && best.is_moved() && !has_date(case, date) {
            flaws.push(Flaw::OfAnotherThing(case.statement.written(date.start..date.end)));
        }
    }
    // A place is bound to its whole sentence, so that all words of the claim weigh the same.
    let places = case.statement.mentions.iter().filter(|found| found.value.group() == Group::Place);
    for place in places.take(CHECKED_MAX) {
        let anchors: Vec<(Key, f64)> = anchors(case, place.start..place.end)
            .into_iter()
            .filter(|(key, _)| !is_party(key))
            .map(|(key, _)| (key, 1.0))
            .collect();
        let mut best = Rivals::default();
        for piece in &case.pieces {
            let rivals = piece.text.mentions.iter().filter(|found| found.value.group() == Group::Place);
            for rival in rivals {
                let is_own = rival.value == place.value || rival.value.country() == Some(place.value);
                let is_related = rival.value.country() == place.value.country()
                    || case.statement.mentions.iter().any(|other| other.value == rival.value);
                if is_own || !is_related {
                    best.add(
                        coverage(case, &piece.text, &piece.text.sentence_at(rival.start), &anchors),
                        is_own,
                    );
                }
            }
        }
        if best.has_own && best.other > best.own * PLACE_MARGIN && best.other > ELSEWHERE_MIN {
            flaws.push(Flaw::OfAnotherThing(case.statement.written(place.start..place.end)));
        }
    }
    flaws
}

/// Returns whether a figure of the claim gives the amount before it in another currency: "600 million Egyptian pounds,
/// or some £9 million".
fn is_conversion(case: &Case<'_>, at: usize) -> bool {
    let figures = &case.statement.figures;
    let Some(before) = at.checked_sub(1).and_then(|before| figures.get(before)) else { return false };
    let figure = &figures[at];
    let is_money = |figure: &Figure| matches!(figure.unit, Unit::Money(_));
    is_money(before)
        && is_money(figure)
        && before.values != figure.values
        && before.end <= figure.start
        && case.items(&case.statement, &(before.end..figure.start)).is_empty()
}

fn has_too_many(piece: &PieceText) -> bool {
    let places = piece.text.mentions.iter().filter(|found| found.value.group() == Group::Place);
    piece.text.figures.len() > RIVALS_MAX
        || piece.text.dates.len() > RIVALS_MAX
        || places.count() > RIVALS_MAX
}

/// How much more of the claim's words the sentence of another place must have.
const PLACE_MARGIN: f64 = 1.4;

/// Returns whether the sentence at byte `at` says enough to tell what a figure in it is about: "that is about £9
/// million" does not.
fn is_telling(case: &Case<'_>, text: &Text, at: usize) -> bool {
    case.items(text, &text.sentence_at(at)).len() > 2
}

/// Returns the largest share of the claim's words around a figure that a sentence of the evidence has.
fn elsewhere(case: &Case<'_>, anchors: &[(Key, f64)]) -> f64 {
    let body = case.sentences().filter(|(piece, sentence)| !piece.text.is_title(sentence));
    body.map(|(piece, sentence)| coverage(case, &piece.text, sentence, anchors)).fold(0.0, f64::max)
}

/// Returns the share of the claim's words, by their weights, that a sentence has.
fn coverage(case: &Case<'_>, text: &Text, sentence: &Range<usize>, anchors: &[(Key, f64)]) -> f64 {
    let total: f64 = anchors.iter().map(|(_, weight)| weight).sum();
    let items = case.items(text, sentence);
    let has = |key: &Key| items.iter().any(|item| item.key.is_like(key));
    let covered: f64 = anchors.iter().filter(|(key, _)| has(key)).map(|(_, weight)| weight).sum();
    if total > 0.0 { covered / total } else { 0.0 }
}

/// Score from which another figure can be the one that the claim means.
const SCORE_MIN: f64 = 0.08;
/// Share of the claim's words that a sentence without the figure must have to be the one that the claim means.
const ELSEWHERE_MIN: f64 = 0.3;

#[derive(Default)]
struct Rivals {
    has_own: bool,
    own: f64,
    other: f64,
    elsewhere: f64,
    /// Whether a sentence with the claim's own figure says enough to tell what the figure is about.
    is_telling: bool,
}

impl Rivals {
    fn add(&mut self, score: f64, is_own: bool) {
        self.has_own |= is_own;
        let best = if is_own { &mut self.own } else { &mut self.other };
        *best = best.max(score);
    }

    fn is_moved(&self) -> bool {
        let closer =
            self.has_own && self.is_telling && self.other > self.own * MARGIN && self.other > SCORE_MIN;
        // The sentence with the figure says nothing of what the claim does, and another sentence does.
        let apart = self.has_own && self.own == 0.0 && self.is_telling && self.elsewhere > ELSEWHERE_MIN;
        closer || apart
    }
}

/// Returns the words near a figure of the claim, each with its weight, the nearest first.
fn anchors(case: &Case<'_>, figure: Range<usize>) -> Vec<(Key, f64)> {
    let text = &case.statement;
    let clause = text.clause_at(figure.start);
    let items = case.items(text, &text.sentence_at(figure.start));
    let mut anchors: Vec<(Key, f64)> = items
        .iter()
        .filter(|&item| !is_inside(item, &figure))
        .cloned()
        .map(|item| {
            let weight = nearness(text, &item, &figure)
                * if clause.contains(&item.start) { 1.0 } else { OTHER_CLAUSE };
            let weight = if is_party(&item.key) { weight * 0.3 } else { weight };
            (item.key, weight)
        })
        .collect();
    anchors.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    anchors.truncate(ANCHORS_MAX);
    anchors
}

fn is_party(key: &Key) -> bool {
    matches!(key, Key::Concept(concept) if matches!(concept.group(), Group::Place | Group::Authority))
}

fn is_inside(item: &Item, figure: &Range<usize>) -> bool {
    figure.start <= item.start && item.end <= figure.end
}

/// Returns how strongly the evidence binds a figure at `figure` to the words of the claim.
fn score(case: &Case<'_>, text: &Text, figure: Range<usize>, anchors: &[(Key, f64)]) -> f64 {
    let (sentence, clause) = (text.sentence_at(figure.start), text.clause_at(figure.start));
    let items = case.items(text, &sentence);
    let total: f64 = anchors.iter().map(|(_, weight)| weight).sum();
    if total <= 0.0 {
        return 0.0;
    }
    let bound = anchors.iter().map(|(key, weight)| {
        let nearest =
            items.iter().filter(|item| item.key.is_like(key) && !is_inside(item, &figure)).map(|item| {
                nearness(text, item, &figure) * if clause.contains(&item.start) { 1.0 } else { OTHER_CLAUSE }
            });
        weight * nearest.fold(0.0, f64::max)
    });
    bound.sum::<f64>() / total
}

/// Returns how near an item is to a figure, from 0 to 1: the inverse of their distance in words.
fn nearness(text: &Text, item: &Item, figure: &Range<usize>) -> f64 {
    let between = if item.end <= figure.start {
        item.end..figure.start
    } else {
        figure.end.min(item.start)..item.start
    };
    let chars = text.at(between).chars().count();
    let per_word = if text.language.is_dense() { 3.0 } else { 6.0 };
    #[expect(clippy::cast_precision_loss, reason = "a text has far fewer characters than 2^52")]
    let words = chars as f64 / per_word;
    1.0 / (1.0 + words)
}
