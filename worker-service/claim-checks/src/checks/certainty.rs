//! Statements that are more certain than their evidence, or that say the opposite of it.

use std::ops::Range;

use super::{
    roles::is_verb,
    tone::{Certainty, Tone, certainty, has_negative_prefix, tone, tone_around},
};
use crate::{
    case::{Case, Item, Key},
    flaw::{Aspect, Flaw},
    language::Language,
    lexicon::Group,
    text::Text,
};

/// Returns the flaws of a claim whose certainty differs from that of its evidence.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    let all = 0..statement.folded.len();
    let claimed = Claimed { tone: tone(statement, &all), is_past: true };
    let proof_tones: Vec<Tone> = case.quoted().map(|(piece, sentence)| tone(&piece.text, sentence)).collect();
    let mut flaws = Vec::new();
    let mut compared = 0;
    for clause in &statement.clauses {
        let pairs = pairs(case, clause, claimed.tone);
        compared += pairs.len();
        let claimed = Claimed { is_past: is_past(statement, clause), ..claimed };
        let claim = statement.written(clause.clone());
        for (aspect, differs) in ASPECTS {
            let differing: Vec<&Pair> = pairs
                .iter()
                .filter(|pair| {
                    pair.proofs.iter().all(|(proof, tone)| {
                        // What somebody has to do was not done, but what it is about is so.
                        let proof = Certainty { is_due: proof.is_due && pair.is_predicate, ..*proof };
                        differs(claimed, pair.stated, proof, *tone)
                    })
                })
                .collect();
            // The claim itself says that it is a plan.
            let is_said = aspect == Aspect::Plan
                && pairs.iter().any(|pair| pair.stated.is_future || pair.stated.is_plan);
            // The predicate decides alone.
            let is_decided = match aspect {
                Aspect::Negation => pairs.iter().any(|pair| pair.is_reversed),
                Aspect::Plan => differing.iter().any(|pair| pair.is_predicate),
                Aspect::Allegation => false,
            };
            let count = differing.len();
            let enough = if aspect == Aspect::Negation {
                count > 0 && count * 3 >= pairs.len()
            } else {
                count * 2 > pairs.len()
            };
            // The lexicon may lack the negations of a language that it does not cover, but what it finds is there.
            let is_known = case.is_covered() || aspect != Aspect::Negation || !claimed.tone.is_negated;
            if (enough || is_decided) && is_known && !is_said {
                flaws.push(Flaw::Certainty(aspect, claim.clone()));
            }
        }
    }
    if claimed.tone.is_negated
        && case.is_covered()
        && !proof_tones.is_empty()
        && proof_tones.iter().all(|proof| !proof.is_negative && !proof.is_softened && !proof.is_open)
    {
        flaws.push(Flaw::Certainty(Aspect::Negation, statement.written(0..statement.folded.len())));
    }
    if compared == 0 && !proof_tones.is_empty() {
        flaws.extend(without_pairs(case, claimed, &proof_tones));
    }
    flaws
}

/// The whole claim, as far as it decides how its parts are compared.
#[derive(Clone, Copy)]
struct Claimed {
    tone: Tone,
    is_past: bool,
}

/// Number of proofs with which one item of a claim is compared.
const PROOFS_MAX: usize = 100;

/// Something that claim and quotes share.
struct Pair {
    stated: Certainty,
    proofs: Vec<(Certainty, Tone)>,
    /// Whether the predicate of the claim negates what the clauses of the quotes say, or the reverse.
    is_reversed: bool,
    /// Whether it is the predicate of the claim.
    is_predicate: bool,
}

/// Returns whether a predicate is negated on one side only.
fn is_reverse(stated: Certainty, claim: Tone, proof: Certainty, clause: Tone) -> bool {
    let is_denied = stated.is_negated
        && !proof.is_negated
        && !(clause.is_negative || clause.is_softened || clause.is_open);
    let is_affirmed = proof.is_negated && !stated.is_negated && !claim.is_undone && !claim.is_softened;
    is_denied || is_affirmed
}

