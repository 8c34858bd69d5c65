//! Finds the terms of a vocabulary in a text.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::{
    folding::Folded,
    text::token::{Kind, Token, tokens},
};

/// Length, in characters, of the beginning of a word by which "word*" is looked up.
const PREFIX: usize = 3;

/// Most words that "~" stands for.
const GAP: usize = 14;
/// Bytes of the longest word that is read as a compound.
const COMPOUND_MAX: usize = 48;
/// Characters of the shortest first part of a compound.
const COMPOUND_HEAD: usize = 3;
/// Characters of the shortest last part of a compound.
const COMPOUND_TAIL: usize = 5;

/// A vocabulary: terms, each with what it stands for.
#[derive(Debug)]
pub(crate) struct Terms<T> {
    /// Terms by their first word.
    words: HashMap<String, Vec<Term<T>>>,
    /// Terms whose first word is a beginning, by its first characters.
    beginnings: HashMap<String, Vec<Term<T>>>,
    /// Terms in scripts without spaces between words, which are found inside of longer runs.
    dense: Option<AhoCorasick>,
    dense_values: Vec<T>,
}

#[derive(Clone, Debug)]
struct Term<T> {
    words: Vec<Pattern>,
    /// What follows after other words: "zu" in "gab ~ zu". Empty if nothing does.
    tail: Vec<Pattern>,
    value: T,
}

#[derive(Clone, Debug)]
struct Pattern {
    word: String,
    is_beginning: bool,
}

/// A term in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found<T> {
    /// The first byte.
    pub(crate) start: usize,
    /// The byte after the last.
    pub(crate) end: usize,
    /// What the term stands for.
    pub(crate) value: T,
}

impl Pattern {
    fn matches(&self, word: &str) -> bool {
        if self.is_beginning { word.starts_with(&self.word) } else { word == self.word }
    }
}

impl<T: Copy + PartialEq> Terms<T> {
    /// Creates a vocabulary. A term is a run of words, "word*" matches every word that begins with "word", and "~"
    /// stands for up to [`GAP`] words within a clause.
    pub(crate) fn new<'a>(terms: impl Iterator<Item = (&'a str, T)>) -> Self {
        let (mut words, mut beginnings) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        let (mut dense, mut dense_values) = (Vec::new(), Vec::new());
        for (term, value) in terms {
            if term.contains(is_dense) {
                dense.push(Folded::new(term.trim_end_matches('*')).text);
                dense_values.push(value);
                continue;
            }
            let run = |run: &str| run.split_whitespace().flat_map(patterns).collect::<Vec<Pattern>>();
            let (head, tail) = term.split_once(" ~ ").unwrap_or((term, ""));
            let (words_of_term, tail) = (run(head), run(tail));
            let Some(first) = words_of_term.first().cloned() else { continue };
            let entry = Term { words: words_of_term, tail, value };
            if first.is_beginning {
                beginnings.entry(beginning(&first.word)).or_default().push(entry);
            } else {
                words.entry(first.word).or_default().push(entry);
            }
        }
        let dense = (!dense.is_empty())
            .then(|| AhoCorasick::builder().match_kind(MatchKind::Standard).build(&dense).ok())
            .flatten();
        Self { words, beginnings, dense, dense_values }
    }

    /// Returns every term in `text`, in the order in which they begin. Of two terms that stand for the same and
    /// overlap, only the longer one is returned.
    pub(crate) fn find(&self, text: &str, tokens: &[Token]) -> Vec<Found<T>> {
        let mut found: Vec<Found<T>> = Vec::new();
        for at in 0..tokens.len() {
            found.extend(self.at(text, tokens, at));
        }
        for hit in self.dense.iter().flat_map(|dense| dense.find_overlapping_iter(text)) {
            let value = self.dense_values[hit.pattern().as_usize()];
            found.push(Found { start: hit.start(), end: hit.end(), value });
        }
        found.sort_by_key(|found| (found.start, std::cmp::Reverse(found.end)));
        let mut kept: Vec<Found<T>> = Vec::new();
        for one in found {
            let covered =
                kept.iter().rev().take(8).any(|other| {
                    other.value == one.value && other.start <= one.start && one.end <= other.end
                });
            if !covered {
                kept.push(one);
            }
        }
        kept
    }

    /// Returns the terms of words that begin with the token at this index.
    pub(crate) fn at(&self, text: &str, tokens: &[Token], at: usize) -> Vec<Found<T>> {
        let Some(token) = tokens.get(at).filter(|token| token.kind == Kind::Word) else { return Vec::new() };
        let word = &text[token.start..token.end];
        let exact = self.words.get(word).into_iter().flatten();
        let key: String = beginning(word);
        let started = self.beginnings.get(&key).into_iter().flatten();
        let is_at = |at: usize, words: &[Pattern]| {
            tokens.get(at..at + words.len()).is_some_and(|tokens| {
                tokens.iter().zip(words).all(|(token, word)| word.matches(&text[token.start..token.end]))
            })
        };
        let matching = |term: &&Term<T>| {
            let after = at + term.words.len();
            is_at(at, &term.words)
                && (term.tail.is_empty()
                    || (after..after + GAP).any(|next| {
                        is_at(next, &term.tail)
                            && is_one_clause(text, tokens[after - 1].end, tokens[next].start)
                    }))
        };
        exact
            .chain(started)
            .filter(matching)
            .map(|term| Found {
                start: token.start,
                end: tokens[at + term.words.len() - 1].end,
                value: term.value,
            })
            .collect()
    }

    /// Returns what ends a word: "strafe" in "millionenstrafe". German and other languages write compounds as one word,
    /// whose end says what it is.
    pub(crate) fn end_of_compound(&self, word: &str) -> Option<Found<T>> {
        if word.len() > COMPOUND_MAX {
            return None;
        }
        let ends = word.char_indices().skip(COMPOUND_HEAD).map(|(at, _)| at);
        ends.map(|at| (at, &word[at..])).take_while(|(_, end)| end.chars().count() >= COMPOUND_TAIL).find_map(
            |(at, end)| {
                let exact = self.words.get(end).into_iter().flatten();
                let started = self.beginnings.get(&beginning(end)).into_iter().flatten();
                let is_end = |term: &&Term<T>| {
                    term.tail.is_empty()
                        && matches!(&term.words[..], [only] if only.word.chars().count() + 1 >= COMPOUND_TAIL && only.matches(end))
                };
                let term = exact.chain(started).find(is_end)?;
                Some(Found { start: at, end: word.len(), value: term.value })
            },
        )
    }

    /// Returns what the term of this one word stands for.
    pub(crate) fn find_word(&self, word: &str) -> Option<T> {
        let terms = self.words.get(word)?;
        terms.iter().find(|term| term.words.len() == 1).map(|term| term.value)
    }

    /// Returns the longest term in a script without spaces that `text` begins with.
    pub(crate) fn dense_prefix(&self, text: &str) -> Option<Found<T>> {
        let window: String = text.chars().take(8).collect();
        let dense = self.dense.as_ref()?;
        let hits = dense.find_overlapping_iter(&window).filter(|hit| hit.start() == 0);
        hits.max_by_key(aho_corasick::Match::end).map(|hit| Found {
            start: 0,
            end: hit.end(),
            value: self.dense_values[hit.pattern().as_usize()],
        })
    }
}

