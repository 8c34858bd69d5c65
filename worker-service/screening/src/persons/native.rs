//! Reads words of names in scripts other than Latin.

mod abjad;
mod brahmic;
mod han;
mod hangul;
mod words;

use crate::names::{
    greek::{self, Origin},
    romanize::romanize,
    script::{Script, script},
};

pub(super) use self::abjad::similarity as similarity_without_vowels;
use self::words::Words;

/// Returns the readings of a word: one, or several for Chinese characters. A Greek word is read as a name of `origin`.
pub(super) fn words(run: &[char], origin: Origin) -> Vec<Words> {
    let spelled = |word: String| vec![if word.is_empty() { Vec::new() } else { vec![(word, false)] }];
    let Some(first) = run.first() else { return vec![Vec::new()] };
    match script(*first) {
        Script::Abjad => vec![abjad::words(run)],
        Script::EastAsian if hangul::is_hangul(run) => vec![hangul::words(run)],
        Script::EastAsian => han::readings(run),
        _ if run.iter().any(|c| has_vowel_marks(*c)) => vec![brahmic::words(run)],
        _ if run.iter().all(|c| greek::is_greek(*c)) => {
            spelled(greek::in_latin(&run.iter().collect::<String>(), origin))
        }
        _ => spelled(romanize(run.iter().copied())),
    }
}

/// Returns whether `c` belongs to a script of India or South-East Asia, whose vowels are marks.
pub(super) fn has_vowel_marks(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}