/// Returns whether an item is the predicate of its sentence: the last item where the verb comes last, and otherwise
/// the first event that a verb states.
fn is_predicate(case: &Case<'_>, item: &Item) -> bool {
    let statement = &case.statement;
    let items = case.items(statement, &statement.sentence_at(item.start));
    if statement.language.marks_follow() {
        return items.iter().all(|other| other.end <= item.end);
    }
    let is_event = |item: &&Item| match &item.key {
        Key::Concept(concept) => {
            matches!(
                concept.group(),
                Group::Process | Group::Event | Group::End | Group::Action | Group::Opposite
            ) && (is_verb(statement, item) || is_negated_verb(statement, item))
        }
        Key::Word(_) => false,
    };
    items.iter().find(is_event).is_some_and(|event| event.start == item.start)
}

/// Returns whether "not" or "never" stands directly before an item, as in "did not suspend".
fn is_negated_verb(text: &Text, item: &Item) -> bool {
    let before = text.tokens_in(&(item.start.saturating_sub(8)..item.start)).last();
    before.is_some_and(|token| matches!(text.word(token), "not" | "never"))
}

/// Returns whether a Japanese claim only names an item as what something else is about: 欠陥をめぐる訴訟.
fn is_topic(text: &Text, item: &Item) -> bool {
    let rest = text.at(item.end..text.folded.len());
    ["をめぐ", "を巡", "に関する", "についての"].iter().any(|about| rest.starts_with(about))
}

fn pairs(case: &Case<'_>, clause: &Range<usize>, claim: Tone) -> Vec<Pair> {
    let statement = &case.statement;
    let items = case.items(statement, clause);
    let items = items.iter().filter(|item| {
        // A word with a negating prefix is another word: 未払い.
        is_compared(&item.key) && !has_negative_prefix(statement, item.start) && !is_topic(statement, item)
    });
    items
        .filter_map(|item: &Item| {
            let mut proofs = Vec::new();
            let mut clauses = Vec::new();
            for (piece, sentence) in case.quoted() {
                // One proof that says the same is enough, so that there is no need for all of a long text.
                if proofs.len() >= PROOFS_MAX {
                    break;
                }
                let others = case.items(&piece.text, sentence);
                let like = others.iter().filter(|other| other.key.is_like(&item.key));
                proofs.extend(like.take(PROOFS_MAX).map(|other| {
                    let place = other.start..other.end;
                    let tone = tone_around(&piece.text, sentence, &place);
                    clauses.push(tone_around(&piece.text, &piece.text.clause_at(place.start), &place));
                    (certainty(&piece.text, place), tone)
                }));
            }
            let stated = certainty(statement, item.start..item.end);
            let is_predicate = is_predicate(case, item);
            let is_reversed = !proofs.is_empty()
                && is_predicate
                && proofs
                    .iter()
                    .zip(&clauses)
                    .all(|((proof, _), clause)| is_reverse(stated, claim, *proof, *clause));
            (!proofs.is_empty()).then_some(Pair { stated, proofs, is_reversed, is_predicate })
        })
        .collect()
}

/// Tells whether a statement differs from its proof in one aspect.
type Differs = fn(Claimed, Certainty, Certainty, Tone) -> bool;

const ASPECTS: [(Aspect, Differs); 3] = [
    (Aspect::Negation, |claimed, stated, proof, tone| {
        (stated.is_negated && !tone.is_negative && !tone.is_softened && !tone.is_open)
            || (proof.is_negated && !claimed.tone.is_negative)
    }),
    (Aspect::Allegation, |claimed, _, proof, _| {
        (proof.is_alleged || proof.is_denied)
            && !claimed.tone.is_doubtful
            && !claimed.tone.is_negative_mark
            && !claimed.tone.is_open
    }),
    (Aspect::Plan, |claimed, stated, proof, _| {
        if stated.is_future || stated.is_plan {
            return false;
        }
        // What is only considered has not been asked for either, and no proceedings have begun.
        let (is_open, is_doubtful) = if proof.is_unsure {
            (claimed.tone.is_planned, claimed.tone.is_alleged)
        } else {
            (claimed.tone.is_open, claimed.tone.is_doubtful)
        };
        // Who must pay has not paid; what a fine or an order is about is not done either.
        let is_due = proof.is_due && claimed.is_past && !claimed.tone.is_due;
        (proof.is_plan || proof.is_unsure || (proof.is_future && claimed.is_past) || is_due)
            && !is_open
            && !is_doubtful
            && !claimed.tone.is_undone
    }),
];

