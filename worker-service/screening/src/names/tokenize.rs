//! Splits a folded name of any script into words of lower-case Latin letters and digits.

use super::{
    numerals,
    romanize::romanize,
    runs::{Run, runs},
    translations::{LEGAL_FORM, translations},
    word::LatinWord,
};

/// Number of words of the longest phrase in a script without short vowels that is translated as a whole.
const PHRASE_MAX: usize = 3;

/// Articles and prefixes of Arabic words ("the", "and the", "in the", "for the"), longest first.
const ARABIC_PREFIXES: [&str; 4] = ["وال", "بال", "لل", "ال"];

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
    let mut words = Vec::with_capacity(runs.len());
    let mut at = 0;
    while at < runs.len() {
        let translated = match runs[at] {
            _ if reading != Reading::Meaning => None,
            Run::Abjad(_) => translated_phrase(&runs[at..]),
            Run::Spelled(_) => translated_latin_phrase(&runs[at..]),
            Run::EastAsian(_) => None,
        };
        match translated {
            Some((length, english)) => {
                words.extend(english.split(' ').map(LatinWord::spelled));
                at += length;
            }
            None => {
                read_run(&runs[at], reading, &mut words);
                at += 1;
            }
        }
    }
    numerals::join_and_split(words)
}

/// Returns the number and the translation of the first runs that are a known phrase in a script without short
/// vowels, or `None` if there is none.
fn translated_phrase(runs: &[Run]) -> Option<(usize, &'static str)> {
    let word = |run: &Run| match run {
        Run::Abjad(letters) => Some(letters.iter().collect()),
        Run::Spelled(_) | Run::EastAsian(_) => None,
    };
    let words: Vec<String> = runs.iter().take(PHRASE_MAX).map_while(word).collect();
    (1..=words.len()).rev().find_map(|length| Some((length, translations().of(&words[..length].join(" "))?)))
}

/// Returns the number and the English words of the first runs that are a phrase of several words in a spaced
/// alphabet, or a word that stands for several: "fuerza aerea", "aussenministerium".
fn translated_latin_phrase(runs: &[Run]) -> Option<(usize, &'static str)> {
    let word = |run: &'_ Run| match run {
        Run::Spelled(latin) => Some(latin.clone()),
        Run::Abjad(_) | Run::EastAsian(_) => None,
    };
    let Some(Run::Spelled(first)) = runs.first() else { return None };
    if !translations().begins_phrase(first) {
        return None;
    }
    let mut phrase = String::new();
    let mut found = None;
    for (at, latin) in runs.iter().map_while(word).take(translations().longest_phrase).enumerate() {
        if at > 0 {
            phrase.push(' ');
        }
        phrase.push_str(&latin);
        if let Some(english) = translations().of_phrase(&phrase) {
            found = Some((at + 1, english));
        }
    }
    found
}

/// Appends the words of a run of one script.
fn read_run(run: &Run, reading: Reading, words: &mut Vec<LatinWord>) {
    match run {
        Run::EastAsian(letters) => read_east_asian(letters, reading, words),
        Run::Abjad(letters) => read_abjad(letters, reading, words),
        Run::Spelled(latin) if latin.is_empty() => {}
        Run::Spelled(latin) => words.push(LatinWord::spelled(latin)),
    }
}

/// Appends the translation of a word in Arabic or Hebrew script without its Arabic article or, if it is not translated, its romanised
/// consonants and long vowels.
fn read_abjad(run: &[char], reading: Reading, words: &mut Vec<LatinWord>) {
    let text: String = run.iter().collect();
    let stem = ARABIC_PREFIXES
        .into_iter()
        .find_map(|prefix| text.strip_prefix(prefix).filter(|stem| stem.chars().count() > 2))
        .unwrap_or(&text);
    match translations().of(stem).filter(|_| reading == Reading::Meaning) {
        Some(english) => words.extend(english.split(' ').map(LatinWord::spelled)),
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
            words.push(LatinWord::spelled(&latin));
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
                words.extend(english.split(' ').filter(|word| !word.is_empty()).map(LatinWord::spelled));
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
