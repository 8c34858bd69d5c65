//! Parties and places that the claim names and the evidence does not, and evidence about another company.

use std::ops::Range;

use super::{
    names::{Names, own_mentions},
    saying::is_saying,
};
use crate::{
    case::{Case, PieceText, same_word},
    flaw::Flaw,
    lexicon::{Concept, Found, Group},
    text::{
        Text,
        token::{Kind, Token},
    },
};

/// Returns flaws for a place or name that the evidence does not have, and for evidence about another party.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let checks = [absent_place, absent_name, other_company, unrelated, of_relation, other_subject];
    checks.into_iter().filter_map(|check| check(case)).collect()
}

/// Returns the first place of the claim that the evidence does not mention.
fn absent_place(case: &Case<'_>) -> Option<Flaw> {
    let statement = &case.statement;
    let own = Concept::country_with_code(case.claim.company.country);
    let places = statement.mentions.iter().filter(|found| found.value.group() == Group::Place);
    for found in places {
        let place = found.value;
        let is_country = place.country() == Some(place);
        let known = case
            .pieces
            .iter()
            .flat_map(|piece| &piece.text.mentions)
            .any(|other| other.value == place || (is_country && other.value.country() == Some(place)));
        let in_words =
            case.pieces.iter().any(|piece| has_word(&piece.text, statement.at(found.start..found.end)));
        let in_name = case.company.contains(statement.at(found.start..found.end));
        // The country of the company is known, and evidence without any place cannot tell.
        let has_places = case
            .pieces
            .iter()
            .any(|piece| piece.text.mentions.iter().any(|other| other.value.group() == Group::Place));
        if !(known || in_words || in_name || Some(place) == own || !has_places) {
            return Some(Flaw::Name(statement.written(found.start..found.end)));
        }
    }
    None
}

fn has_word(text: &Text, word: &str) -> bool {
    text.tokens.iter().any(|token| same_word(text.word(token), word)) || text.folded.contains(word)
}

/// Returns the first name of the claim, in Latin letters, that the evidence does not have.
fn absent_name(case: &Case<'_>) -> Option<Flaw> {
    let statement = &case.statement;
    // A name may be written in another script, so only evidence in Latin letters can tell.
    let latin = case.pieces.iter().all(|piece| {
        let names = piece.text.tokens.iter().filter(|token| token.kind == Kind::Word && token.is_capital);
        !piece.text.language.is_dense() && names.filter(|token| piece.text.word(token).is_ascii()).count() > 2
    });
    let absent = statement
        .tokens
        .iter()
        .filter(|token| is_name(case, token))
        .find(|token| case.pieces.iter().all(|piece| !has_word(&piece.text, statement.word(token))));
    // Texts of other languages translate the names of authorities.
    absent
        .filter(|_| latin && case.is_of_one_language())
        .map(|token| Flaw::Name(statement.written(token.start..token.end)))
}

/// Returns whether a token of the claim is part of a name: a capital within a sentence that no vocabulary knows.
fn is_name(case: &Case<'_>, token: &Token) -> bool {
    let statement = &case.statement;
    let word = statement.word(token);
    if token.kind != Kind::Word || !token.is_capital || word.chars().count() < 3 {
        return false;
    }
    let begins = statement
        .sentences
        .iter()
        .any(|sentence| statement.tokens_in(sentence).next().is_some_and(|first| first.start == token.start));
    let known = statement.mentions.iter().any(|found| found.start <= token.start && token.end <= found.end);
    let company = case.company.contains(word);
    let figure =
        statement.figures.iter().any(|figure| figure.start <= token.start && token.end <= figure.end)
            || statement.dates.iter().any(|date| date.start <= token.start && token.end <= date.end);
    // An abbreviation of the evidence's words, such as FATF, is not in it letter by letter.
    let is_abbreviation = token.is_upper;
    !begins && !known && !company && !figure && !is_abbreviation
}

/// Returns a flaw if every quoted sentence is about a company whose name only resembles the company's.
fn other_company(case: &Case<'_>) -> Option<Flaw> {
    let statement = &case.statement;
    let mut other: Option<String> = None;
    for piece in &case.pieces {
        let of_piece = Names::of_piece(case, piece);
        for sentence in &piece.quoted {
            let mut names = Names::in_range(case, piece, sentence);
            // A register names the company once, before what it says of it.
            if !names.own && names.other.is_none() {
                names = of_piece.clone();
            }
            // Of two names, the first is the subject.
            if names.own && !(names.other.is_some() && names.is_other_first) {
                return None;
            }
            other = other.or(names.other);
        }
    }
    let other = other?;
    // A claim about the parent or a subsidiary is about the other company.
    let all = 0..statement.folded.len();
    let names_relation = statement.mentions_in(&all).any(|found| {
        found.value.group() == Group::Affiliate
            && case
                .pieces
                .iter()
                .any(|piece| piece.text.mentions.iter().any(|other| other.value == found.value))
    });
    if names_relation {
        return None;
    }
    // The claim may name the other company itself.
    let named = other.split(' ').any(|word| !case.company.contains(word) && has_word(statement, word));
    (!named).then_some(Flaw::OtherParty(other))
}