/// Returns the patterns of a word of a term: it may consist of several tokens, such as "u.s".
fn patterns(word: &str) -> Vec<Pattern> {
    let folded = Folded::new(word);
    let is_beginning = word.ends_with('*');
    let tokens = tokens(&folded);
    let last = tokens.len().saturating_sub(1);
    let pattern = |(at, token): (usize, &Token)| Pattern {
        word: folded.text[token.start..token.end].to_owned(),
        is_beginning: is_beginning && at == last,
    };
    tokens.iter().enumerate().map(pattern).collect()
}

/// Returns whether no punctuation that ends a clause stands between two places.
fn is_one_clause(text: &str, from: usize, to: usize) -> bool {
    text.get(from..to).is_some_and(|between| !between.contains(['.', ',', ';', ':', '\n', '!', '?', '(']))
}

fn beginning(word: &str) -> String {
    word.chars().take(PREFIX).collect()
}

fn is_dense(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{20000}'..='\u{3134f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_beginnings_runs_and_dense_terms_are_found() {
        let terms = Terms::new(
            [("brib*", 1), ("found guilty", 2), ("guilty", 3), ("罰金", 4), ("制裁金", 4)].into_iter(),
        );
        let find = |text: &str| {
            let folded = Folded::new(text);
            let found = terms.find(&folded.text, &tokens(&folded));
            found
                .into_iter()
                .map(|found| (folded.text[found.start..found.end].to_owned(), found.value))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            find("Found guilty of bribery."),
            [("found guilty".to_owned(), 2), ("guilty".to_owned(), 3), ("bribery".to_owned(), 1)]
        );
        assert_eq!(find("同社は罰金を"), [("罰金".to_owned(), 4)]);
        assert_eq!(find("unguilty"), []);
        let terms = Terms::new([("gab ~ zu", 1), ("strafe*", 2)].into_iter());
        let find = |text: &str| {
            let folded = Folded::new(text);
            terms.find(&folded.text, &tokens(&folded)).len()
        };
        assert_eq!(find("Sie gab am Montag die Tat zu."), 1);
        assert_eq!(find("Sie gab ihm Geld, zu spät."), 0);
        assert_eq!(terms.end_of_compound("millionenstrafen"), Some(Found { start: 9, end: 16, value: 2 }));
        assert_eq!(terms.end_of_compound("strafe"), None);
    }
}
