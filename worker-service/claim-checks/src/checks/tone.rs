//! How certain a text is of what it says at one place, and what marks a sentence has.

use std::ops::Range;

use crate::{
    language::Language,
    lexicon::{Concept, Found, Group},
    text::{
        Text,
        tense::is_japanese_present,
        token::{Kind, Token},
    },
};

/// How certain a text is of what it says at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Certainty {
    /// It says that it is not so.
    pub(crate) is_negated: bool,
    /// Somebody denies it.
    pub(crate) is_denied: bool,
    /// It is suspected, somebody claims it, or it is the subject of proceedings without an outcome.
    pub(crate) is_alleged: bool,
    /// It is intended or only possible.
    pub(crate) is_plan: bool,
    /// It is only possible or being considered.
    pub(crate) is_unsure: bool,
    /// It will be so.
    pub(crate) is_future: bool,
    /// Somebody has to do it.
    pub(crate) is_due: bool,
}

/// What a sentence contains anywhere, whatever it refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tone {
    /// Something that says that something is not so, or is no longer so.
    pub(super) is_negative: bool,
    /// A word that may say so, such as "only" or "instead".
    pub(super) is_softened: bool,
    /// A negation itself, and not only a word such as "refused".
    pub(super) is_negated: bool,
    /// Something that says that something was not done, such as "declined".
    pub(super) is_undone: bool,
    /// A suspicion, proceedings, or somebody's claim.
    pub(super) is_doubtful: bool,
    /// A suspicion or somebody's claim, and not only proceedings.
    pub(super) is_alleged: bool,
    /// An intention, a possibility, or something in the future.
    pub(super) is_open: bool,
    /// An obligation.
    pub(super) is_due: bool,
    /// Something that says that something is not so, other than by the beginning of a word, such as "unaffected".
    pub(super) is_negative_mark: bool,
    /// The same without what is only asked for.
    pub(super) is_planned: bool,
}

/// Outcomes after which what they refer to is no longer only alleged, by name.
const OUTCOMES: [&str; 4] = ["convict", "admit", "fine", "order"];
/// Proceedings whose subject is only alleged, by name.
const PENDING: [&str; 5] = ["investigate", "charge", "trial", "raid", "sue"];
/// Concepts that say that something is not so, by name.
const NEGATIVE: [&str; 15] = [
    "negation",
    "lack",
    "no_evidence",
    "deny",
    "acquit",
    "dismiss",
    "refuse",
    "overturn",
    "delist",
    "withdraw",
    "lose",
    "unrelated",
    "ended",
    "stop",
    "revoke",
];
/// Number of words with content between a negation and the last word that it concerns.
const REACH: usize = 2;

/// The same where the negation follows, directly after its verb.
const REACH_BACK: usize = 0;
/// The same for a determiner.
const REACH_OF_DETERMINER: usize = 4;
/// Negations that stand before a noun.
const DETERMINERS: [&str; 16] = [
    "no", "neither", "none", "nobody", "kein", "keine", "keiner", "keinen", "aucun", "aucune", "ningún",
    "ninguna", "nenhum", "nenhuma", "nessun", "geen",
];

/// Prepositions that negate the next word, also as parts of longer terms such as "closed without".
const WITHOUT: [&str; 8] = ["without", "ohne", "sans", "sin", "sem", "senza", "zonder", "без"];

