//! Who does what the claim reports: the company in the claim, and somebody else in the evidence, or the reverse.

use std::ops::Range;

use super::{
    activity::{UNDERGOES, acts},
    grammar::is_passive,
    names::{is_legal_form, own_mentions},
    parties::names_relation,
    roles::is_verb,
    saying::is_saying,
};
use crate::{
    case::{Case, Item, Key, is_generic},
    company::AUTHORITIES,
    flaw::Flaw,
    language::Language,
    lexicon::{Concept, Group},
    sound::sounds_like,
    text::{
        Text,
        token::{Kind, Token},
    },
};

/// The subject of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    /// The company.
    Company,
    /// Somebody else, as the text writes it.
    Other(String),
    /// A party of the lexicon that cannot be the company.
    Party(Concept),
}

/// What a text says of an event: who its subject is, and whether the verb is passive.
#[derive(Clone, Debug)]
struct Said {
    subject: Subject,
    is_passive: bool,
}

/// Number of events of a claim, and of mentions of each in the evidence, that are compared, and of quoted sentences in
/// which another company is looked for.
const CHECKED_MAX: usize = 20;

/// Returns a flaw if the claim gives an event another subject than every mention of it in the evidence.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    for sentence in &statement.sentences {
        let items = case.items(statement, sentence);
        for event in items.iter().filter(|item| is_event(statement, item)).take(CHECKED_MAX) {
            let Some(claimed) = said(case, statement, sentence, event) else { continue };
            let proofs = proofs(case, &event.key);
            let comparable: Vec<&Said> =
                proofs.iter().flatten().filter(|proof| proof.is_passive == claimed.is_passive).collect();
            // A mention whose subject is not known may be the company.
            if comparable.is_empty() || comparable.len() < proofs.len() {
                continue;
            }
            let is_other = comparable.iter().all(|proof| differs(case, &claimed.subject, &proof.subject));
            if is_other {
                return vec![Flaw::Roles(statement.written(event.start..event.end))];
            }
        }
    }
    of_other(case).into_iter().collect()
}

/// Returns a flaw if the company does in the claim what the quotes say of another company, without a word on the
/// company. Only a name with a legal form is certainly another company: other names may be those of its products, its
/// people or authorities.
fn of_other(case: &Case<'_>) -> Option<Flaw> {
    let statement = &case.statement;
    // Evidence on a parent or a subsidiary is rightly about another company.
    if names_relation(statement) || !acts(case) || case.quoted().count() > CHECKED_MAX {
        return None;
    }
    let mut other: Option<String> = None;
    let body = case.quoted().filter(|(piece, sentence)| !piece.text.is_title(sentence));
    for (piece, sentence) in body {
        let text = &piece.text;
        if !is_read_by_order(text.language) || may_be_of_company(case, text, sentence) {
            return None;
        }
        let first = text.tokens_in(sentence).find(|token| !is_article(text, token))?;
        let name = name_at(text, first)?;
        if !is_company_name(text, first)
            || is_named(statement, &name)
            || statement
                .tokens
                .iter()
                .any(|token| token.kind == Kind::Katakana && sounds_like(statement.word(token), &name))
        {
            return None;
        }
        other = other.or(Some(name));
    }
    other.map(Flaw::OtherParty)
}

/// Returns whether a sentence of the evidence may be about the company although another name begins it: if it mentions
/// the company, an authority, a relation or what the claim names too, or reports what somebody says.
fn may_be_of_company(case: &Case<'_>, text: &Text, sentence: &Range<usize>) -> bool {
    let is_mention = |token: &Token| {
        let word = text.word(token);
        is_generic(word) || is_pronoun(word) || is_saying(text, token) || case.company.contains(word)
    };
    let is_shared = |token: &Token| {
        token.is_capital
            && case.statement.tokens.iter().any(|other| case.statement.word(other) == text.word(token))
    };
    !own_mentions(case, text, sentence).is_empty()
        || text
            .tokens_in(sentence)
            .any(|token| is_mention(token) || is_shared(token) || AUTHORITIES.contains(&text.word(token)))
        || text.mentions_in(sentence).any(|found| {
            matches!(found.value.group(), Group::Authority | Group::Person | Group::Affiliate)
                && found.value.name() != "competitor"
        })
        || text.tokens.iter().any(|token| RENAMED.contains(&text.word(token)))
}

