//! A text as the checks read it: words and the concepts that they mention, figures, dates, sentences and clauses.

mod detect;
mod parts;
pub(crate) mod tense;
pub(crate) mod token;

use std::{collections::HashSet, ops::Range};

use self::token::{Kind, Token, tokens};
use crate::{
    figures::{self, DateMention, Figure},
    folding::Folded,
    language::Language,
    lexicon::{Concept, Found, Group, Lexicon},
};

/// A text, read.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// The folded text. All positions are bytes of it.
    pub(crate) folded: String,
    /// For each byte of `folded`, whether it begins a character that was a capital.
    capitals: Vec<bool>,
    /// Its language.
    pub(crate) language: Language,
    /// Its tokens.
    pub(crate) tokens: Vec<Token>,
    /// The concepts that it mentions, in the order in which they begin. Marks are among them.
    pub(crate) mentions: Vec<Found<Concept>>,
    /// Its figures.
    pub(crate) figures: Vec<Figure>,
    /// Its dates.
    pub(crate) dates: Vec<DateMention>,
    /// Its sentences.
    pub(crate) sentences: Vec<Range<usize>>,
    /// Its clauses: parts of sentences between commas and conjunctions.
    pub(crate) clauses: Vec<Range<usize>>,
}

impl Text {
    /// Reads `text`, whose language it recognises.
    pub(crate) fn read(text: &str) -> Self {
        let folded = Folded::new(text);
        let language = detect::language(&folded.text, &tokens(&folded));
        Self::of_folded(folded, language)
    }

    /// Reads `text`, which is in `language`.
    pub(crate) fn read_in(text: &str, language: Language) -> Self {
        Self::of_folded(Folded::new(text), language)
    }

    fn of_folded(folded: Folded, language: Language) -> Self {
        let tokens = tokens(&folded);
        let Folded { text, capitals } = folded;
        let mut mentions =
            Lexicon::terms(language).map(|terms| terms.find(&text, &tokens)).unwrap_or_default();
        // シリア is not in シリアル.
        let is_cut = |found: &Found<Concept>| {
            let is_katakana = |c: char| matches!(c, '\u{30a1}'..='\u{30fa}' | 'ー');
            let (before, after) = (text[..found.start].chars().next_back(), text[found.end..].chars().next());
            (text[found.start..].starts_with(is_katakana) && before.is_some_and(is_katakana))
                || (text[..found.end].ends_with(is_katakana) && after.is_some_and(is_katakana))
        };
        mentions.retain(|found| !is_cut(found));
        let is_place = |found: &Found<Concept>| {
            let token =
                tokens.binary_search_by_key(&found.start, |token| token.start).ok().map(|at| &tokens[at]);
            // English and German words that are also names of places are capitals only as names. Two letters are
            // a country only as capitals.
            token.is_none_or(|token| {
                token.kind != Kind::Word
                    || (token.is_capital || !matches!(language, Language::En))
                        && (found.end - found.start > 3
                            || (token.is_capital && (token.is_upper || token.end - token.start == 1)))
            })
        };
        mentions.extend(compounds(&text, &tokens, language, &mentions));
        // Korean writes India and a delivery alike.
        let known: HashSet<(usize, usize)> = mentions.iter().map(|found| (found.start, found.end)).collect();
        let is_word =
            |found: &Found<Concept>| language.is_dense() && known.contains(&(found.start, found.end));
        let places = Lexicon::places()
            .find(&text, &tokens)
            .into_iter()
            .filter(|found| is_place(found) && !is_word(found) && !is_cut(found));
        mentions.extend(places);
        if let Some(future) = Concept::named("future") {
            let futures = tense::futures(&text, &tokens, language);
            mentions.extend(futures.map(|token| Found { start: token.start, end: token.end, value: future }));
        }
        mentions.sort_by_key(|found| (found.start, found.end));
        mentions.dedup();
        // A mark within a longer term is no mark: "no wrongdoing", 予定より早く.
        let covering: Vec<Found<Concept>> = mentions.clone();
        mentions.retain(|mark| {
            mark.value.group() != Group::Mark
                || !longer(&covering, mark).any(|other| other.value.name() != "cause")
        });
        read_double_negations(&text, &mut mentions);
        remove_conditions(&text, &tokens, &mut mentions);
        remove_perfects(&text, &tokens, &mut mentions);
        let (figures, dates) = figures::read(&text, &tokens, language);
        let sentences = parts::sentences(&text, &tokens, language);
        let clauses = parts::clauses(&text, &tokens, &sentences, language);
        Self { folded: text, capitals, language, tokens, mentions, figures, dates, sentences, clauses }
    }