/// Returns a flaw if the sentence on which a claim about the company rests begins with another company of the group or
/// a competitor and does not name the company.
fn other_subject(case: &Case<'_>) -> Option<Flaw> {
    let statement = &case.statement;
    let claims_company =
        statement.sentences.iter().any(|sentence| !own_mentions(case, statement, sentence).is_empty())
            || OWN.iter().any(|own| statement.folded.contains(own));
    if !claims_company || names_relation(statement) {
        return None;
    }
    // The sentence on which the claim rests: the one that shares most with it.
    let items = case.items(statement, &(0..statement.folded.len()));
    let shared = |piece: &PieceText, sentence: &Range<usize>| {
        let others = case.items(&piece.text, sentence);
        items.iter().filter(|item| others.iter().any(|other| other.key.is_like(&item.key))).count()
    };
    let named =
        case.quoted().filter(|(piece, sentence)| !own_mentions(case, &piece.text, sentence).is_empty());
    let named = named.map(|(piece, sentence)| shared(piece, sentence)).max().unwrap_or_default();
    let is_only = case.quoted().count() == 1;
    let (most, piece, sentence) = case
        .quoted()
        .map(|(piece, sentence)| (shared(piece, sentence), piece, sentence))
        .filter(|(shared, ..)| *shared > 0 || is_only)
        .max_by_key(|(shared, ..)| *shared)?;
    if most <= named {
        return None;
    }
    let text = &piece.text;
    let names_company = !own_mentions(case, text, sentence).is_empty();
    let other = text
        .mentions_in(sentence)
        .find(|found| matches!(found.value.name(), "parent" | "subsidiary" | "competitor"))
        .filter(|found| !names_owner(text, found))?;
    let is_subject = case.items(text, &(sentence.start..other.start)).len() <= 1;
    (!names_company && is_subject).then(|| Flaw::OtherParty(text.written(other.start..other.end)))
}

/// Returns whether a claim speaks of another company of the group, or of who owns whom.
pub(super) fn names_relation(statement: &Text) -> bool {
    statement.mentions.iter().any(|found| {
        found.value.group() == Group::Affiliate
            || matches!(
                found.value.name(),
                "ownership" | "stake" | "shares" | "acquire" | "sell" | "merge" | "shareholder"
            )
    })
}

/// Returns whether a mention is an owner, who may be a person, and what it owns may be the company.
fn names_owner(text: &Text, found: &Found<Concept>) -> bool {
    text.at(found.start..found.end) == "owner"
}

/// Words for the company in a claim.
const OWN: [&str; 6] = ["the company", "the firm", "the group", "同社", "当社", "its "];

/// Returns a flaw if every quoted sentence that reports the event of the claim is about the parent, a subsidiary or a
/// person of the company, and the claim mentions none.
fn of_relation(case: &Case<'_>) -> Option<Flaw> {
    let statement = &case.statement;
    let is_person = statement.mentions.iter().any(|found| found.value.group() == Group::Person);
    let relates = |concept: Concept| {
        matches!(concept.name(), "parent" | "subsidiary")
            || !is_person && case.is_of_one_language() && matches!(concept.name(), "executive" | "employee")
    };
    if names_relation(statement) {
        return None;
    }
    // A name that the claim and the evidence share is that of the person.
    let is_named = |text: &Text, sentence: &Range<usize>| {
        text.tokens_in(sentence).any(|token| {
            token.is_capital
                && !case.company.contains(text.word(token))
                && statement
                    .tokens
                    .iter()
                    .any(|own| own.is_capital && statement.word(own) == text.word(token))
                && !text
                    .mentions_in(sentence)
                    .any(|found| found.start <= token.start && token.end <= found.end)
                && !text.language.is_function_word(text.word(token))
        })
    };
    let events: Vec<Concept> = statement
        .mentions
        .iter()
        .map(|found| found.value)
        .filter(|concept| matches!(concept.group(), Group::Process | Group::Event))
        .collect();
    let mut relation = None;
    for (piece, sentence) in case.quoted() {
        let text = &piece.text;
        let Some(event) =
            text.mentions_in(sentence).find(|found| events.iter().any(|event| event.is_kin(found.value)))
        else {
            continue;
        };
        // The relation must stand on the side of the event where its subject or object stands, and be the only party.
        let related = text
            .mentions_in(sentence)
            .find(|found| relates(found.value) && found.end <= event.start && !names_owner(text, found));
        let related = related?;
        // "The chief executive said the firm will appeal": the firm appeals.
        let is_person = related.value.group() == Group::Person;
        let says = says_of_company(text, related.end..event.start, is_person);
        // "Smith told workers that the plant would close": the workers only hear it.
        let hears = is_person
            && [sentence.start..related.start, related.end..event.start]
                .iter()
                .all(|range| text.tokens_in(range).any(|token| is_saying(text, token)));
        if is_named(text, sentence) || says || hears {
            return None;
        }
        relation = relation.or_else(|| Some(text.written(related.start..related.end)));
    }
    relation.map(Flaw::OtherParty)
}

/// Returns whether somebody says something of the company at a range. What a person calls "it" is the company.
fn says_of_company(text: &Text, range: Range<usize>, is_person: bool) -> bool {
    let mut tokens = text.tokens_in(&range);
    let Some(verb) = tokens.find(|token| is_saying(text, token)) else { return false };
    let said = text.at(verb.end..range.end);
    OWN.iter().any(|own| *own != "its " && said.contains(own))
        || is_person && tokens.any(|token| matches!(text.word(token), "it" | "its"))
}

/// Returns a flaw if the evidence says that it is about somebody else, and the claim does not.
fn unrelated(case: &Case<'_>) -> Option<Flaw> {
    let concept = Concept::named("unrelated")?;
    let statement = &case.statement;
    let negates = Concept::named("negation")?;
    let all = 0..statement.folded.len();
    if statement.has(&all, concept) || statement.has(&all, negates) {
        return None;
    }
    case.pieces.iter().find_map(|piece| {
        let found = piece.text.mentions.iter().find(|found| found.value == concept)?;
        Some(Flaw::OtherParty(piece.text.written(found.start..found.end)))
    })
}
