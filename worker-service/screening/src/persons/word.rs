//! Words with the keys by which they are compared.

use super::{sound, syllables, tables};

/// Minimum length of a word that may begin with an Arabic article that is written as part of it.
const JOINED_ARTICLE_MIN: usize = 6;

/// The keys of a word.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) sounds: String,
    pub(super) mandarin: u32,
    pub(super) korean: u32,
}

/// A word of a query or of the list, for comparing.
#[derive(Clone, Copy, Debug)]
pub(super) struct WordView<'a> {
    pub(super) text: &'a str,
    pub(super) sounds: &'a str,
    /// A hash of its Mandarin syllables; 0 if it has none.
    pub(super) mandarin: u32,
    /// A hash of its Korean syllables; 0 if it has none.
    pub(super) korean: u32,
    pub(super) without_vowels: bool,
}

impl Keys {
    pub(super) fn new(text: &str) -> Self {
        let hash = |kind: u8, syllables: Option<syllables::Syllables>| {
            syllables.map_or(0, |syllables| sound::hash(kind, syllables.key.as_bytes()).max(1))
        };
        Self {
            sounds: sound::key(text),
            mandarin: hash(kinds::MANDARIN, syllables::mandarin(text)),
            korean: hash(kinds::KOREAN, syllables::korean(text)),
        }
    }

    pub(super) fn view<'a>(&'a self, text: &'a str, without_vowels: bool) -> WordView<'a> {
        let Self { sounds, mandarin, korean } = self;
        WordView { text, sounds, mandarin: *mandarin, korean: *korean, without_vowels }
    }
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
pub(super) fn without_article(text: &str) -> Option<&str> {
    if text.len() < JOINED_ARTICLE_MIN || !tables::groups(&sound::key(text)).is_empty() {
        return None;
    }
    text.strip_prefix("al").or_else(|| text.strip_prefix("el"))
}