/// Words of a text that calls one company by two names.
const RENAMED: [&str; 9] =
    ["formerly", "renamed", "known", "trading", "rebranded", "vormals", "umbenannt", "antes", "anciennement"];

/// Returns whether the text writes the name that begins with a token with a legal form, here or elsewhere.
fn is_company_name(text: &Text, first: &Token) -> bool {
    let word = text.word(first);
    let mut same = text.tokens.iter().filter(|token| token.is_capital && text.word(token) == word);
    same.any(|token| has_legal_form(text, token))
}

/// Returns whether the name that begins with a token has a legal form.
fn has_legal_form(text: &Text, first: &Token) -> bool {
    let mut end = first.end;
    for token in text.tokens_in(&(first.end..text.sentence_at(first.start).end)).take(NAME_WORDS) {
        let is_joined = text.at(end..token.start).chars().all(|c| matches!(c, ' ' | '.' | '&' | '-' | ','));
        if !is_joined || !token.is_capital {
            return false;
        }
        if is_legal_form(text.word(token)) {
            return true;
        }
        end = token.end;
    }
    false
}

/// Number of words after the first of a name among which its legal form stands.
const NAME_WORDS: usize = 5;

/// Returns whether a word may stand for the company.
fn is_pronoun(word: &str) -> bool {
    matches!(
        word,
        "it" | "its"
            | "they"
            | "their"
            | "he"
            | "she"
            | "es"
            | "sie"
            | "er"
            | "ihr"
            | "ihre"
            | "seine"
            | "il"
            | "elle"
            | "ses"
            | "son"
            | "su"
            | "sus"
            | "seu"
            | "sua"
            | "suo"
            | "hij"
            | "zij"
            | "zijn"
            | "haar"
    )
}

/// Returns whether two subjects are certainly not the same.
fn differs(case: &Case<'_>, claimed: &Subject, proof: &Subject) -> bool {
    match (claimed, proof) {
        (Subject::Company, Subject::Other(name)) => !is_named(&case.statement, name),
        (Subject::Company, Subject::Party(party)) => {
            !case.statement.mentions.iter().any(|found| found.value.is_kin(*party))
        }
        // Somebody whom the evidence names too, but not as the subject.
        (Subject::Other(name), Subject::Company) => {
            case.pieces.iter().any(|piece| is_named(&piece.text, name))
        }
        _ => false,
    }
}

fn is_named(text: &Text, name: &str) -> bool {
    text.folded.contains(name)
}

/// Returns what each mention of an event in the quotes says: `None` if its subject is not known.
fn proofs(case: &Case<'_>, key: &Key) -> Vec<Option<Said>> {
    case.quoted()
        .filter(|(piece, sentence)| !piece.text.is_title(sentence))
        .flat_map(|(piece, sentence)| {
            let items = case.items(&piece.text, sentence);
            let events: Vec<Option<Said>> = items
                .iter()
                .filter(|item| item.key == *key && is_event(&piece.text, item))
                .map(|item| said(case, &piece.text, sentence, item))
                .collect();
            events
        })
        .take(CHECKED_MAX)
        .collect()
}

/// Returns whether an item is an event with a verb.
fn is_event(text: &Text, item: &Item) -> bool {
    let Key::Concept(concept) = &item.key else { return false };
    let is_group = matches!(
        concept.group(),
        Group::Event | Group::Process | Group::Action | Group::Opposite | Group::End
    ) || concept.name() == "payment";
    is_group
        && match text.language {
            Language::En => is_verb(text, item) || follows_auxiliary(text, item),
            Language::Ja => is_japanese_verb(text, item),
            _ => true,
        }
}

