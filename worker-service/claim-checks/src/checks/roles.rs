//! Parties whose roles the evidence swaps: who sued, paid, acquired or owes whom.

use std::ops::Range;

use super::{
    grammar::{Party, Role, has_word_before, role},
    names::own_mentions,
};
use crate::{
    case::{Case, Item, Key},
    flaw::Flaw,
    language::Language,
    lexicon::Group,
    text::{Text, token::Token},
};

/// A party with its role in an event.
#[derive(Clone, Debug)]
struct Part {
    event: Key,
    party: Option<Key>,
    role: Role,
    /// Where the text mentions the event.
    place: Range<usize>,
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
            matches!(pair, ("sell", "acquire") | ("acquire", "sell"))
        };
        let has_reverse = proven
            .iter()
            .any(|other| other.role == Role::Agent && same(&other.party, &part.party) && is_reverse(other));
        let has_same = proven.iter().any(|other| other.event == part.event);
        if has_reverse && !has_same {
            return vec![Flaw::Roles(statement.written(part.place.clone()))];
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
        // Somebody else does to the company what the claim says that it does.
        let is_done_by_other = part.role == Role::Agent
            && like.iter().any(|other| other.role == Role::Agent && other.party.is_some());
        let is_known = (is_named_event(&EVENTS) || is_done_by_other)
            && like.iter().all(|other| other.event == part.event);
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
            return vec![Flaw::Roles(statement.written(part.place.clone()))];
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
                return vec![Flaw::Roles(statement.written(part.place.clone()))];
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

fn event_name(key: &Key) -> &str {
    match key {
        Key::Concept(concept) => concept.name(),
        Key::Word(word) => word,
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
                roles.push((
                    distance,
                    Part {
                        event: event.key.clone(),
                        party: party.key.clone(),
                        role,
                        place: event.start..event.end,
                    },
                ));
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
    let token = text.tokens.binary_search_by_key(&item.start, |token| token.start);
    text.language != Language::De && token.is_ok_and(|at| text.tokens[at].is_capital)
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
pub(super) fn is_verb(text: &Text, item: &Item) -> bool {
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
