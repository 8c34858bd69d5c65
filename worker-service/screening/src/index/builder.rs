//! Builds the index of a list.

use super::{
    Index, Names, TokenId, WEIGHT_STEPS,
    acronyms::{Acronyms, initials},
    compressed::CompressedPostings,
    id, inverse_document_frequency,
    multimap::{HashMultimap, Postings},
    ngrams::{BIGRAMS, TRIGRAMS, bigrams, trigrams},
    similar::shortened,
    vocabulary::{Vocabulary, VocabularyBuilder, hash},
};
use crate::names::{Outline, TOKENS_MAX, TokenView};

/// Builds the index of a list, entity by entity.
#[derive(Debug)]
pub(crate) struct IndexBuilder {
    vocabulary: VocabularyBuilder,
    names: Names,
    /// For each token, the number of entities with it, and the last of them.
    frequencies: Vec<(u32, u32)>,
    entity_count: usize,
    by_trigram: CompressedPostings,
    acronyms: Acronyms,
}

impl IndexBuilder {
    /// Starts the index of a list.
    pub(crate) fn new() -> Self {
        Self {
            vocabulary: VocabularyBuilder::default(),
            names: Names { starts: vec![0], ..Names::default() },
            frequencies: Vec::new(),
            entity_count: 0,
            by_trigram: CompressedPostings::new(TRIGRAMS),
            acronyms: Acronyms::default(),
        }
    }

    /// Adds the names of the next entity, the main name first.
    pub(crate) fn add<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        self.entity_count += 1;
        for (position, name) in names.into_iter().enumerate() {
            self.add_name(position, name);
        }
    }

    fn add_name(&mut self, position: usize, name: &str) {
        let (name_id, entity) = (id(self.names.len()), id(self.entity_count));
        let mut outline = Outline::parse(name);
        outline.shorten(TOKENS_MAX, |word| word.weight);
        let mut compact = String::with_capacity(name.len());
        let mut letters = 0;
        let start = self.names.tokens.len();
        for word in &outline.words {
            let token = self.vocabulary.id(word);
            if self.frequencies.len() <= token as usize {
                self.frequencies.push((0, 0));
            }
            let (frequency, last) = &mut self.frequencies[token as usize];
            if *last != entity {
                *frequency += 1;
                *last = entity;
            }
            self.names.tokens.push(token);
            self.names.weights.push(steps(word.weight));
            letters += word.latin().len();
            if !word.is_legal_form {
                compact.push_str(word.latin());
            }
        }
        self.names.starts.push(id(self.names.tokens.len()));
        self.names.entities.push(entity - 1);
        self.names.positions.push(u16::try_from(position).unwrap_or(u16::MAX));
        self.names.letters.push(u16::try_from(letters).unwrap_or(u16::MAX));
        for trigram in trigrams(&compact) {
            self.by_trigram.push(trigram, name_id);
        }
        let tokens = self.names.tokens[start..].iter().map(|token| self.vocabulary.get(*token));
        for initials in initials(tokens) {
            self.acronyms.add(&initials, name_id);
        }
    }

    /// Returns the index of all entities that were added.
    pub(crate) fn finish(self) -> Index {
        let Self { vocabulary, mut names, frequencies, entity_count, mut by_trigram, mut acronyms } = self;
        by_trigram.shrink();
        acronyms.finish();
        let vocabulary = vocabulary.finish();
        let rarity = |(id, (frequency, _)): (TokenId, &(u32, u32))| {
            let is_legal_form = vocabulary.get(id).traits.is_legal_form;
            if is_legal_form { 1.0 } else { inverse_document_frequency(*frequency, entity_count) }
        };
        let rarities: Vec<f32> = (0..).zip(&frequencies).map(rarity).collect();
        drop(frequencies);
        names.shrink();
        let mut index = Index { rarities, vocabulary, names, by_trigram, acronyms, ..Index::default() };
        index.names.totals = (0..id(index.names.len())).map(|name| index.total_weight(name)).collect();
        let vocabulary = &index.vocabulary;
        index.by_latin = lookup(vocabulary, |token, add| add(hash(token.latin)));
        index.by_sounds = lookup(vocabulary, |token, add| add_unless_legal(token, hash(token.sounds), add));
        index.by_consonants =
            lookup(vocabulary, |token, add| add_unless_legal(token, hash(token.consonants), add));
        index.by_shortened = lookup(vocabulary, |token, add| {
            if !token.traits.is_legal_form && !token.traits.is_number {
                shortened(token.sounds, |shorter| add(hash(shorter)));
            }
        });
        index.by_meaning = lookup(vocabulary, |token, add| {
            token.meanings.iter().for_each(|meaning| add(hash(meaning)));
        });
        index.by_bigram = by_bigram(vocabulary);
        let bigram_count = |(_, token): (TokenId, TokenView<'_>)| bigrams(token.sounds).len();
        index.bigram_counts =
            vocabulary.iter().map(|token| u8::try_from(bigram_count(token)).unwrap_or(u8::MAX)).collect();
        index.by_token = by_token(vocabulary, &index.names);
        index
    }
}

impl Names {
    /// Frees the memory that is reserved for further names.
    fn shrink(&mut self) {
        for numbers in [&mut self.entities, &mut self.starts, &mut self.tokens] {
            numbers.shrink_to_fit();
        }
        for numbers in [&mut self.positions, &mut self.letters] {
            numbers.shrink_to_fit();
        }
        self.weights.shrink_to_fit();
    }
}

/// Returns a weight from 0 to 1 in the steps in which it is stored.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is from 0 to 255")]
fn steps(weight: f32) -> u8 {
    (weight.clamp(0.0, 1.0) * WEIGHT_STEPS).round() as u8
}

/// Maps the hashes that `keys` adds for each token to the token.
fn lookup(vocabulary: &Vocabulary, keys: impl Fn(TokenView<'_>, &mut dyn FnMut(u32))) -> HashMultimap {
    let mut entries = Vec::with_capacity(vocabulary.len());
    for (id, token) in vocabulary.iter() {
        keys(token, &mut |hash| entries.push((hash, id)));
    }
    HashMultimap::new(entries)
}

fn add_unless_legal(token: TokenView<'_>, hash: u32, add: &mut dyn FnMut(u32)) {
    if !token.traits.is_legal_form {
        add(hash);
    }
}

fn by_bigram(vocabulary: &Vocabulary) -> Postings {
    Postings::new(BIGRAMS, |add| {
        for (id, token) in vocabulary.iter().filter(|(_, token)| !token.traits.is_number) {
            bigrams(token.sounds).into_iter().for_each(|bigram| add(bigram, id));
        }
    })
}

fn by_token(vocabulary: &Vocabulary, names: &Names) -> Postings {
    let is_legal_form: Vec<bool> = vocabulary.iter().map(|(_, token)| token.traits.is_legal_form).collect();
    Postings::new(vocabulary.len(), |add| {
        for name in 0..id(names.len()) {
            let tokens = names.tokens(name);
            for (at, token) in tokens.iter().enumerate() {
                if !is_legal_form[*token as usize] && !tokens[..at].contains(token) {
                    add(*token, name);
                }
            }
        }
    })
}
