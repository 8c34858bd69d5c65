//! Causes that the evidence does not give.

use std::ops::Range;

use crate::{
    case::{Case, Item, PieceText},
    flaw::Flaw,
    lexicon::Concept,
    lexicon::Found,
    text::Text,
};

/// A side of the cause in the claim: what caused, or what it caused.
struct Side {
    /// What it mentions and the evidence too.
    items: Vec<Item>,
    /// Whether it has figures, and where they stand in the claim.
    range: Range<usize>,
}

/// Returns a flaw if the claim joins two facts by a cause, and the evidence reports them apart or gives another cause.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    if !case.is_covered() {
        return Vec::new();
    }
    let causes = statement
        .mentions
        .iter()
        .filter(|found| found.value.name() == "strict_cause" && !is_finding(statement, found));
    causes
        .filter(|found| !is_given(case, found))
        .map(|found| Flaw::Cause(statement.written(found.start..found.end)))
        .take(1)
        .collect()
}

/// Returns whether the evidence may give the cause of the claim.
fn is_given(case: &Case<'_>, found: &Found<Concept>) -> bool {
    let statement = &case.statement;
    let sentence = statement.sentence_at(found.start);
    let (before, after) = (sentence.start..found.start, found.end..sentence.end);
    // "Because there is no evidence": texts say that something is missing right after what follows from it.
    let is_lack = [&before, &after].into_iter().any(|range| {
        statement.mentions_in(range).any(|found| matches!(found.value.name(), "no_evidence" | "lack"))
    });
    let (one, other) = (side(case, &before, &after), side(case, &after, &before));
    // What the last two sentences share with the claim: a reason may be given after another sentence.
    let mut has_one = false;
    let mut has_other = false;
    let mut has_cause = false;
    let mut is_open = false;
    for piece in &case.pieces {
        let (mut previous, mut earlier) = ((false, false), (false, false));
        for range in &piece.text.sentences {
            let shares = (one.is_in(case, piece, range), other.is_in(case, piece, range));
            // One sentence with both facts joins them somehow.
            if shares.0 && shares.1 {
                return true;
            }
            // "The reason was ..." refers to the sentence before it.
            if (is_lack || refers_back(case, &piece.text, range))
                && ((shares.0 && previous.1) || (shares.1 && previous.0))
            {
                return true;
            }
            // The lexicon may not know what "the reason" was.
            is_open |= !case.is_of_one_language()
                && refers_back(case, &piece.text, range)
                && (previous.0 || previous.1)
                && !(shares.0 || shares.1);
            has_one |= shares.0;
            has_other |= shares.1;
            has_cause |= (shares.0 || shares.1) && causes(&piece.text, range).next().is_some();
            previous = (shares.0 || earlier.0, shares.1 || earlier.1);
            earlier = shares;
        }
    }
    // Across languages, words that the lexicon does not know cannot be found.
    let is_found = case.is_of_one_language() || (has_one && has_other);
    is_open || (!is_found && has_cause)
}

/// Returns what a range of the claim mentions and the evidence too, without what the other side mentions as well.
fn side(case: &Case<'_>, range: &Range<usize>, other: &Range<usize>) -> Side {
    let others = case.items(&case.statement, other);
    let items = case.items(&case.statement, range);
    let own = items.iter().filter(|item| !others.iter().any(|other| other.key.is_like(&item.key)));
    Side { items: own.cloned().collect(), range: range.clone() }
}

impl Side {
    fn is_in(&self, case: &Case<'_>, piece: &PieceText, sentence: &Range<usize>) -> bool {
        let items = case.items(&piece.text, sentence);
        let figures = case.statement.figures.iter().filter(|figure| self.range.contains(&figure.start));
        self.items.iter().any(|item| items.iter().any(|other| other.key.is_like(&item.key)))
            || figures
                .into_iter()
                .any(|figure| piece.text.figures_in(sentence).any(|proof| figure.has_value_of(proof)))
    }
}

/// Returns the mentions of a cause in a range.
fn causes<'a>(text: &'a Text, range: &Range<usize>) -> impl Iterator<Item = &'a Found<Concept>> + use<'a> {
    text.mentions_in(range).filter(|found| matches!(found.value.name(), "cause" | "strict_cause"))
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

/// Returns whether a sentence gives the cause of what was said before it: it begins with a cause, or ends with one in
/// a language whose conjunctions follow.
fn refers_back(case: &Case<'_>, text: &Text, sentence: &Range<usize>) -> bool {
    let reasons =
        text.mentions_in(sentence).filter(|found| matches!(found.value.name(), "reason" | "strict_cause"));
    reasons.into_iter().any(|found| {
        let begins = case.items(text, &(sentence.start..found.start)).len() <= 1;
        let ends = text.language.marks_follow() && case.items(text, &(found.end..sentence.end)).is_empty();
        begins || ends
    })
}