/// Returns whether an English word follows one that makes it a verb: "will appeal".
fn follows_auxiliary(text: &Text, item: &Item) -> bool {
    let before = text.tokens_in(&(item.start.saturating_sub(12)..item.start)).last();
    before.is_some_and(|token| {
        matches!(
            text.word(token),
            "will"
                | "would"
                | "may"
                | "might"
                | "must"
                | "can"
                | "could"
                | "should"
                | "to"
                | "did"
                | "does"
                | "not"
                | "has"
                | "have"
                | "had"
        )
    })
}

/// Returns whether a Japanese word is a verb or the noun of one: 提訴した, 支払う.
fn is_japanese_verb(text: &Text, item: &Item) -> bool {
    let rest = text.at(item.end..text.folded.len()).trim_start_matches(['い', 'り', 'っ', 'え', 'わ']);
    ["し", "す", "さ", "た", "て", "う", "を求め", "を起こ", "を行"].iter().any(|verb| rest.starts_with(verb))
        || text.at(item.start..item.end).ends_with(['た', 'て', 'る', 'う'])
}

/// Returns what a sentence says of an event.
fn said(case: &Case<'_>, text: &Text, sentence: &Range<usize>, event: &Item) -> Option<Said> {
    let own = own_mentions(case, text, sentence);
    match text.language {
        Language::Ja => japanese(text, sentence, event, &own),
        language if is_read_by_order(language) => by_order(text, sentence, event, &own),
        _ => None,
    }
}

/// Returns whether the subject stands before the verb in a language.
fn is_read_by_order(language: Language) -> bool {
    matches!(
        language,
        Language::En
            | Language::De
            | Language::Fr
            | Language::Es
            | Language::Pt
            | Language::It
            | Language::Nl
            | Language::Sv
    )
}

/// Returns whether somebody says something in a range, or the company is mentioned there without its name: then the one
/// with whom the sentence begins need not be the subject.
fn may_change_subject(text: &Text, range: &Range<usize>) -> bool {
    text.tokens_in(range).any(|token| {
        let word = text.word(token);
        is_generic(word) || is_pronoun(word) || is_saying(text, token)
    })
}

/// Reads the subject before the verb: the name or party with which the sentence, or the clause, begins.
fn by_order(text: &Text, sentence: &Range<usize>, event: &Item, own: &[Range<usize>]) -> Option<Said> {
    let clause = text.clause_at(event.start);
    let is_passive = is_passive(text, sentence, event);
    // "said that the firm closed": nobody before the conjunction is the subject.
    let is_reported = text.tokens_in(&clause).next().is_some_and(|first| is_saying(text, first));
    let ranges = [Some(clause), (!is_reported).then(|| sentence.clone())];
    ranges.iter().flatten().find_map(|range| {
        let first = text.tokens_in(range).find(|token| !is_article(text, token))?;
        if first.start >= event.start {
            return None;
        }
        let company = own.iter().find(|own| range.contains(&own.start) && own.end <= event.start);
        let is_company = company.is_some_and(|own| own.start <= first.start && first.start < own.end);
        if is_company {
            // "had its permit revoked": somebody else revoked it.
            let end = text.tokens_in(&(first.end..event.start)).last().map_or(first.end, |last| last.start);
            let undergoes =
                text.tokens_in(&(first.end..end)).any(|token| UNDERGOES.contains(&text.word(token)));
            return (!undergoes).then_some(Said { subject: Subject::Company, is_passive });
        }
        // "Pella's owner": the company is named, but it is not the subject.
        if company.is_some() || may_change_subject(text, &(first.end..event.start)) {
            return None;
        }
        if let Some(party) = party_at(text, first) {
            return Some(Said { subject: Subject::Party(party), is_passive });
        }
        let name = name_at(text, first)?;
        Some(Said { subject: Subject::Other(name), is_passive })
    })
}