    /// Returns the text at `range` with its capitals, as a reader expects it.
    pub(crate) fn written(&self, range: Range<usize>) -> String {
        let start = range.start;
        let written = self.at(range).char_indices().map(|(at, c)| {
            let is_capital = self.capitals.get(start + at).copied().unwrap_or_default();
            if is_capital { c.to_uppercase().next().unwrap_or(c) } else { c }
        });
        written.collect::<String>().trim().to_owned()
    }

    /// Returns the text at `range`.
    pub(crate) fn at(&self, range: Range<usize>) -> &str {
        self.folded.get(range).unwrap_or_default()
    }

    /// Returns whether a sentence is part of the title, which is the first line.
    pub(crate) fn is_title(&self, sentence: &Range<usize>) -> bool {
        self.folded.find('\n').is_some_and(|end| sentence.start < end)
    }

    /// Returns the sentence that contains the byte `at`.
    pub(crate) fn sentence_at(&self, at: usize) -> Range<usize> {
        part_at(&self.sentences, at).unwrap_or(0..self.folded.len())
    }

    /// Returns the clause that contains the byte `at`.
    pub(crate) fn clause_at(&self, at: usize) -> Range<usize> {
        part_at(&self.clauses, at).unwrap_or_else(|| self.sentence_at(at))
    }

    /// Returns the mentions within `range`.
    pub(crate) fn mentions_in<'a>(
        &'a self,
        range: &Range<usize>,
    ) -> impl Iterator<Item = &'a Found<Concept>> + Clone + use<'a> {
        let end = range.end;
        let first = self.mentions.partition_point(|found| found.start < range.start);
        self.mentions[first..]
            .iter()
            .take_while(move |found| found.start < end)
            .filter(move |found| found.end <= end)
    }

    /// Returns whether `range` mentions a concept.
    pub(crate) fn has(&self, range: &Range<usize>, concept: Concept) -> bool {
        self.mentions_in(range).any(|found| found.value == concept)
    }

    /// Returns whether `range` mentions a concept of this group.
    pub(crate) fn has_group(&self, range: &Range<usize>, group: Group) -> bool {
        self.mentions_in(range).any(|found| found.value.group() == group)
    }

    /// Returns the tokens within `range`.
    pub(crate) fn tokens_in<'a>(&'a self, range: &Range<usize>) -> impl Iterator<Item = &'a Token> + use<'a> {
        let end = range.end;
        let first = self.tokens.partition_point(|token| token.start < range.start);
        self.tokens[first..]
            .iter()
            .take_while(move |token| token.start < end)
            .filter(move |token| token.end <= end)
    }

    /// Returns the figures that begin within `range`.
    pub(crate) fn figures_in<'a>(
        &'a self,
        range: &Range<usize>,
    ) -> impl Iterator<Item = &'a Figure> + use<'a> {
        let end = range.end;
        let first = self.figures.partition_point(|figure| figure.start < range.start);
        self.figures[first..].iter().take_while(move |figure| figure.start < end)
    }

    /// Returns the dates that begin within `range`.
    pub(crate) fn dates_in<'a>(
        &'a self,
        range: &Range<usize>,
    ) -> impl Iterator<Item = &'a DateMention> + use<'a> {
        let end = range.end;
        let first = self.dates.partition_point(|date| date.start < range.start);
        self.dates[first..].iter().take_while(move |date| date.start < end)
    }

    /// Returns whether a mention is part of a longer term, and so may have another meaning.
    pub(crate) fn is_doubtful(&self, found: &Found<Concept>) -> bool {
        longer(&self.mentions, found).next().is_some()
    }

    /// Returns whether a mention is part of a longer mark, such as "owing" in "owing to".
    pub(crate) fn is_within_mark(&self, found: &Found<Concept>) -> bool {
        longer(&self.mentions, found).any(|other| matches!(other.value.name(), "cause" | "strict_cause"))
    }

    /// Returns the word of a token.
    pub(crate) fn word(&self, token: &Token) -> &str {
        self.at(token.start..token.end)
    }
}

/// Returns what the ends of compounds mention, of words that are no terms themselves.
fn compounds(
    text: &str,
    tokens: &[Token],
    language: Language,
    mentions: &[Found<Concept>],
) -> Vec<Found<Concept>> {
    let Some(terms) =
        Lexicon::terms(language).filter(|_| matches!(language, Language::De | Language::Nl | Language::Sv))
    else {
        return Vec::new();
    };
    let known: HashSet<usize> = mentions.iter().map(|found| found.start).collect();
    let words = tokens.iter().filter(|token| token.kind == Kind::Word && !known.contains(&token.start));
    words
        .filter_map(|token| {
            let found = terms.end_of_compound(&text[token.start..token.end])?;
            (found.value.group() != Group::Mark).then_some(Found {
                start: token.start,
                end: token.end,
                value: found.value,
            })
        })
        .collect()
}

