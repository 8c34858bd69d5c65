//! Splits a person's name in any script into words of Latin letters. A name that can be read in several ways, such
//! as one in Chinese characters, gives several readings.

use crate::names::{
    fold::fold,
    greek::{self, Origin},
    runs::replace_look_alikes,
    script::{Script, script},
};

use super::native;

/// Maximum number of words of a name that are read. It bounds the time for a hostile name.
const WORDS_MAX: usize = 16;
/// Maximum length of a name in characters. The rest of a longer one is ignored.
const NAME_MAX: usize = 200;

/// A word of a name in lower-case Latin letters and digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LatinWord {
    pub(super) text: String,
    /// Whether it was written in a script without short vowels.
    pub(super) without_vowels: bool,
    /// Whether it stands before the first comma of the name: "FAMILY, Given".
    pub(super) before_comma: bool,
}

/// A word in its own script, with whether it stands before the first comma.
type Run = (Vec<char>, bool);

/// Returns the readings of `name`: at least one, which may be empty.
pub(super) fn readings(name: &str) -> Vec<Vec<LatinWord>> {
    if name.is_ascii() {
        return vec![ascii(name)];
    }
    let runs = runs(name);
    // A Greek text may spell a Greek name or a foreign one.
    let has_greek = runs.iter().any(|(run, _)| run.iter().any(|c| greek::is_greek(*c)));
    let origins: &[Origin] = if has_greek { &[Origin::Greek, Origin::Foreign] } else { &[Origin::Greek] };
    let mut readings: Vec<_> = origins.iter().flat_map(|origin| readings_of(&runs, *origin)).collect();
    readings.dedup();
    readings
}

/// Returns the readings of a name, whose Greek words are names of `origin`.
fn readings_of(runs: &[Run], origin: Origin) -> Vec<Vec<LatinWord>> {
    let mut readings = vec![Vec::new()];
    for (run, before_comma) in runs {
        let choices = native::words(run, origin);
        let mut next = Vec::new();
        for (at, choice) in choices.iter().enumerate() {
            let words = choice.iter().map(|(text, without_vowels)| LatinWord {
                text: text.clone(),
                without_vowels: *without_vowels,
                before_comma: *before_comma,
            });
            for reading in &readings {
                // Each further choice doubles the readings: a name has one run with several.
                if at == 0 || readings.len() == 1 {
                    next.push(reading.iter().cloned().chain(words.clone()).collect());
                }
            }
        }
        readings = next;
    }
    readings.iter_mut().for_each(|words: &mut Vec<LatinWord>| words.truncate(WORDS_MAX));
    readings
}

/// Returns the words of a name in ASCII, as most names of a list are: the same words as the steps below give, faster.
fn ascii(name: &str) -> Vec<LatinWord> {
    let name = &name[..name.len().min(NAME_MAX)];
    let comma = name.find(',').filter(|at| *at > 0);
    let mut words = Vec::with_capacity(4);
    let mut word = String::new();
    for (at, c) in name.bytes().enumerate().chain([(name.len(), b' ')]) {
        match c {
            b'\'' | b'`' | b'"' => {}
            _ if c.is_ascii_alphanumeric() => word.push(char::from(c.to_ascii_lowercase())),
            _ if word.is_empty() => {}
            _ => {
                let before_comma = comma.is_some_and(|comma| at <= comma);
                words.push(LatinWord {
                    text: std::mem::take(&mut word),
                    without_vowels: false,
                    before_comma,
                });
            }
        }
    }
    words.truncate(WORDS_MAX);
    words
}

/// Returns the words of `name` in their own scripts.
fn runs(name: &str) -> Vec<Run> {
    let short: String = name.chars().take(NAME_MAX).collect();
    // The marks of Indian and South-East Asian scripts are vowels, which folding would drop.
    let folded = if short.chars().any(native::has_vowel_marks) { short.to_lowercase() } else { fold(&short) };
    let comma = folded.find([',', '،', '、']).filter(|at| *at > 0);
    let mut runs = Vec::new();
    let mut word: Vec<char> = Vec::new();
    let mut add = |word: &mut Vec<char>, at: usize| {
        if !word.is_empty() {
            let word = replace_look_alikes(word);
            for part in word.chunk_by(|a, b| script(*a) == script(*b)) {
                runs.push((part.to_vec(), comma.is_some_and(|comma| at <= comma)));
            }
        }
        word.clear();
    };
    for (at, c) in folded.char_indices() {
        if c.is_alphanumeric() || native::has_vowel_marks(c) {
            word.push(c);
        } else {
            add(&mut word, at);
        }
    }
    add(&mut word, folded.len());
    joined(runs)
}

/// Joins a name in Chinese characters or Hangul whose family name stands apart: the whole tells how to read it.
fn joined(runs: Vec<Run>) -> Vec<Run> {
    let is_east_asian = |run: &Run| run.0.iter().all(|c| script(*c) == Script::EastAsian);
    let is_kana = |run: &Run| run.0.iter().all(|c| matches!(c, '\u{3040}'..='\u{30ff}'));
    let length: usize = runs.iter().map(|run| run.0.len()).sum();
    if runs.len() < 2 || length > 6 || !runs.iter().all(is_east_asian) || runs.iter().any(is_kana) {
        return runs;
    }
    vec![(runs.into_iter().flat_map(|run| run.0).collect(), false)]
}
