//! Tells the role of a party in an event by word order, voice and particles.

use std::ops::Range;

use crate::{
    case::{Item, Key},
    language::Language,
    text::Text,
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
    if verb_last && before && parties.iter().any(|other| other.end <= party.start && other.key != party.key) {
        return (!is_passive(text, sentence, event)).then_some(Role::Patient);
    }
    let passive = is_passive(text, sentence, event);
    match (before, passive) {
        (true, false) => Some(Role::Agent),
        (true, true) | (false, false) => Some(Role::Patient),
        // "was ordered to pay X": X is neither the one who ordered nor who was ordered.
        (false, true) => None,
    }
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

const AUXILIARIES: [&str; 60] = [
    "was", "were", "been", "being", "is", "are", "be", "got", "wurde", "wurden", "wird", "werden", "worden",
    "été", "est", "sont", "fut", "être", "fue", "fueron", "sido", "es", "son", "ser", "foi", "foram", "é",
    "são", "stata", "stato", "stati", "state", "viene", "venne", "venuta", "werd", "wordt", "был", "была",
    "были", "было", "została", "został", "zostały", "blev", "blivit", "är", "faces", "face", "faced",
    "facing", "stands", "gets", "against", "siendo", "sendo", "essere", "zijn", "è", "sia",
];

/// Returns whether a form of "to be" stands shortly before the verb.
fn is_passive(text: &Text, sentence: &Range<usize>, event: &Item) -> bool {
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
    if is(&["から", "によって", "により", "による"]) {
        return Some(Role::Agent);
    }
    // "Xに支払いを命じた": X is the one who pays.
    let rest: String = text.at(event.end..sentence.end).chars().take(6).collect();
    let is_ordered = is_payment(&event.key) && ["を命じ", "命令"].iter().any(|order| rest.contains(order));
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
    if is(&["は", "が", "も"]) {
        return Some(if passive { Role::Patient } else { Role::Agent });
    }
    None
}
