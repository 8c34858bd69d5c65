//! Builds the index of a list.

use super::{
    Index, Names, TokenId, WEIGHT_STEPS,
    acronyms::Acronyms,
    id, inverse_document_frequency,
    multimap::{HashMultimap, Postings},
    ngrams::{BIGRAMS, TRIGRAMS, bigrams, trigrams},
    vocabulary::{Vocabulary, VocabularyBuilder, hash},
};
use crate::names::{Outline, TOKENS_MAX, TokenView};

/// The state that is only needed while names are added.
#[derive(Default)]
struct Builder {
    vocabulary: VocabularyBuilder,
    names: Names,
    /// For each token, the number of entities with it, and the last of them.
    frequencies: Vec<(u32, u32)>,
    entity_count: usize,
}

/// Indexes the names of each entity, the main name first.
pub(super) fn build<'a, Names>(entities: impl Iterator<Item = Names>) -> Index
where
    Names: IntoIterator<Item = &'a str>,
{
    let mut builder = Builder::default();
    builder.names.starts.push(0);
    for names in entities {
        builder.entity_count += 1;
        for (position, name) in names.into_iter().enumerate() {
            builder.add_name(position, name);
        }
    }
    builder.finish()
}

impl Builder {
    fn add_name(&mut self, position: usize, name: &str) {
        let entity = id(self.entity_count);
        let mut outline = Outline::parse(name);
        outline.shorten(TOKENS_MAX, |word| word.weight);
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
        }
        self.names.starts.push(id(self.names.tokens.len()));
        self.names.entities.push(entity - 1);
        self.names.positions.push(u16::try_from(position).unwrap_or(u16::MAX));
    }

    fn finish(self) -> Index {
        let Self { vocabulary, mut names, frequencies, entity_count } = self;
        let vocabulary = vocabulary.finish();
        for capacity in [&mut names.entities, &mut names.starts, &mut names.tokens] {
            capacity.shrink_to_fit();
        }
        names.weights.shrink_to_fit();
        names.positions.shrink_to_fit();
        let rarity = |(id, (frequency, _)): (TokenId, &(u32, u32))| {
            let is_legal_form = vocabulary.get(id).traits.is_legal_form;
            if is_legal_form { 1.0 } else { inverse_document_frequency(*frequency, entity_count) }
        };
        let mut index = Index {
            rarities: (0..).zip(&frequencies).map(rarity).collect(),
            by_latin: lookup(&vocabulary, |token, add| add(hash(token.latin))),
            by_sounds: lookup(&vocabulary, |token, add| add_unless_legal(token, hash(token.sounds), add)),
            by_consonants: lookup(&vocabulary, |token, add| {
                add_unless_legal(token, hash(token.consonants), add);
            }),
            by_meaning: lookup(&vocabulary, |token, add| {
                token.meanings.iter().for_each(|meaning| add(hash(meaning)));
            }),
            by_bigram: by_bigram(&vocabulary),
            by_token: by_token(&vocabulary, &names),
            vocabulary,
            names,
            ..Index::default()
        };
        index.by_trigram = by_trigram(&index);
        index.acronyms = Acronyms::new(&index);
        index
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
    Postings::new(vocabulary.len(), |add| {
        for name in 0..id(names.entities.len()) {
            let tokens = names.tokens(name);
            for (at, token) in tokens.iter().enumerate() {
                let is_repeated = tokens[..at].contains(token);
                if !is_repeated && !vocabulary.get(*token).traits.is_legal_form {
                    add(*token, name);
                }
            }
        }
    })
}

fn by_trigram(index: &Index) -> Postings {
    Postings::new(TRIGRAMS, |add| {
        for name in 0..id(index.names.entities.len()) {
            let compact = index.compact(index.names.tokens(name));
            trigrams(&compact).into_iter().for_each(|trigram| add(trigram, name));
        }
    })
}
