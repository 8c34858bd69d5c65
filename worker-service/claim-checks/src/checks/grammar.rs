//! Tells the role of a party in an event by word order, voice and particles.

use std::ops::Range;

use crate::{
    case::{Item, Key},
    language::Language,
    text::{Text, token::Token},
};

/// What a party does in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It acts: it sues, pays or acquires.
    Agent,
    /// It is acted upon: it is sued, paid or acquired.
    Patient,
}

impl Role {
    pub(super) fn swapped(self) -> Self {
        match self {
            Self::Agent => Self::Patient,
            Self::Patient => Self::Agent,
        }
    }
}

/// A party in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Party {
    /// The first byte.
    pub(super) start: usize,
    /// The byte after the last.
    pub(super) end: usize,
    /// `None` for the company.
    pub(super) key: Option<Key>,
}

/// Returns the role of a party in an event, if word order, particles or voice tell it.
pub(super) fn role(
    text: &Text,
    sentence: &Range<usize>,
    parties: &[Party],
    party: &Party,
    event: &Item,
) -> Option<Role> {
    match text.language {
        Language::Ja => japanese(text, sentence, party, event),
        Language::Zh
        | Language::Ru
        | Language::Pl
        | Language::Ko
        | Language::Tr
        | Language::Ar
        | Language::Other => None,
        _ => by_order(text, sentence, parties, party, event),
    }
}

/// Decides by the order of words and by the voice, as in English: the agent stands before the verb, and after "by"
/// if the verb is passive.
fn by_order(
    text: &Text,
    sentence: &Range<usize>,
    parties: &[Party],
    party: &Party,
    event: &Item,
) -> Option<Role> {
    if has_word_before(text, sentence, party.start, 3, &BY) {
        return Some(Role::Agent);
    }
    let before = party.end <= event.start;
    if !before && !is_clause_of(text, event, party) {
        return None;
    }
    // In "the parent of the company was fined" the company is not the subject.
    let is_genitive = has_word_before(text, sentence, party.start, 1, &GENITIVE);
    if before && is_genitive && parties.iter().any(|other| other.end <= party.start && other.key != party.key)
    {
        return None;
    }
    // "repaid the money to the fund", "bought the mill from its founders".
    if !before && has_word_before(text, sentence, party.start, 2, &RECIPIENT) {
        return is_payment(&event.key).then_some(Role::Patient);
    }
    if !before && has_word_before(text, sentence, party.start, 2, &SOURCE) {
        return None;
    }
    // German and Dutch put the verb last: the first party is the subject, and one directly before the verb the object.
    let verb_last = matches!(text.language, Language::De | Language::Nl);
    let clause = text.clause_at(event.start);
    let is_second = parties
        .iter()
        .any(|other| clause.contains(&other.start) && other.end <= party.start && other.key != party.key);
    if verb_last && before && is_second {
        return (!is_passive(text, sentence, event)).then_some(Role::Patient);
    }
    // "A sued B, which must pay": who stands before "which" must pay.
    if before && is_before_relative(text, parties, party, event) {
        return None;
    }
    let passive = is_passive(text, sentence, event);
    match (before, passive) {
        (true, false) => Some(Role::Agent),
        (true, true) | (false, false) => Some(Role::Patient),
        // "was ordered to pay X": X is neither the one who ordered nor who was ordered.
        (false, true) => None,
    }
}

/// Words that begin a clause about the party before them.
const RELATIVE: [&str; 12] =
    ["which", "who", "que", "quien", "qui", "lequel", "laquelle", "che", "der", "die", "das", "welche"];

/// Returns whether a relative clause with the event is about another party than this one.
fn is_before_relative(text: &Text, parties: &[Party], party: &Party, event: &Item) -> bool {
    let tokens: Vec<&Token> = text.tokens_in(&(party.end..event.start)).collect();
    let pronoun = tokens.iter().rev().find(|token| {
        let is_cut = text.at(token.start.saturating_sub(2)..token.start).contains(',');
        RELATIVE.contains(&text.word(token)) && is_cut
    });
    pronoun.is_some_and(|pronoun| {
        let between = |from: usize, to: usize| {
            parties.iter().any(|other| from <= other.start && other.end <= to && other.key != party.key)
        };
        between(party.end, pronoun.start) && !between(pronoun.end, event.start)
    })
}

const BY: [&str; 14] = [
    "by", "von", "vom", "durch", "par", "por", "da", "dal", "dalla", "dall", "door", "pela", "pelo", "przez",
];

fn is_clause_of(text: &Text, event: &Item, party: &Party) -> bool {
    text.clause_at(event.start).contains(&party.start)
}

const GENITIVE: [&str; 6] = ["of", "von", "de", "di", "del", "van"];
const RECIPIENT: [&str; 8] = ["to", "an", "à", "au", "aux", "a", "al", "aan"];
const SOURCE: [&str; 4] = ["from", "aus", "depuis", "desde"];

pub(super) fn is_payment(event: &Key) -> bool {
    matches!(event, Key::Concept(concept) if concept.name() == "payment")
}

pub(super) const AUXILIARIES: [&str; 60] = [
    "was", "were", "been", "being", "is", "are", "be", "got", "wurde", "wurden", "wird", "werden", "worden",
    "été", "est", "sont", "fut", "être", "fue", "fueron", "sido", "es", "son", "ser", "foi", "foram", "é",
    "são", "stata", "stato", "stati", "state", "viene", "venne", "venuta", "werd", "wordt", "был", "была",
    "были", "было", "została", "został", "zostały", "blev", "blivit", "är", "faces", "face", "faced",
    "facing", "stands", "gets", "against", "siendo", "sendo", "essere", "zijn", "è", "sia",
];

