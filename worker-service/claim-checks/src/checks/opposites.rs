//! Claims that say the opposite of their evidence in another word: it fell, and the evidence says that it rose.

use super::certainty::certainty;
use crate::{case::Case, flaw::{Aspect, Flaw}};

/// Returns a flaw if the quotes say the opposite of a word of the claim, and do not say the word itself.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    for found in &statement.mentions {
        let Some(opposite) = found.value.opposite() else { continue };
        if certainty(statement, found.start..found.end).is_negated || statement.mentions.iter().any(|other| other.value == opposite) {
            continue;
        }
        let quoted = |wanted| {
            case.quoted().any(|(piece, sentence)| {
                piece.text.mentions_in(sentence).any(|other| {
                    other.value == wanted && !certainty(&piece.text, other.start..other.end).is_negated
                })
            })
        };
        let said = case.quoted().any(|(piece, sentence)| piece.text.has(sentence, found.value));
        if quoted(opposite) && !said {
            return vec![Flaw::Certainty(Aspect::Negation, statement.at(found.start..found.end).to_owned())];
        }
    }
    Vec::new()
}