/// Returns how certain `text` is of what it says at `place`.
pub(crate) fn certainty(text: &Text, place: Range<usize>) -> Certainty {
    let (sentence, clause) = (text.sentence_at(place.start), text.clause_at(place.start));
    let follows = text.language.marks_follow();
    // In German and Dutch the negation may stand on either side of the verb.
    let both = matches!(text.language, Language::De | Language::Nl);
    let mut result = Certainty { is_negated: has_negative_prefix(text, place.start), ..Certainty::default() };
    let is_without = |token: &Token| WITHOUT.contains(&text.word(token));
    result.is_negated |= text.tokens_in(&(clause.start..place.start)).last().is_some_and(is_without);
    let mut has_outcome = false;
    for mark in text.mentions_in(&sentence) {
        if mark.start < place.end && place.start < mark.end {
            has_outcome |= OUTCOMES.contains(&mark.value.name());
            // The form of the verb itself may say that it will be so.
            result.is_future |= mark.value.name() == "future";
            continue;
        }
        let reaches = (mark.end <= place.start) != follows;
        let in_clause = clause.contains(&mark.start) || governs(text, mark, &clause);
        match mark.value.name() {
            "negation" => {
                // "no director of the company is listed": a determiner negates the whole clause.
                let is_determiner = DETERMINERS.contains(&text.at(mark.start..mark.end));
                let reach = if is_determiner {
                    REACH_OF_DETERMINER
                } else if follows {
                    REACH_BACK
                } else {
                    REACH
                };
                let near = content_between(text, mark.start..mark.end, &place) <= reach;
                result.is_negated |= in_clause && near && (reaches || both);
            }
            "no_evidence" => result.is_negated |= reaches && (!follows || in_clause),
            "unsure" => result.is_unsure |= in_clause && (reaches || both),
            "plan" => {
                // "The fine could reach 3 million": the verb follows what it concerns.
                let near = content_between(text, mark.start..mark.end, &place) == 0;
                result.is_plan |= in_clause && (reaches || both || near);
            }
            "future" => {
                result.is_future |= in_clause && (reaches || both) && !is_german_passive(text, mark, &clause);
            }
            // An order concerns what is done after it.
            "obligation" => result.is_due |= in_clause && (reaches || both),
            "condition" => result.is_unsure |= in_clause && mark.end <= place.start,
            "allegation" => result.is_alleged = true,
            "deny" => result.is_denied |= reaches,
            name if PENDING.contains(&name) => result.is_alleged = true,
            name if OUTCOMES.contains(&name) => has_outcome = true,
            _ => {}
        }
    }
    result.is_alleged &= !has_outcome;
    result.is_future |=
        text.language == Language::Ja && is_japanese_present(text.at(place.end..sentence.end));
    // What was demanded and then ordered is no plan.
    result.is_plan &= !text.mentions_in(&sentence).any(|mark| mark.value.name() == "order");
    result
}

/// Returns whether a mark governs the German infinitive of the next clause: "erwägt, 300 Stellen zu streichen".
fn governs(text: &Text, mark: &Found<Concept>, clause: &Range<usize>) -> bool {
    text.language == Language::De
        && matches!(mark.value.name(), "plan" | "unsure")
        && text.clause_at(mark.start).end == clause.start
        && text.tokens_in(clause).any(|token| text.word(token) == "zu")
}

/// Returns whether a German "wird" forms the passive of the present and not the future: its clause ends with a
/// participle.
fn is_german_passive(text: &Text, mark: &Found<Concept>, clause: &Range<usize>) -> bool {
    if text.language != Language::De || !matches!(text.at(mark.start..mark.end), "wird" | "werden") {
        return false;
    }
    let words: Vec<&str> = text.tokens_in(&(mark.end..clause.end)).map(|token| text.word(token)).collect();
    let is_participle = |word: &&str| {
        PARTICIPLE_ENDINGS.iter().any(|ending| word.ends_with(ending))
            || (word.len() > 6
                && (word.ends_with('t') || word.ends_with("en"))
                && word.contains("ge")
                && !word.ends_with("gen"))
    };
    words.last().is_some_and(is_participle)
}

/// Endings of German participles that no infinitive has.
const PARTICIPLE_ENDINGS: [&str; 14] = [
    "nommen",
    "boten",
    "zogen",
    "schlossen",
    "worfen",
    "brochen",
    "sprochen",
    "hoben",
    "troffen",
    "iert",
    "sucht",
    "klagt",
    "setzt",
    "kauft",
];

/// Returns what a range of a text contains anywhere.
pub(super) fn tone(text: &Text, range: &Range<usize>) -> Tone {
    tone_around(text, range, &(range.end..range.end))
}

