//! Splits a folded name of any script into words of lower-case Latin letters and digits.

use super::{
    romanize::romanize,
    runs::runs,
    script::{Script, script},
    translations::{LEGAL_FORM, translations},
};

/// Number of words of the longest phrase in Arabic script that is translated as a whole.
const PHRASE_MAX: usize = 3;

/// Articles and prefixes of Arabic words ("the", "and the", "in the", "for the"), longest first.
const ARABIC_PREFIXES: [&str; 4] = ["وال", "بال", "لل", "ال"];

/// A word of a name, before its properties are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LatinWord {
    /// The word in lower-case Latin letters and digits.
    pub(super) latin: String,
    /// Whether the word was written without short vowels, as in Arabic script.
    pub(super) without_vowels: bool,
}

/// How words in scripts other than Latin are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Known words are translated, all others romanised.
    Meaning,
    /// All words are romanised, except legal forms in scripts without spaces.
    Sound,
}

/// Returns the words of a folded name, in order.
pub(super) fn words(folded: &str, reading: Reading) -> Vec<LatinWord> {
    let runs = runs(folded);
    let mut words = Vec::new();
    let mut at = 0;
    while at < runs.len() {
        let longest = PHRASE_MAX.min(runs.len() - at);
        let translated = (1..=longest).rev().find_map(|length| {
            let english = translated_phrase(&runs[at..at + length], reading)?;
            Some((length, english))
        });
        match translated {
            Some((length, english)) => {
                words.extend(english.split(' ').map(spelled));
                at += length;
            }
            None => {
                read_run(&runs[at], reading, &mut words);
                at += 1;
            }
        }
    }
    words
}

/// Returns the translation of a phrase of runs in Arabic script, or `None` if it has none or is not to be
/// translated.
fn translated_phrase(phrase: &[Vec<char>], reading: Reading) -> Option<&'static str> {
    let is_arabic = phrase.iter().all(|run| script(run[0]) == Script::Arabic);
    if reading != Reading::Meaning || !is_arabic {
        return None;
    }
    let words: Vec<String> = phrase.iter().map(|run| run.iter().collect()).collect();
    translations().of(&words.join(" "))
}

/// Appends the words of a run of one script.
fn read_run(run: &[char], reading: Reading, words: &mut Vec<LatinWord>) {
    match script(run[0]) {
        Script::EastAsian => read_east_asian(run, reading, words),
        Script::Arabic => read_arabic(run, reading, words),
        Script::Latin | Script::Cyrillic => {
            let latin = romanize(run.iter().copied());
            if !latin.is_empty() {
                words.push(spelled(&latin));
            }
        }
    }
}

/// Appends the translation of an Arabic word without its article or, if it is not translated, its romanised
/// consonants and long vowels.
fn read_arabic(run: &[char], reading: Reading, words: &mut Vec<LatinWord>) {
    let text: String = run.iter().collect();
    let stem = ARABIC_PREFIXES
        .into_iter()
        .find_map(|prefix| text.strip_prefix(prefix).filter(|stem| stem.chars().count() > 2))
        .unwrap_or(&text);
    match translations().of(stem).filter(|_| reading == Reading::Meaning) {
        Some(english) => words.extend(english.split(' ').map(spelled)),
        None => {
            let latin = romanize(stem.chars());
            if !latin.is_empty() {
                words.push(LatinWord { latin, without_vowels: true });
            }
        }
    }
}

/// Appends the words of a run without spaces: the longest known word at each place is translated, and the
/// characters between two known words are romanised as one word.
fn read_east_asian(run: &[char], reading: Reading, words: &mut Vec<LatinWord>) {
    let mut unknown = String::new();
    let romanize_unknown = |unknown: &mut String, words: &mut Vec<LatinWord>| {
        let latin = romanize(std::mem::take(unknown).chars());
        if !latin.is_empty() {
            words.push(spelled(&latin));
        }
    };
    let mut at = 0;
    while at < run.len() {
        let longest = translations().longest_unspaced.min(run.len() - at);
        let known = (1..=longest).rev().find_map(|length| {
            let part: String = run[at..at + length].iter().collect();
            let english = translations().of(&part)?;
            // A single character is a word of its own only at the end; elsewhere it is part of a name.
            let is_word = length > 1 || at + length == run.len();
            let is_translated = reading == Reading::Meaning || english == LEGAL_FORM;
            (is_word && is_translated).then_some((length, english))
        });
        match known {
            Some((length, english)) => {
                romanize_unknown(&mut unknown, words);
                words.extend(english.split(' ').filter(|word| !word.is_empty()).map(spelled));
                at += length;
            }
            None => {
                unknown.push(run[at]);
                at += 1;
            }
        }
    }
    romanize_unknown(&mut unknown, words);
}

/// Returns a word that is spelled with its vowels.
fn spelled(latin: &str) -> LatinWord {
    LatinWord { latin: latin.to_owned(), without_vowels: false }
}
