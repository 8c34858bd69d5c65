//! Words with the keys by which they are compared.

use super::{
    sound,
    syllables::{self, SyllableKey},
    tables,
};

/// Minimum length of a word that may begin with an Arabic article that is written as part of it.
const JOINED_ARTICLE_MIN: usize = 6;

/// The keys of a word.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) sounds: String,
    pub(super) syllables: [SyllableKey; 2],
}

/// A word of a query or of the list, for comparing.
#[derive(Clone, Copy, Debug)]
pub(super) struct WordView<'a> {
    pub(super) text: &'a str,
    pub(super) sounds: &'a str,
    /// Its syllables in Mandarin and Korean.
    pub(super) syllables: [SyllableKey; 2],
    pub(super) without_vowels: bool,
}

impl Keys {
    pub(super) fn new(text: &str) -> Self {
        Self {
            sounds: sound::key(text),
            syllables: [syllables::mandarin(text).key, syllables::korean(text).key],
        }
    }

    pub(super) fn view<'a>(&'a self, text: &'a str, without_vowels: bool) -> WordView<'a> {
        WordView { text, sounds: &self.sounds, syllables: self.syllables, without_vowels }
    }

    /// Returns the hashes by which words with the same syllables are found.
    pub(super) fn syllable_hashes(&self) -> impl Iterator<Item = u32> {
        syllable_hashes(self.syllables)
    }
}

/// Returns the hashes by which words with these syllables are found.
pub(super) fn syllable_hashes(syllables: [SyllableKey; 2]) -> impl Iterator<Item = u32> {
    let kinds = [kinds::MANDARIN, kinds::KOREAN];
    syllables.into_iter().zip(kinds).filter_map(|(key, kind)| key.hash(kind))
}

/// Returns whether words have the same syllables in one of the languages.
pub(super) fn has_same_syllables(a: [SyllableKey; 2], b: [SyllableKey; 2]) -> bool {
    a.into_iter().zip(b).any(|(a, b)| a.agrees(b))
}

/// Kinds of keys, mixed into their hashes.
pub(super) mod kinds {
    pub(in crate::persons) const SOUND: u8 = 0;
    pub(in crate::persons) const DELETION: u8 = 1;
    pub(in crate::persons) const SKELETON: u8 = 2;
    pub(in crate::persons) const MANDARIN: u8 = 3;
    pub(in crate::persons) const KOREAN: u8 = 4;
}

/// Returns the word without an article that is written as part of it, or `None` if it has none: "Alharbi".
pub(super) fn without_article<'a>(text: &'a str, sounds: &str) -> Option<&'a str> {
    let stem = text.strip_prefix("al").or_else(|| text.strip_prefix("el"))?;
    (text.len() >= JOINED_ARTICLE_MIN && tables::groups(sounds).is_empty()).then_some(stem)
}
