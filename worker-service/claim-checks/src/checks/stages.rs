//! Stages and outcomes that the evidence does not report, or that it says were superseded.

use std::ops::Range;

use super::tone::certainty;
use crate::{
    case::{Case, Item, Key, PieceText},
    flaw::Flaw,
    language::Language,
    lexicon::{Concept, Found, Group},
    text::Text,
};

/// Concepts that the evidence must mention if the claim states them, by name. All have words in every language of
/// the lexicon.
const MUST_BE_MENTIONED: [&str; 16] = [
    "raid",
    "arrest",
    "charge",
    "convict",
    "acquit",
    "settle",
    "fine",
    "admit",
    "insolvent",
    "liquidate",
    "dissolve",
    "sue",
    "acquire",
    "layoff",
    "recall",
    "appeal",
];

/// What a text may say instead, by name.
const INSTEAD: [(&str, &[&str]); 20] = [
    ("raid", &["investigate"]),
    ("arrest", &[]),
    ("charge", &["sue", "trial", "convict", "arrest"]),
    ("convict", &["fine", "admit"]),
    ("acquit", &["dismiss", "overturn", "deny", "withdraw"]),
    ("dismiss", &["acquit", "overturn", "withdraw", "settle", "delist"]),
    ("settle", &["payment", "withdraw", "admit"]),
    ("fine", &["sanction", "convict", "order", "payment", "damages"]),
    ("admit", &["convict", "disclose"]),
    ("deny", &["dismiss"]),
    ("overturn", &["dismiss", "withdraw", "delist", "revoke", "acquit"]),
    ("delist", &["overturn", "withdraw", "dissolve"]),
    ("insolvent", &["liquidate", "debt"]),
    ("liquidate", &["insolvent", "dissolve"]),
    ("dissolve", &["liquidate", "delist"]),
    ("sue", &["charge", "trial", "court", "damages", "complaint_case", "settle", "dismiss"]),
    ("acquire", &["sell", "stake"]),
    ("appeal", &["overturn"]),
    ("layoff", &["close"]),
    ("recall", &["withdraw"]),
];

/// Concepts that supersede an earlier event, by name.
const ENDS: [&str; 9] =
    ["acquit", "dismiss", "settle", "overturn", "withdraw", "delist", "reinstate", "remedy", "ended"];

/// Returns the stages of the claim that the evidence does not mention, or that it says were superseded.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    let mut flaws = Vec::new();
    if case.is_covered() {
        flaws.extend(
            not_mentioned(case).map(|found| Flaw::NotMentioned(statement.written(found.start..found.end))),
        );
    }
    flaws.extend(superseded(case));
    flaws
}

/// Returns the first stage or matter that the claim states and the evidence does not mention.
fn not_mentioned<'a>(case: &'a Case<'_>) -> Option<&'a Found<Concept>> {
    let statement = &case.statement;
    let mentions = |concept: Concept| {
        case.pieces
            .iter()
            .any(|piece| piece.text.mentions.iter().any(|other| stands_for(other.value, concept)))
    };
    let reproaches = case.sentences().any(|(piece, sentence)| {
        piece.text.has_group(sentence, Group::Matter) || piece.text.has_group(sentence, Group::Process)
    });
    // The lexicon understands a sentence of another language that mentions a stage.
    let understands = case.is_of_one_language()
        || case.quoted().any(|(piece, sentence)| {
            [Group::Process, Group::Event, Group::End]
                .iter()
                .any(|group| piece.text.has_group(sentence, *group))
        });
    statement.mentions.iter().find(|found| {
        let is_stage = found.value.group() != Group::Matter;
        let stated = certainty(statement, found.start..found.end);
        let must = MUST_BE_MENTIONED.contains(&found.value.name()) || found.value.group() == Group::Matter;
        // A word with several meanings is mentioned if one of them is.
        let mut meanings =
            statement.mentions.iter().filter(|other| other.start < found.end && found.start < other.end);
        // Of other languages, only evidence that reproaches the company with nothing can tell.
        let cannot_tell = found.value.group() == Group::Matter
            && !case.is_of_one_language()
            && (reproaches || !is_known(case));
        must && !cannot_tell
            && (understands || !is_stage)
            && !stated.is_negated
            && !is_of_authority(statement, found)
            && !stated.is_denied
            && !stated.is_plan
            && !statement.is_doubtful(found)
            && !meanings.any(|other| mentions(other.value))
    })
}

/// Returns whether the lexicon knows enough of each quoted sentence to tell that something is not in it.
fn is_known(case: &Case<'_>) -> bool {
    case.quoted().filter(|(piece, sentence)| !case.items(&piece.text, sentence).is_empty()).all(
        |(piece, sentence)| {
            let items = case.items(&piece.text, sentence);
            let (known, unknown): (Vec<&Item>, Vec<&Item>) =
                items.iter().partition(|item| matches!(item.key, Key::Concept(_)));
            // A run of Chinese characters has many pairs of neighbours.
            let unknown = if piece.text.language.is_dense() { unknown.len() / 3 } else { unknown.len() };
            known.len() >= KNOWN_MIN && known.len() >= unknown
        },
    )
}

/// Fewest concepts in a sentence of which the lexicon knows enough.
const KNOWN_MIN: usize = 2;

/// Returns whether a matter names those who fight it, as in "anti-corruption office".
fn is_of_authority(text: &Text, found: &Found<Concept>) -> bool {
    let before = text.at(0..found.start).trim_end_matches([' ', '-']);
    let after = text.at(found.end..text.folded.len());
    ["anti", "counter"].iter().any(|prefix| before.ends_with(prefix))
        || ["対策", "防止", "撲滅"].iter().any(|suffix| after.starts_with(suffix))
}