/// Compares claim and quotes as a whole, where they share no words because they are in different languages.
fn without_pairs(case: &Case<'_>, claimed: Claimed, proofs: &[Tone]) -> Vec<Flaw> {
    let statement = &case.statement;
    let whole = || statement.written(0..statement.folded.len());
    let mut flaws = Vec::new();
    if !claimed.tone.is_negative && proofs.iter().all(|proof| proof.is_negated) {
        flaws.push(Flaw::Certainty(Aspect::Negation, whole()));
    }
    if !case.is_of_one_language()
        && is_past(statement, &(0..statement.folded.len()))
        && !claimed.tone.is_doubtful
        && !claimed.tone.is_open
        && !claimed.tone.is_negative
        && proofs.iter().all(|proof| proof.is_open && !proof.is_negative)
    {
        flaws.push(Flaw::Certainty(Aspect::Plan, whole()));
    }
    let is_plain = !claimed.tone.is_doubtful && !claimed.tone.is_open && !claimed.tone.is_negative;
    if is_plain && proofs.iter().all(|proof| proof.is_doubtful) {
        flaws.push(Flaw::Certainty(Aspect::Allegation, whole()));
    }
    flaws
}

/// Returns whether a clause of a claim speaks of the past: Japanese has no future tense.
fn is_past(statement: &Text, clause: &Range<usize>) -> bool {
    match statement.language {
        Language::Ja => statement.sentences.iter().any(|sentence| {
            let end = statement.at(sentence.clone()).trim_end_matches(['。', ' ', '」', ')']);
            ["た", "ました", "だった"].iter().any(|past| end.ends_with(past))
        }),
        _ => {
            let is_past = |word: &str| (word.len() > 3 && word.ends_with("ed")) || PAST.contains(&word);
            let words: Vec<&str> = statement.tokens_in(clause).map(|token| statement.word(token)).collect();
            // "Are preserved" is the present.
            let is_present = |at: usize| {
                words[at.saturating_sub(2)..at].iter().any(|word| matches!(*word, "is" | "are" | "be"))
            };
            (0..words.len()).any(|at| is_past(words[at]) && !is_present(at))
        }
    }
}

/// Forms of English verbs that speak of the past and do not end with "ed".
const PAST: [&str; 92] = [
    "was",
    "were",
    "had",
    "did",
    "been",
    "became",
    "become",
    "began",
    "begun",
    "bought",
    "broke",
    "broken",
    "brought",
    "built",
    "came",
    "chose",
    "chosen",
    "cut",
    "dealt",
    "done",
    "drawn",
    "drew",
    "driven",
    "drove",
    "fallen",
    "fell",
    "felt",
    "fought",
    "found",
    "froze",
    "frozen",
    "gave",
    "given",
    "gone",
    "got",
    "grew",
    "grown",
    "held",
    "hid",
    "hidden",
    "hit",
    "kept",
    "knew",
    "laid",
    "led",
    "left",
    "lent",
    "lost",
    "made",
    "met",
    "overtaken",
    "overthrown",
    "overtook",
    "paid",
    "put",
    "quit",
    "ran",
    "repaid",
    "risen",
    "rose",
    "said",
    "saw",
    "seen",
    "sent",
    "set",
    "shed",
    "shown",
    "shut",
    "sold",
    "sought",
    "spent",
    "split",
    "spread",
    "stole",
    "stolen",
    "stood",
    "stopped",
    "struck",
    "taken",
    "taught",
    "thought",
    "threw",
    "thrown",
    "told",
    "took",
    "torn",
    "went",
    "withdrawn",
    "withdrew",
    "won",
    "written",
    "wrote",
];

fn is_compared(key: &Key) -> bool {
    match key {
        Key::Word(_) => true,
        Key::Concept(concept) => {
            matches!(
                concept.group(),
                Group::Event | Group::Matter | Group::Thing | Group::End | Group::Opposite
            ) || matches!(
                concept.name(),
                "fine" | "convict" | "arrest" | "admit" | "appeal" | "charge" | "raid"
            )
        }
    }
}