/// Reads a denial that is negated as an admission: "did not deny" says that it is so.
fn read_double_negations(text: &str, mentions: &mut Vec<Found<Concept>>) {
    let is = |found: &Found<Concept>, name: &str| found.value.name() == name;
    let is_gap =
        |gap: &str| gap.len() < 12 && gap.chars().all(|c| c == ' ' || matches!(c, '\u{3041}'..='\u{309f}'));
    let (mut removed, mut admitted) = (HashSet::new(), HashSet::new());
    // "denied neither X nor Y": the second negation belongs to the first.
    let mut nor_until = 0;
    for (at, first) in mentions.iter().enumerate() {
        if first.start < nor_until && text.get(first.start..first.end) == Some("nor") {
            removed.insert(at);
        }
        for (offset, second) in mentions[at + 1..].iter().take(NEIGHBOURS).enumerate() {
            // "Neither admitted nor denied" leaves it open.
            if matches!(text.get(first.start..first.end), Some("nor" | "neither" | "ni" | "noch")) {
                break;
            }
            let is_pair = (is(first, "negation") && is(second, "deny"))
                || (is(first, "deny") && is(second, "negation"));
            if !is_pair || !text.get(first.end..second.start).is_some_and(is_gap) {
                continue;
            }
            let (negation, denial) =
                if is(first, "deny") { (at + 1 + offset, at) } else { (at, at + 1 + offset) };
            removed.insert(negation);
            // "N'a pas contesté" negates once, in two words.
            let halves = mentions[..negation].iter().enumerate().rev().take(NEIGHBOURS);
            removed.extend(
                halves
                    .filter(|(_, half)| {
                        is(half, "negation") && half.end + HALF_GAP >= mentions[negation].start
                    })
                    .map(|(index, _)| index),
            );
            admitted.insert(denial);
            // "Denied" is a lack as well.
            removed.extend((at..=at + 1 + offset).filter(|index| is(&mentions[*index], "lack")));
            if text.get(second.start..second.end) == Some("neither") {
                nor_until = second.end + NEITHER_REACH;
            }
        }
    }
    if let Some(admit) = Concept::named("admit") {
        for denial in admitted {
            mentions[denial].value = admit;
        }
    }
    let mut at = 0;
    mentions.retain(|_| {
        at += 1;
        !removed.contains(&(at - 1))
    });
}

/// Removes the negation of a condition: "if it does not stop" says nothing of what happened.
fn remove_conditions(text: &str, tokens: &[Token], mentions: &mut Vec<Found<Concept>>) {
    mentions.retain(|found| {
        if found.value.name() != "negation" {
            return true;
        }
        let next = tokens.partition_point(|token| token.start < found.start);
        let before = &tokens[next.saturating_sub(CONDITION_REACH)..next];
        !before.iter().any(|token| {
            matches!(&text[token.start..token.end], "if" | "wenn" | "falls")
                && !text[token.end..found.start.max(token.end)].contains([',', '.', ';'])
        })
    });
}

/// Removes what only looks like a possibility: the Arabic word for "may" says that it has been so before a verb in the
/// past.
fn remove_perfects(text: &str, tokens: &[Token], mentions: &mut Vec<Found<Concept>>) {
    mentions.retain(|found| {
        if text.get(found.start..found.end) != Some("قد") {
            return true;
        }
        let next = tokens.partition_point(|token| token.start < found.end);
        tokens.get(next).is_some_and(|token| text[token.start..].starts_with(['ي', 'ت', 'ن']))
    });
}

/// Number of words between "if" and its negation.
const CONDITION_REACH: usize = 5;

/// Bytes between the two words of one negation.
const HALF_GAP: usize = 6;
/// Number of mentions after a negation among which the denial stands that it negates.
const NEIGHBOURS: usize = 4;
/// Bytes after "neither" in which its "nor" stands.
const NEITHER_REACH: usize = 200;

/// Length in bytes of the longest term of the lexicon, and some more.
const TERM_MAX: usize = 96;

/// Returns the longer terms for something else that cover a mention, of mentions in their order.
fn longer<'a>(
    mentions: &'a [Found<Concept>],
    found: &Found<Concept>,
) -> impl Iterator<Item = &'a Found<Concept>> + use<'a> {
    let found = *found;
    let first = mentions.partition_point(|other| other.start + TERM_MAX < found.start);
    mentions[first..].iter().take_while(move |other| other.start <= found.start).filter(move |other| {
        found.end <= other.end
            && other.end - other.start > found.end - found.start
            && other.value != found.value
    })
}

/// Returns the part that contains the byte `at`, of parts in their order.
fn part_at(parts: &[Range<usize>], at: usize) -> Option<Range<usize>> {
    let index = parts.partition_point(|part| part.end <= at);
    parts.get(index).filter(|part| part.contains(&at)).cloned()
}
