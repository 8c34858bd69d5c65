//! The distinct tokens of a list, in a few large allocations.

use std::{
    collections::hash_map::Entry,
    hash::{Hash, Hasher},
};

use rustc_hash::{FxHashMap, FxHasher};

use super::TokenId;
use crate::names::{MeaningId, OutlineWord, Token, TokenView, Traits};

/// A token of the vocabulary: its texts follow each other in one string.
#[derive(Debug)]
struct Stored {
    /// Where the texts of the token start: the word, then its sounds, then its consonants.
    text: u32,
    latin: u16,
    sounds: u16,
    consonants: u16,
    /// Number of meanings, which start at `meaning`.
    meanings: u16,
    meaning: u32,
    traits: Traits,
}

/// The distinct tokens. A word that is part of a legal form in one name and not in another occurs twice.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    texts: String,
    meanings: Vec<MeaningId>,
    entries: Vec<Stored>,
}

/// Collects the tokens of a list.
#[derive(Debug, Default)]
pub(super) struct VocabularyBuilder {
    vocabulary: Vocabulary,
    /// The tokens by the hash of what distinguishes them: the word, whether it is part of a legal form, and whether
    /// it is written without vowels. A token whose hash another one has is under the next free number.
    known: FxHashMap<u64, TokenId>,
}

impl VocabularyBuilder {
    /// Returns the position of a word in the vocabulary, and adds it if it is new.
    pub(super) fn id(&mut self, word: &OutlineWord) -> TokenId {
        let is_same = |token: TokenView<'_>| {
            token.latin == word.latin()
                && token.traits.is_legal_form == word.is_legal_form
                && token.traits.without_vowels == word.without_vowels()
        };
        let mut key = long_hash((word.latin(), word.is_legal_form, word.without_vowels()));
        loop {
            match self.known.entry(key) {
                Entry::Vacant(entry) => return *entry.insert(self.vocabulary.push(&word.token())),
                Entry::Occupied(entry) if is_same(self.vocabulary.get(*entry.get())) => return *entry.get(),
                Entry::Occupied(_) => key = key.wrapping_add(1),
            }
        }
    }

    /// Returns the token at a position.
    pub(super) fn get(&self, id: TokenId) -> TokenView<'_> {
        self.vocabulary.get(id)
    }

    /// Returns the vocabulary.
    pub(super) fn finish(self) -> Vocabulary {
        let mut vocabulary = self.vocabulary;
        vocabulary.texts.shrink_to_fit();
        vocabulary.meanings.shrink_to_fit();
        vocabulary.entries.shrink_to_fit();
        vocabulary
    }
}

impl Vocabulary {
    /// Returns the number of tokens.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the token at a position.
    pub(crate) fn get(&self, id: TokenId) -> TokenView<'_> {
        let entry = &self.entries[id as usize];
        let (latin, rest) = self.texts[entry.text as usize..].split_at(usize::from(entry.latin));
        let (sounds, rest) = rest.split_at(usize::from(entry.sounds));
        let meaning = entry.meaning as usize;
        TokenView {
            latin,
            sounds,
            consonants: &rest[..usize::from(entry.consonants)],
            meanings: &self.meanings[meaning..meaning + usize::from(entry.meanings)],
            traits: entry.traits,
        }
    }

    /// Returns all tokens with their positions.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TokenId, TokenView<'_>)> {
        (0..super::id(self.len())).map(|id| (id, self.get(id)))
    }

    fn push(&mut self, token: &Token) -> TokenId {
        let id = super::id(self.entries.len());
        // A word has at most a few thousand letters, so the lengths fit; texts that do not are cut.
        let cut = |text: &'_ str| u16::try_from(text.len()).unwrap_or(u16::MAX);
        let entry = Stored {
            text: super::id(self.texts.len()),
            latin: cut(&token.latin),
            sounds: cut(&token.sounds),
            consonants: cut(&token.consonants),
            meanings: u16::try_from(token.meanings.len()).unwrap_or(u16::MAX),
            meaning: super::id(self.meanings.len()),
            traits: token.traits,
        };
        for (text, length) in [
            (&token.latin, entry.latin),
            (&token.sounds, entry.sounds),
            (&token.consonants, entry.consonants),
        ] {
            self.texts.push_str(&text[..usize::from(length)]);
        }
        self.meanings.extend_from_slice(&token.meanings[..usize::from(entry.meanings)]);
        self.entries.push(entry);
        id
    }
}

/// Returns the hash of a key of a token.
pub(crate) fn hash(key: impl Hash) -> u32 {
    let hash = long_hash(key);
    // Both halves, since the good bits of this hash are in the upper one.
    u32::try_from((hash >> 32) ^ (hash & u64::from(u32::MAX))).unwrap_or_default()
}

fn long_hash(key: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    hasher.finish()
}
