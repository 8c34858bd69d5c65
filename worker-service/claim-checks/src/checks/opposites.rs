//! Claims that say the opposite of their evidence in another word: it fell, and the evidence says that it rose.

use super::tone::certainty;
use crate::{
    case::Case,
    flaw::{Aspect, Flaw},
    lexicon::{Concept, Found},
    text::Text,
};

/// Returns a flaw if the quotes say the opposite of a word of the claim, and do not say the word itself.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    for found in &statement.mentions {
        let Some(opposite) = found.value.opposite() else { continue };
        if certainty(statement, found.start..found.end).is_negated
            || statement.mentions.iter().any(|other| {
                other.value == opposite && (other.end <= found.start || found.end <= other.start)
            })
        {
            continue;
        }
        let quoted = |wanted| {
            case.quoted().any(|(piece, sentence)| {
                piece.text.mentions_in(sentence).any(|other| {
                    other.value == wanted
                        && !certainty(&piece.text, other.start..other.end).is_negated
                        && share_subject(case, found, &piece.text, other)
                })
            })
        };
        let said = case.quoted().any(|(piece, sentence)| piece.text.has(sentence, found.value));
        if quoted(opposite) && !said {
            return vec![Flaw::Certainty(Aspect::Negation, statement.written(found.start..found.end))];
        }
    }
    Vec::new()
}

/// Returns whether the clauses of both words share something else: an item or a figure. What fell and what rose may
/// be two things.
fn share_subject(case: &Case<'_>, claimed: &Found<Concept>, text: &Text, other: &Found<Concept>) -> bool {
    let statement = &case.statement;
    let (clause, proof) = (statement.clause_at(claimed.start), text.clause_at(other.start));
    let items = case.items(text, &proof);
    let is_apart =
        |start: usize, end: usize, found: &Found<Concept>| end <= found.start || found.end <= start;
    let shares_item = case.items(statement, &clause).iter().any(|item| {
        is_apart(item.start, item.end, claimed)
            && items
                .iter()
                .any(|proof| is_apart(proof.start, proof.end, other) && item.key.is_like(&proof.key))
    });
    let shares_figure = text
        .figures_in(&proof)
        .any(|proof| statement.figures_in(&clause).any(|figure| figure.has_value_of(proof)));
    // "Status: active" says it of the company itself.
    let is_alone = items.iter().all(|item| !is_apart(item.start, item.end, other));
    shares_item || shares_figure || is_alone
}
