//! Causes that the evidence does not give.

use std::ops::Range;

use crate::{
    case::{Case, Item},
    flaw::Flaw,
    lexicon::{Concept, Found},
    text::Text,
};

/// Returns a flaw if the claim joins two facts by a cause, and the evidence reports them apart.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    let (Some(strict), Some(cause)) = (Concept::named("strict_cause"), Concept::named("cause")) else {
        return Vec::new();
    };
    let Some(found) =
        statement.mentions.iter().find(|found| found.value == strict && !is_finding(statement, found))
    else {
        return Vec::new();
    };
    if !case.is_covered() {
        return Vec::new();
    }
    let sentence = statement.sentence_at(found.start);
    let before = case.items(statement, &(sentence.start..found.start));
    let after = case.items(statement, &(found.end..sentence.end));
    let mut shared_before = false;
    let mut shared_after = false;
    let mut has_cause = false;
    for piece in &case.pieces {
        let sentences: Vec<Range<usize>> = piece.text.sentences.clone();
        let mut previous: (bool, bool) = (false, false);
        for range in &sentences {
            let items = case.items(&piece.text, range);
            let figures = |claimed: Range<usize>| {
                statement
                    .figures
                    .iter()
                    .filter(|figure| claimed.contains(&figure.start))
                    .any(|figure| piece.text.figures_in(range).any(|proof| figure.has_value_of(proof)))
            };
            let shares = (
                share(&before, &items) || figures(sentence.start..found.start),
                share(&after, &items) || figures(found.end..sentence.end),
            );
            // One sentence with both facts joins them somehow.
            if shares.0 && shares.1 {
                return Vec::new();
            }
            // "The reason was ..." refers to the sentence before it.
            if refers_back(case, &piece.text, range, cause)
                && ((shares.0 && previous.1) || (shares.1 && previous.0))
            {
                return Vec::new();
            }
            shared_before |= shares.0;
            shared_after |= shares.1;
            has_cause |= piece.text.has(range, cause) || piece.text.has(range, strict);
            previous = shares;
        }
    }
    // Across languages, words that the lexicon does not know cannot be found.
    let is_found = case.is_of_one_language() || (shared_before && shared_after);
    let cannot_tell = !is_found && has_cause;
    if cannot_tell { Vec::new() } else { vec![Flaw::Cause(statement.written(found.start..found.end))] }
}

/// Returns whether a cause only says how something was found: "as a result of an investigation".
fn is_finding(text: &Text, cause: &Found<Concept>) -> bool {
    let sentence = text.sentence_at(cause.start);
    let is_search = |found: &&Found<Concept>| matches!(found.value.name(), "investigate" | "raid" | "trial");
    let mut near = text.mentions_in(&sentence).filter(is_search);
    if text.language.marks_follow() {
        near.any(|found| found.end == cause.start)
    } else {
        near.any(|found| found.start >= cause.end && text.tokens_in(&(cause.end..found.start)).count() <= 2)
    }
}

fn share(claimed: &[Item], items: &[Item]) -> bool {
    claimed.iter().any(|item| items.iter().any(|other| other.key.is_like(&item.key)))
}

/// Returns whether a sentence gives the cause of what was said before it: it begins with a cause, or ends with one in
/// a language whose conjunctions follow.
fn refers_back(case: &Case<'_>, text: &Text, sentence: &Range<usize>, cause: Concept) -> bool {
    let causes = text
        .mentions_in(sentence)
        .filter(|found| found.value == cause || found.value.name() == "strict_cause");
    causes.into_iter().any(|found| {
        let begins = case.items(text, &(sentence.start..found.start)).len() <= 1;
        let ends = text.language.marks_follow() && case.items(text, &(found.end..sentence.end)).is_empty();
        begins || ends
    })
}
