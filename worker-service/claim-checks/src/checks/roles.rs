//! Parties whose roles the evidence swaps: who sued, paid, acquired or owes whom.

use std::ops::Range;

use super::parties::own_mentions;
use crate::{
    case::{Case, Item, Key},
    flaw::Flaw,
    language::Language,
    lexicon::Group,
    text::{Text, token::Token},
};

/// What a party does in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Agent,
    Patient,
}

impl Role {
    fn swapped(self) -> Self {
        match self {
            Self::Agent => Self::Patient,
            Self::Patient => Self::Agent,
        }
    }
}

/// A party in a sentence.
#[derive(Clone, Debug, PartialEq)]
struct Party {
    start: usize,
    end: usize,
    /// `None` for the company.
    key: Option<Key>,
}

/// A party with its role in an event.
#[derive(Clone, Debug)]
struct Part {
    event: Key,
    party: Option<Key>,
    role: Role,
}

/// Events whose agent and patient word order, particles and voice tell even if only one party is recognised, by name.
const EVENTS: [&str; 4] = ["sue", "acquire", "sell", "payment"];

/// Events with one agent, so that another agent in the evidence contradicts the claim, by name.
const EXCLUSIVE: [&str; 2] = ["sue", "acquire"];

/// Returns a flaw if a party does in the claim what is done to it in the evidence, or the reverse.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    let named: Vec<Option<Key>> = statement
        .sentences
        .iter()
        .flat_map(|sentence| {
            let items = case.items(statement, sentence);
            parties(case, statement, sentence, &items, true).into_iter().map(|party| party.key)
        })
        .collect();
    let claimed: Vec<Part> =
        statement.sentences.iter().flat_map(|sentence| parts(case, statement, sentence, true)).collect();
    let proven: Vec<Part> =
        case.quoted().flat_map(|(piece, sentence)| parts(case, &piece.text, sentence, false)).collect();
    for part in claimed.iter().filter(|part| part.role == Role::Agent) {
        // Who sold has not bought.
        let is_reverse = |other: &Part| {
            let pair = (event_name(&part.event), event_name(&other.event));
            matches!((pair.0.as_str(), pair.1.as_str()), ("sell", "acquire") | ("acquire", "sell"))
        };
        let has_reverse = proven
            .iter()
            .any(|other| other.role == Role::Agent && same(&other.party, &part.party) && is_reverse(other));
        let has_same = proven.iter().any(|other| other.event == part.event);
        if has_reverse && !has_same {
            return vec![Flaw::Roles(event_name(&part.event))];
        }
    }
    for part in &claimed {
        let like: Vec<&Part> = proven.iter().filter(|other| other.event.is_like(&part.event)).collect();
        if like.is_empty() {
            continue;
        }
        let roles: Vec<Role> =
            like.iter().filter(|other| same(&other.party, &part.party)).map(|other| other.role).collect();
        let is_swapped = !roles.is_empty() && roles.iter().all(|role| *role == part.role.swapped());
        let is_named_event =
            |names: &[&str]| matches!(&part.event, Key::Concept(concept) if names.contains(&concept.name()));
        let is_known = is_named_event(&EVENTS) && like.iter().all(|other| other.event == part.event);
        // Of other events, a second party must have swapped its role as well.
        let partner = || {
            claimed.iter().filter(|other| other.event == part.event && other.party != part.party).any(
                |other| {
                    let roles: Vec<Role> = like
                        .iter()
                        .filter(|proof| same(&proof.party, &other.party))
                        .map(|proof| proof.role)
                        .collect();
                    !roles.is_empty() && roles.iter().all(|role| *role == other.role.swapped())
                },
            )
        };
        if is_swapped && ((is_known && part.party.is_none()) || partner()) {
            return vec![Flaw::Roles(event_name(&part.event))];
        }
        // Somebody else, whom the claim names in another role or not at all, does it in the evidence.
        let is_exclusive = is_named_event(&EXCLUSIVE) && part.role == Role::Agent;
        let can_compare = case.is_of_one_language() || !matches!(&part.party, Some(Key::Word(_)));
        if (is_exclusive && can_compare) || is_order(&part.event) && part.role == Role::Patient {
            let holders: Vec<&&Part> = like.iter().filter(|other| other.role == part.role).collect();
            let is_other = |other: &&&Part| {
                let is_company = other.party.is_none() || part.party.is_none();
                let is_named = named.iter().any(|party| same(party, &other.party));
                !same(&other.party, &part.party) && is_company && (is_named || is_exclusive)
            };
            if !holders.is_empty() && holders.iter().all(is_other) {
                return vec![Flaw::Roles(event_name(&part.event))];
            }
        }
    }
    Vec::new()
}

fn same(a: &Option<Key>, b: &Option<Key>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.is_like(b),
        _ => false,
    }
}

/// Returns whether an event is an order, of which only the one who is ordered is compared.
fn is_order(event: &Key) -> bool {
    matches!(event, Key::Concept(concept) if matches!(concept.name(), "order" | "fine" | "convict" | "charge"))
}

fn event_name(key: &Key) -> String {
    match key {
        Key::Concept(concept) => concept.name().to_owned(),
        Key::Word(word) => word.clone(),
    }
}

