//! The languages that the checks know, and how a text's language is recognised.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

/// A language with words in the lexicon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    En,
    Ja,
    De,
    Fr,
    Es,
    Pt,
    It,
    Nl,
    Zh,
    Ko,
    Ru,
    Ar,
    Pl,
    Tr,
    Sv,
    /// Any other language: the lexicon has no words for it.
    Other,
}

/// The words without content of their own, by language.
static FUNCTION_WORDS: LazyLock<HashMap<Language, Vec<&'static str>>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test uses it")]
    let file: HashMap<Language, &str> = toml::from_str(include_str!("lexicon/data/function_words.toml"))
        .expect("function_words.toml is valid");
    file.into_iter().map(|(language, words)| (language, words.split(' ').collect())).collect()
});

impl Language {
    /// Returns whether the language is written without spaces between words, or joins particles to words, so
    /// that its terms are found inside of longer runs of characters.
    pub(crate) fn is_dense(self) -> bool {
        matches!(self, Self::Ja | Self::Zh | Self::Ko)
    }

    /// Returns the language with this BCP 47 tag.
    pub(crate) fn with_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag).to_lowercase();
        toml::Value::String(primary).try_into().unwrap_or(Self::Other)
    }

    /// Returns whether the lexicon has words of this language for every stage of proceedings. Of other languages it
    /// has some, so that what it does not find may still be there.
    pub(crate) fn is_covered(self) -> bool {
        !matches!(self, Self::Pl | Self::Tr | Self::Sv | Self::Other)
    }

    /// Returns whether what says that something is not so follows the words that it concerns.
    pub(crate) fn marks_follow(self) -> bool {
        matches!(self, Self::Ja | Self::Ko | Self::Tr)
    }

    /// Returns whether `word`, in folded form, has no content of its own.
    pub(crate) fn is_function_word(self, word: &str) -> bool {
        FUNCTION_WORDS.get(&self).is_some_and(|words| words.contains(&word))
    }
}
