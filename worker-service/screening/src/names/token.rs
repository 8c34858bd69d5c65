//! Tokens: the words of a name with the properties by which they are compared.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use super::{
    contrast::{Contrast, contrast},
    lexicon::{Role, lexicon},
    phonetic,
    word::LatinWord,
};

/// What a word can mean, as a hash of the English word.
pub(crate) type MeaningId = u64;

/// The properties of a token that have a fixed size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    /// How distinctive the word is in itself and, in a name, at its place there: from 0 to 1. The index
    /// multiplies it by the word's inverse document frequency.
    pub(crate) weight: f32,
    /// Whether the token is part of a legal form.
    pub(crate) is_legal_form: bool,
    /// Whether the word was written without short vowels, as in Arabic script.
    pub(crate) without_vowels: bool,
    /// Whether the word contains a digit. Numbers are equal or different, never similar.
    pub(crate) is_number: bool,
    /// Whether the word is in one of the data tables, and so no misspelling of another one there.
    pub(crate) is_known: bool,
    /// What the word says of a company.
    pub(crate) role: Role,
    /// The number that the word is, or what it excludes.
    pub(crate) contrast: Option<Contrast>,
}

/// A word of a name, prepared for comparisons. All its texts are ASCII.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// The word in lower-case Latin letters and digits.
    pub(crate) latin: String,
    /// Its phonetic key, vowels included.
    pub(crate) sounds: String,
    /// Its consonant skeleton: the classes of its consonants, in order.
    pub(crate) consonants: String,
    /// What the word can mean. Empty for legal forms.
    pub(crate) meanings: Vec<MeaningId>,
    pub(crate) traits: Traits,
}

/// A borrowed [`Token`]: that of a query, or one of the compact vocabulary of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenView<'a> {
    pub(crate) latin: &'a str,
    pub(crate) sounds: &'a str,
    pub(crate) consonants: &'a str,
    pub(crate) meanings: &'a [MeaningId],
    pub(crate) traits: Traits,
}

impl Token {
    /// Looks up the properties of `word`.
    pub(super) fn new(word: LatinWord, is_legal_form: bool) -> Self {
        let LatinWord { latin, without_vowels } = word;
        let sounds = phonetic::sounds(&latin);
        let contrast = contrast(&latin).filter(|_| !is_legal_form);
        let traits = Traits {
            weight: lexicon().weight(&latin, is_legal_form),
            is_legal_form,
            without_vowels,
            is_number: latin.contains(|c: char| c.is_ascii_digit()),
            is_known: contrast.is_some() || lexicon().is_known(&latin),
            role: lexicon().role(&latin),
            contrast,
        };
        let mut meanings = Vec::new();
        if !is_legal_form {
            meanings.extend(lexicon().meanings(&latin).iter().map(|meaning| id(meaning.as_str())));
            meanings.extend(contrast.map(id));
            meanings.sort_unstable();
            meanings.dedup();
        }
        Self { consonants: phonetic::consonants(&sounds), sounds, traits, meanings, latin }
    }

    /// Returns neighbouring tokens as one word, for names that write together what others write apart.
    pub(crate) fn joined(tokens: &[TokenView<'_>]) -> Self {
        let latin = tokens.iter().map(|token| token.latin).collect();
        let without_vowels = tokens.iter().any(|token| token.traits.without_vowels);
        let mut joined = Self::new(LatinWord { latin, without_vowels }, false);
        joined.traits.weight = tokens.iter().map(|token| token.traits.weight).fold(0.0, f32::max);
        joined
    }

    pub(crate) fn view(&self) -> TokenView<'_> {
        let Self { latin, sounds, consonants, meanings, traits } = self;
        TokenView { latin, sounds, consonants, meanings, traits: *traits }
    }
}

fn id(meaning: impl Hash) -> MeaningId {
    let mut hasher = FxHasher::default();
    meaning.hash(&mut hasher);
    hasher.finish()
}
