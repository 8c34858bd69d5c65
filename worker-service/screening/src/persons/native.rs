//! Reads words of names in scripts other than Latin.

mod abjad;
mod brahmic;
mod han;
mod hangul;
mod words;

use crate::names::{
    romanize::romanize,
    script::{Script, script},
};

pub(super) use self::abjad::similarity as similarity_without_vowels;
use self::words::Words;

/// Returns the readings of a word: one, or several for Chinese characters.
pub(super) fn words(run: &[char]) -> Vec<Words> {
    let spelled = |word: String| vec![if word.is_empty() { Vec::new() } else { vec![(word, false)] }];
    let Some(first) = run.first() else { return vec![Vec::new()] };
    match script(*first) {
        Script::Abjad => vec![abjad::words(run)],
        Script::EastAsian if hangul::is_hangul(run) => vec![hangul::words(run)],
        Script::EastAsian => han::readings(run),
        _ if run.iter().any(|c| has_vowel_marks(*c)) => vec![brahmic::words(run)],
        _ if is_greek(*first) => spelled(greek(run)),
        _ => spelled(romanize(run.iter().copied())),
    }
}

/// Returns whether `c` belongs to a script of India or South-East Asia, whose vowels are marks.
pub(super) fn has_vowel_marks(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

fn is_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3ff}')
}

/// Returns a Greek word as names are usually spelled in Latin letters (ELOT 743, simplified).
fn greek(run: &[char]) -> String {
    let word: String = run.iter().collect();
    let start = [("μπ", "b"), ("ντ", "d"), ("γκ", "g")]
        .into_iter()
        .find_map(|(greek, latin)| word.strip_prefix(greek).map(|rest| format!("{latin}{rest}")))
        .unwrap_or(word);
    let spelled =
        [("ου", "ou"), ("αυ", "av"), ("ευ", "ev"), ("γγ", "ng"), ("χ", "ch"), ("η", "i"), ("υ", "y")];
    let text = spelled.into_iter().fold(start, |text, (greek, latin)| text.replace(greek, latin));
    romanize(text.chars())
}