fn stands_for(other: Concept, claimed: Concept) -> bool {
    claimed.is_kin(other)
        || INSTEAD.iter().any(|(name, instead)| *name == claimed.name() && instead.contains(&other.name()))
}

/// Returns a flaw if the evidence says that what the claim reports was superseded, and the claim does not.
fn superseded(case: &Case<'_>) -> Option<Flaw> {
    let statement = &case.statement;
    let all = 0..statement.folded.len();
    let mentions_end = statement.mentions_in(&all).any(|found| found.value.group() == Group::End);
    let former = statement.mentions_in(&all).any(|found| matches!(found.value.name(), "former" | "resolved"));
    let reports = statement
        .mentions_in(&all)
        .any(|found| matches!(found.value.group(), Group::Process | Group::Event | Group::Matter));
    let negated = statement
        .mentions_in(&all)
        .any(|found| matches!(found.value.name(), "negation" | "no_evidence" | "unrelated"));
    if mentions_end || former || negated || !reports {
        return None;
    }
    case.pieces.iter().find_map(|piece| {
        let end = piece.text.mentions.iter().find(|found| supersedes(case, piece, found))?;
        Some(Flaw::Superseded(piece.text.written(end.start..end.end)))
    })
}

/// Returns whether a mention says that something which the claim reports is no longer so.
fn supersedes(case: &Case<'_>, piece: &PieceText, found: &Found<Concept>) -> bool {
    let text = &piece.text;
    let sentence = text.sentence_at(found.start);
    let is_linked = ends_stage(case, text, &text.clause_at(found.start));
    // "The court suspended the fine": a stage can be suspended, and so can an operation.
    let is_suspended = found.value.name() == "suspend" && suspends_stage(case, text, found);
    if !(ENDS.contains(&found.value.name()) || is_suspended) || text.is_doubtful(found) {
        return false;
    }
    // A word with another meaning that the claim states has that one.
    let is_claimed = text
        .mentions_in(&(found.start..found.end))
        .filter(|other| other.value != found.value)
        .any(|other| case.statement.mentions.iter().any(|claimed| claimed.value == other.value));
    if is_claimed {
        return false;
    }
    let said = certainty(text, found.start..found.end);
    if said.is_negated || said.is_plan || said.is_denied || said.is_future {
        return false;
    }
    // News begin with what happened last.
    let is_later = is_linked && is_first(text, &sentence)
        || piece.quoted.iter().all(|quoted| quoted.start <= sentence.start);
    // What annuls or lifts something is about what the piece reports; a settlement may be about something else.
    // 取り消す is said of decisions that are annulled and of permits that are revoked.
    let is_ambiguous = text
        .mentions_in(&(found.start..found.end))
        .any(|other| matches!(other.value.name(), "revoke" | "terminate"));
    let is_general =
        is_ambiguous || !matches!(found.value.name(), "overturn" | "delist" | "acquit" | "reinstate");
    // What the claim reports of the past has not become untrue by its end.
    let is_end =
        found.value.name() != "ended" || (is_present(&case.statement) && ends_stage(case, text, &sentence));
    is_later && is_end && (!is_general || concerns(case, text, &sentence, found))
}

/// Returns whether a sentence is in the title or the first one of the text.
fn is_first(text: &Text, sentence: &Range<usize>) -> bool {
    let body = text.sentences.iter().find(|sentence| !text.is_title(sentence));
    text.is_title(sentence) || body == Some(sentence)
}

/// Returns whether a mention suspends a stage of proceedings that the claim reports, which stands directly beside it.
fn suspends_stage(case: &Case<'_>, text: &Text, found: &Found<Concept>) -> bool {
    let is_stage = |concept: Concept| {
        matches!(concept.name(), "fine" | "order" | "convict" | "sanction" | "revoke" | "ban")
    };
    text.mentions_in(&text.clause_at(found.start)).any(|other| {
        is_stage(other.value)
            && case.statement.mentions.iter().any(|claimed| claimed.value == other.value)
            && !case.statement.mentions.iter().any(|claimed| claimed.value == found.value)
    })
}

/// Returns whether a claim speaks of the present.
fn is_present(statement: &Text) -> bool {
    match statement.language {
        Language::Ja => ["ている", "ています", "中である", "中だ", "中です"]
            .iter()
            .any(|end| statement.folded.contains(end)),
        _ => statement.tokens.iter().any(|token| {
            ["is", "are", "remains", "remain", "faces", "currently"].contains(&statement.word(token))
        }),
    }
}

/// Returns whether the sentence of an end mentions a stage that the claim reports.
fn ends_stage(case: &Case<'_>, text: &Text, sentence: &Range<usize>) -> bool {
    let is_stage = |concept: Concept| matches!(concept.group(), Group::Process | Group::Event);
    text.mentions_in(sentence).filter(|found| is_stage(found.value)).any(|found| {
        case.statement
            .mentions
            .iter()
            .any(|claimed| is_stage(claimed.value) && claimed.value.is_kin(found.value))
    })
}

/// Returns whether the sentence of an end mentions what the claim reports.
fn concerns(case: &Case<'_>, text: &Text, sentence: &Range<usize>, end: &Found<Concept>) -> bool {
    let statement = &case.statement;
    let items = case.items(statement, &(0..statement.folded.len()));
    let others = case.items(text, sentence);
    others
        .iter()
        .any(|other| other.start != end.start && items.iter().any(|item| item.key.is_like(&other.key)))
}
