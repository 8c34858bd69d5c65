//! Figures that another one replaces as the object of the same verb: "fined £700,000", where the evidence has "fined
//! £3 million and ordered to pay £700,000".

use super::figures::{is_comparable, is_one};
use crate::{
    case::{Case, Item, Key},
    figures::Figure,
    flaw::Flaw,
    lexicon::Group,
    text::Text,
};

/// Number of figures of a claim that are checked.
const CHECKED_MAX: usize = 20;
/// Bytes before a figure in which the word that it belongs to stands.
const NEAR: usize = 24;

/// Returns the first figure of the claim that directly follows a word which another figure follows in the evidence.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    let figures = statement.figures.iter().filter(|figure| !is_one(figure)).take(CHECKED_MAX);
    for figure in figures {
        if verbs_before(case, statement, figure).iter().any(|verb| is_replaced(case, figure, &verb.key)) {
            return vec![Flaw::OfAnotherThing(statement.written(figure.start..figure.end))];
        }
    }
    Vec::new()
}

/// Returns whether the evidence has another figure directly after the word, and nowhere the figure itself in a
/// sentence where the word may belong to it.
fn is_replaced(case: &Case<'_>, figure: &Figure, verb: &Key) -> bool {
    let mut is_other = false;
    for (piece, sentence) in case.sentences() {
        let text = &piece.text;
        let items = case.items(text, sentence);
        let is_verb = |item: &Item| match verb {
            Key::Concept(_) => item.key == *verb,
            Key::Word(_) => item.key.is_like(verb),
        };
        let uses = items.iter().filter(|item| is_verb(item)).count();
        let has_own = text.figures_in(sentence).any(|proof| figure.has_value_of(proof));
        let followed = text
            .figures_in(sentence)
            .filter(|proof| !is_one(proof) && is_comparable(figure, proof) && !is_claimed(case, proof))
            .filter(|proof| verbs_before(case, text, proof).iter().any(is_verb))
            .count();
        if has_own && uses > followed {
            return false;
        }
        is_other |= followed > 0;
    }
    is_other
}

/// Returns whether the claim gives a figure of the evidence as well.
fn is_claimed(case: &Case<'_>, proof: &Figure) -> bool {
    case.statement.figures.iter().any(|figure| figure.has_value_of(proof))
}

/// Returns the meanings of the event or other verb directly before a figure, in a language whose objects follow their
/// verbs.
fn verbs_before(case: &Case<'_>, text: &Text, figure: &Figure) -> Vec<Item> {
    if text.language.is_dense() {
        return Vec::new();
    }
    let sentence = text.sentence_at(figure.start);
    let near =
        text.folded.floor_char_boundary(figure.start.saturating_sub(NEAR)).max(sentence.start)..figure.start;
    let items = case.items(text, &(near.start..figure.start));
    let Some(end) = items.iter().map(|item| item.end).max() else { return Vec::new() };
    // "a score of 54 out of 100": the score is 54.
    let is_cut = text
        .at(end..figure.start)
        .contains(|c: char| matches!(c, ',' | ';' | '(' | '.') || c.is_ascii_digit());
    let is_taken = text.figures_in(&(end..figure.start)).next().is_some();
    if is_cut || is_taken {
        return Vec::new();
    }
    let is_verb = |item: &&Item| match &item.key {
        // Fines, damages and prices are all paid.
        Key::Concept(concept) => {
            concept.name() != "payment"
                && matches!(
                    concept.group(),
                    Group::Process | Group::Event | Group::End | Group::Opposite | Group::Thing
                )
        }
        Key::Word(_) => true,
    };
    items.iter().filter(|item| item.end == end).filter(is_verb).cloned().collect()
}