/// Returns the roles of the parties in a sentence, for each of its events.
fn parts(case: &Case<'_>, text: &Text, sentence: &Range<usize>, is_claim: bool) -> Vec<Part> {
    let items = case.items(text, sentence);
    let parties = parties(case, text, sentence, &items, is_claim);
    let mut parts = Vec::new();
    for event in items.iter().filter(|item| is_event(text, item)) {
        let mut roles: Vec<(usize, Part)> = Vec::new();
        for party in &parties {
            let apart = party.end <= event.start || event.end <= party.start;
            let role = if apart { role(text, sentence, &parties, party, event) } else { None };
            if let Some(role) = role {
                let distance = party.start.abs_diff(event.start);
                roles.push((distance, Part { event: event.key.clone(), party: party.key.clone(), role }));
            }
        }
        // The nearest party of each role has it.
        for wanted in [Role::Agent, Role::Patient] {
            let mut holders = roles.iter().filter(|(_, part)| part.role == wanted);
            // "A accused B and sued it": the verb after a conjunction has the subject of the sentence.
            let is_joined =
                wanted == Role::Agent && has_word_before(text, sentence, event.start, 1, &["and", "but"]);
            let holder =
                if is_joined { holders.next() } else { holders.min_by_key(|(distance, _)| *distance) };
            parts.extend(holder.map(|(_, part)| part.clone()));
        }
    }
    parts
}

/// Returns the parties that a sentence names: the company, parties of the lexicon, and names of the claim.
fn parties(
    case: &Case<'_>,
    text: &Text,
    sentence: &Range<usize>,
    items: &[Item],
    is_claim: bool,
) -> Vec<Party> {
    let own = own_mentions(case, text, sentence);
    let mut parties: Vec<Party> =
        own.into_iter().map(|place| Party { start: place.start, end: place.end, key: None }).collect();
    let words = ["the company", "the firm", "the group", "its ", "同社", "当社"];
    if parties.is_empty() && is_claim {
        parties.extend(words.iter().filter(|word| **word != "its ").find_map(|word| {
            let at = sentence.start + text.at(sentence.clone()).find(word)?;
            Some(Party { start: at, end: at + word.len(), key: None })
        }));
    }
    for item in items {
        let is_party = match &item.key {
            Key::Concept(concept) => {
                matches!(concept.group(), Group::Person | Group::Affiliate | Group::Authority)
            }
            Key::Word(word) => is_capital(text, item) && !TIMES.contains(&word.as_str()),
        };
        if is_party {
            parties.push(Party { start: item.start, end: item.end, key: Some(item.key.clone()) });
        }
    }
    parties.sort_by_key(|party| party.start);
    // A pronoun stands for the party that the sentence begins with.
    let Some(first) = parties.first().cloned() else { return parties };
    // After a verb a pronoun is its object, and stands for another party.
    let is_subject = |token: &&Token| {
        !text
            .tokens_in(&(sentence.start..token.start))
            .last()
            .is_some_and(|before| text.word(before).ends_with("ed"))
    };
    let pronouns = text
        .tokens_in(&(first.end..sentence.end))
        .filter(is_subject)
        .filter(|token| PRONOUNS.contains(&text.word(token)));
    let pronouns: Vec<Party> =
        pronouns.map(|token| Party { start: token.start, end: token.end, key: first.key.clone() }).collect();
    parties.extend(pronouns);
    parties.sort_by_key(|party| party.start);
    parties
}

/// Pronouns that are subjects only.
const PRONOUNS: [&str; 5] = ["it", "he", "she", "they", "who"];

/// Names of days and months, which are capitals in English and no parties.
const TIMES: [&str; 18] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn is_capital(text: &Text, item: &Item) -> bool {
    text.language != Language::De
        && text.tokens.iter().any(|token| token.start == item.start && token.is_capital)
}

/// Returns whether an item can be what somebody does to somebody.
fn is_event(text: &Text, item: &Item) -> bool {
    match &item.key {
        Key::Concept(concept) => {
            is_verb(text, item) && matches!(concept.group(), Group::Event | Group::Process | Group::Opposite)
                || is_verb(text, item) && EVENTS.contains(&concept.name())
        }
        Key::Word(word) => match text.language {
            Language::En => word.ends_with("ed") && !is_capital(text, item),
            Language::Ja | Language::Zh | Language::Ko => false,
            _ => !is_capital(text, item),
        },
    }
}

/// Returns whether an item can be a verb: an English noun, such as "payment", has no agent beside it.
fn is_verb(text: &Text, item: &Item) -> bool {
    const VERBS: [&str; 26] = [
        "pay",
        "pays",
        "paid",
        "paying",
        "repay",
        "repays",
        "repaid",
        "owe",
        "owes",
        "sue",
        "sues",
        "suing",
        "buy",
        "buys",
        "bought",
        "buying",
        "sell",
        "sells",
        "sold",
        "selling",
        "acquire",
        "acquires",
        "acquiring",
        "took over",
        "takes over",
        "taken over",
    ];
    let word = text.at(item.start..item.end);
    text.language != Language::En || word.ends_with("ed") || VERBS.contains(&word)
}

/// Returns the role of a party in an event, if word order, particles or voice tell it.
fn role(
    text: &Text,
    sentence: &Range<usize>,
    parties: &[Party],
    party: &Party,
    event: &Item,
) -> Option<Role> {
    match text.language {
        Language::Ja => japanese(text, sentence, party, event),
        Language::Zh | Language::Ko | Language::Tr | Language::Ar | Language::Other => None,
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

const RECIPIENT: [&str; 8] = ["to", "an", "à", "au", "aux", "a", "al", "aan"];
const SOURCE: [&str; 4] = ["from", "aus", "depuis", "desde"];

fn is_payment(event: &Key) -> bool {
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

fn has_word_before(text: &Text, sentence: &Range<usize>, at: usize, count: usize, words: &[&str]) -> bool {
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
        .any(|ending| verb.starts_with(ending) || verb.contains(ending));
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