/// Returns the party that begins with a token and that no company is.
fn party_at(text: &Text, first: &Token) -> Option<Concept> {
    let found = text.mentions.iter().find(|found| {
        found.start <= first.start
            && first.end <= found.end
            && (matches!(found.value.group(), Group::Authority | Group::Person)
                || matches!(found.value.name(), "parent" | "competitor"))
    });
    found.map(|found| found.value)
}

/// Returns the name that begins with a token: capitals that the lexicon does not know, in a language that writes other
/// nouns small.
fn name_at(text: &Text, first: &Token) -> Option<String> {
    let is_known = text.mentions.iter().any(|found| {
        found.start <= first.start && first.end <= found.end && found.value.group() != Group::Place
    });
    let is_name = first.kind == Kind::Word
        && first.is_capital
        && !is_known
        && text.word(first).chars().count() > 2
        && !text.language.is_function_word(text.word(first));
    let next = text.tokens_in(&(first.end..first.end + NAME_GAP)).next();
    // "Charge 1:" is the heading of an entry of a register.
    let is_heading = next.is_none_or(|next| next.kind == Kind::Digits)
        || text.at(first.end..text.folded.len()).trim_start().starts_with(':');
    if is_heading {
        return None;
    }
    // German writes all nouns with capitals.
    if text.language == Language::De && !is_company_name(text, first) {
        return None;
    }
    let goes_on = next.is_some_and(|next| next.is_capital);
    // The first word of a sentence is a capital in any case, so that a second one must follow, or a verb.
    (is_name && (goes_on || is_elsewhere(text, first))).then(|| text.word(first).to_owned())
}

/// Returns whether the word of a token stands as a capital within another sentence or clause too, as a name does.
fn is_elsewhere(text: &Text, token: &Token) -> bool {
    let word = text.word(token);
    text.tokens.iter().any(|other| {
        other.start != token.start
            && other.is_capital
            && text.word(other) == word
            && text.sentence_at(other.start).start != other.start
    })
}

/// Bytes after a word in which the next word of its name stands.
const NAME_GAP: usize = 24;

fn is_article(text: &Text, token: &Token) -> bool {
    matches!(
        text.word(token),
        "the"
            | "a"
            | "an"
            | "der"
            | "die"
            | "das"
            | "le"
            | "la"
            | "les"
            | "l"
            | "el"
            | "los"
            | "las"
            | "o"
            | "os"
            | "as"
            | "il"
            | "lo"
            | "gli"
            | "i"
            | "de"
            | "het"
    )
}

/// Reads the subject by its particle, the last one before the verb.
fn japanese(text: &Text, sentence: &Range<usize>, event: &Item, own: &[Range<usize>]) -> Option<Said> {
    let before = text.at(sentence.start..event.start);
    let rest: String = text.at(event.end..sentence.end).chars().take(8).collect();
    let is_passive = ["され", "られ", "を受け"].iter().any(|ending| rest.contains(ending));
    let at = before.rfind(['は', 'が'])?;
    let end = sentence.start + at;
    let tokens: Vec<&Token> = text.tokens_in(&(sentence.start..end)).collect();
    let last = tokens.last().filter(|token| token.end == end)?;
    if own.iter().any(|own| {
        own.start <= last.start
            && last.end <= own.end.max(last.end)
            && own.start + 60 > last.start
            && own.end >= last.start
    }) {
        return Some(Said { subject: Subject::Company, is_passive });
    }
    if matches!(text.word(last), "同社" | "当社")
        || !matches!(last.kind, Kind::Han | Kind::Katakana | Kind::Word)
    {
        return None;
    }
    let is_known = text
        .mentions
        .iter()
        .any(|found| found.start < last.end && last.start < found.end && found.value.group() != Group::Place);
    (!is_known && text.word(last).chars().count() > 2)
        .then(|| Said { subject: Subject::Other(text.word(last).to_owned()), is_passive })
}