/// Returns what a range of a text contains beside an item, which may itself be negative: "suspended".
pub(super) fn tone_around(text: &Text, range: &Range<usize>, item: &Range<usize>) -> Tone {
    let mut tone = Tone::default();
    let is_beside = |mark: &&Found<Concept>| {
        mark.end <= item.start || item.end <= mark.start || mark.value.group() == Group::Mark
    };
    for mark in text.mentions_in(range).filter(is_beside) {
        let name = mark.value.name();
        tone.is_negative |= NEGATIVE.contains(&name);
        tone.is_negative_mark |= NEGATIVE.contains(&name);
        tone.is_due |= matches!(name, "obligation" | "order");
        tone.is_softened |= name == "soft_negation";
        tone.is_negated |= matches!(name, "negation" | "no_evidence");
        tone.is_undone |= matches!(name, "negation" | "no_evidence" | "lack" | "deny" | "refuse" | "stop");
        tone.is_doubtful |= name == "allegation" || name == "deny" || PENDING.contains(&name);
        tone.is_planned |= matches!(name, "plan" | "future" | "unsure");
        tone.is_open |= matches!(name, "plan" | "future" | "unsure" | "request");
        tone.is_alleged |= matches!(name, "allegation" | "deny");
    }
    tone.is_negative |= text
        .tokens_in(range)
        .filter(|token| token.end <= item.start || item.end <= token.start)
        .any(|token| has_negative_prefix(text, token.start) || is_negative_word(text, token))
        || has_negative_word(text, range);
    tone
}

/// Returns whether a character that negates the rest of the word stands before `start`: 未払い, 不正確.
pub(super) fn has_negative_prefix(text: &Text, start: usize) -> bool {
    text.language.is_dense() && text.at(0..start).ends_with(PREFIXES)
}

/// Characters that negate the rest of a word.
const PREFIXES: [char; 9] = ['未', '不', '無', '非', '无', '미', '불', '무', '비'];
/// Characters after which a prefix is part of a word that is no negation: 不正, 不動産, 非常, 未来.
const NO_NEGATION: [char; 34] = [
    '服', '安', '満', '況', '明', '可', '渡', '料', '事', '難', '休', '穏', '調', '幸', '正', '動', '动',
    '祥', '常', '線', '线', '当', '當', '法', '来', '來', '足', '審', '良', '断', '仅', '但', '同', '少',
];

/// Returns whether a range of a text in a dense script has a word with a negating prefix.
fn has_negative_word(text: &Text, range: &Range<usize>) -> bool {
    let chars: Vec<char> = text.at(range.clone()).chars().collect();
    matches!(text.language, Language::Ja | Language::Zh)
        && chars.windows(2).any(|pair| {
            PREFIXES[..5].contains(&pair[0]) && !NO_NEGATION.contains(&pair[1]) && pair[1] >= '\u{3400}'
        })
}

/// Returns whether a word of English begins with a negation, such as "unaffected".
fn is_negative_word(text: &Text, token: &Token) -> bool {
    let word = text.word(token);
    let is_german = text.language == Language::De
        && word.len() >= 6
        && word.starts_with("un")
        && !["unter", "union", "univ", "ungar"].iter().any(|start| word.starts_with(start));
    is_german
        || text.language == Language::En
            && word.len() >= 6
            && (word.starts_with("un")
                && !["under", "unit", "unio", "univ", "unif", "unique"]
                    .iter()
                    .any(|start| word.starts_with(start))
                || word.starts_with("non"))
}

/// Bytes between a mark and what it can concern.
const NEAR: usize = 300;

/// Returns the number of words with content between a mark and a place: very many if they are far apart.
fn content_between(text: &Text, mark: Range<usize>, place: &Range<usize>) -> usize {
    let between =
        if mark.end <= place.start { mark.end..place.start } else { place.end..mark.start.max(place.end) };
    if between.len() > NEAR {
        return usize::MAX;
    }
    let has_content = |token: &&Token| match token.kind {
        Kind::Word => {
            let word = text.word(token);
            word.chars().count() > 2 && !text.language.is_function_word(word)
        }
        Kind::Digits | Kind::Hiragana => false,
        Kind::Han | Kind::Katakana | Kind::Hangul => true,
    };
    text.tokens_in(&between).filter(has_content).count()
}
