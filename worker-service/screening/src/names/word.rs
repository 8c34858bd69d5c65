//! A word of a name, before its properties are looked up.

/// A word in Latin letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LatinWord {
    /// The word in lower-case Latin letters and digits.
    pub(super) latin: String,
    /// Whether the word was written without short vowels, as in Arabic and Hebrew script.
    pub(super) without_vowels: bool,
}

impl LatinWord {
    /// Returns a word that is spelled with its vowels.
    pub(super) fn spelled(latin: &str) -> Self {
        Self { latin: latin.to_owned(), without_vowels: false }
    }
}

impl AsRef<str> for LatinWord {
    fn as_ref(&self) -> &str {
        &self.latin
    }
}