/// Returns whether a form of "to be" stands shortly before the verb.
pub(super) fn is_passive(text: &Text, sentence: &Range<usize>, event: &Item) -> bool {
    let is_continuous = text.language == Language::En && text.at(event.start..event.end).ends_with("ing");
    let before: Vec<&str> =
        text.tokens_in(&(sentence.start..event.start)).map(|token| text.word(token)).collect();
    // In "was ordered to pay", paying is active.
    let before = before.iter().rev().take(3).take_while(|word| !matches!(**word, "to" | "zu" | "te"));
    !is_continuous && before.into_iter().any(|word| AUXILIARIES.contains(word))
}

pub(super) fn has_word_before(
    text: &Text,
    sentence: &Range<usize>,
    at: usize,
    count: usize,
    words: &[&str],
) -> bool {
    let tokens: Vec<&str> = text.tokens_in(&(sentence.start..at)).map(|token| text.word(token)).collect();
    tokens.iter().rev().take(count).any(|word| words.contains(word))
}

/// Decides by the particle after the party and the voice of the verb.
fn japanese(text: &Text, sentence: &Range<usize>, party: &Party, event: &Item) -> Option<Role> {
    if event.start < party.end {
        return None;
    }
    let rest = text.at(event.end..sentence.end);
    let verb: String = rest.chars().take(16).collect();
    // "全額の支払いを命じた": only who is named with に pays.
    if is_payment(&event.key)
        && rest.starts_with("を命")
        && !text.at(party.end..event.start).starts_with('に')
    {
        return None;
    }
    // "支払いを求めて": who is to pay is said elsewhere.
    if is_payment(&event.key)
        && ["を求め", "を請求", "を要求", "請求"].iter().any(|request| rest.trim_start().starts_with(request))
    {
        return None;
    }
    let verb = verb.split("よう").next().unwrap_or_default();
    let passive = ["され", "られ", "を受け", "した。れ"]
        .iter()
        .any(|ending| verb.starts_with(ending) || verb.contains(ending))
        || ["られ", "され"].iter().any(|ending| text.at(event.start..event.end).ends_with(ending));
    // A legal form or an apposition may stand between the name and its particle.
    let after: String = text.at(party.end..event.start).chars().take(24).collect();
    let particle = after.trim_start_matches(|c: char| !matches!(c, '\u{3041}'..='\u{309f}')).trim_start();
    let is = |options: &[&str]| options.iter().any(|option| particle.starts_with(option));
    // The source of a report is no party.
    if is(&["によると", "によれば"]) {
        return None;
    }
    let is_acquired = matches!(&event.key, Key::Concept(concept) if concept.name() == "acquire");
    if is_acquired && is(&["から"]) {
        return None;
    }
    // "Xに対する処分": X is part of what is done.
    if is(&["に対する", "への", "についての", "をめぐる"]) {
        return None;
    }
    if is(&["から", "によって", "により", "による"]) {
        return Some(Role::Agent);
    }
    // "Xに支払いを命じた": X is the one who pays.
    let rest: String = text.at(event.end..sentence.end).chars().take(6).collect();
    // "Xに返還するようYに命じた": Y is ordered, and X gets it.
    let orders_other = ["に命じ", "に求め", "に指示", "に勧告", "に命令"]
        .iter()
        .any(|order| text.at(event.end..sentence.end).contains(order));
    let is_ordered = !orders_other
        && is_payment(&event.key)
        && (["を命じ", "命令"].iter().any(|order| rest.contains(order))
            || rest.starts_with("うよう")
            || rest.starts_with("よう")
            || rest.starts_with("するよう"));
    if is_ordered && is(&["に"]) {
        return Some(Role::Agent);
    }
    if is(&["を", "に対し", "に", "へ"]) {
        return Some(if passive { Role::Agent } else { Role::Patient });
    }
    // "Xの株式を取得": X is what is acquired.
    if is(&["の株式", "の全株式", "の発行済"]) {
        return Some(Role::Patient);
    }
    // "罰金を科された子会社を": what modifies a noun has its own subject.
    if is(&["は"]) && modifies_noun(text.at(event.end..sentence.end)) {
        return None;
    }
    // "XがしたとしてYが訴えた": what somebody is said to have done has its own subject.
    if is(&["が"]) && text.at(party.end..event.start).contains("として") {
        return None;
    }
    if is(&["は", "が", "も"]) {
        return Some(if passive { Role::Patient } else { Role::Agent });
    }
    None
}

/// Returns whether a Japanese verb, of which `rest` follows its noun, stands before a noun that it modifies.
fn modifies_noun(rest: &str) -> bool {
    let is_hiragana = |c: char| matches!(c, '\u{3041}'..='\u{309f}');
    let is_noun = |c: char| matches!(c, '\u{30a1}'..='\u{30fa}' | '\u{3400}'..='\u{9fff}');
    let verb: String = rest
        .chars()
        .take_while(|c| is_hiragana(*c) || matches!(c, '科' | '命' | '受' | '支' | '払'))
        .collect();
    let next = rest.chars().nth(verb.chars().count());
    (verb.ends_with('た') || verb.ends_with('る')) && next.is_some_and(is_noun)
}
