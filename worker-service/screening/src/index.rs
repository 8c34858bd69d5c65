//! The inverted index over the tokens of all listed names.
//!
//! It is built once per list and answers two questions of a query: which tokens of the list are similar to a
//! token ([`similar`]), and which listed names are worth a full comparison ([`candidates`]).

mod candidates;
mod ngrams;
mod similar;

use rustc_hash::{FxHashMap, FxHashSet};

use self::ngrams::{bigrams, trigrams};
use crate::names::{MatchKind, Name, Token};

/// Position of a distinct token in the vocabulary of the list.
pub(crate) type TokenId = u32;
/// Position of a name among all names of the list.
pub(crate) type NameId = u32;
/// Tokens of a list that are similar to a token, with their similarity from 0 to 1.
pub(crate) type SimilarTokens = FxHashMap<TokenId, (f32, MatchKind)>;

/// A name of a listed entity, prepared for comparisons.
#[derive(Debug)]
pub(crate) struct ListedName {
    /// Position of the entity in the list.
    pub(crate) entity: u32,
    /// Position of the name among those of the entity: 0 is the main name, 1 the first alias.
    pub(crate) position: u32,
    /// The tokens, in order.
    pub(crate) tokens: Vec<TokenId>,
    /// The weight of each token, from 0 to 1, with its inverse document frequency.
    pub(crate) weights: Vec<f32>,
    /// The letters and digits without legal forms and spaces.
    pub(crate) compact: Vec<char>,
}

/// All names of a list, with lookups by the properties of their tokens.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The distinct tokens. A word that is part of a legal form in one name and not in another occurs twice.
    pub(crate) vocabulary: Vec<Token>,
    pub(crate) names: Vec<ListedName>,
    entity_count: usize,
    /// Number of entities with a name that contains the word.
    document_frequency: FxHashMap<String, u32>,
    by_latin: FxHashMap<String, Vec<TokenId>>,
    by_sounds: FxHashMap<Vec<char>, Vec<TokenId>>,
    by_meaning: FxHashMap<String, Vec<TokenId>>,
    by_consonants: FxHashMap<Vec<char>, Vec<TokenId>>,
    by_bigram: FxHashMap<[char; 2], Vec<TokenId>>,
    by_trigram: FxHashMap<[char; 3], Vec<NameId>>,
    /// For each token of the vocabulary, the names that contain it. Empty for legal forms.
    postings: Vec<Vec<NameId>>,
}

/// The state that is only needed while an index is built.
#[derive(Default)]
struct Builder {
    index: Index,
    /// Tokens of the vocabulary by their word and whether it is a legal form.
    known: FxHashMap<(String, bool), TokenId>,
}

impl Index {
    /// Indexes the names of each entity, the main name first.
    pub(crate) fn new<'a>(entities: impl Iterator<Item = Vec<&'a str>>) -> Self {
        let mut builder = Builder::default();
        for names in entities {
            builder.add_entity(names);
        }
        builder.finish()
    }

    /// Returns the inverse document frequency of a word, scaled to 0..=1: `ln(1 + N/n) / ln(1 + N)` for a
    /// word that `n` of `N` entities have. It is 1 for a word that at most one entity has.
    #[expect(clippy::cast_precision_loss, reason = "counts of entities are small")]
    fn inverse_document_frequency(&self, latin: &str) -> f32 {
        let frequency = self.document_frequency.get(latin).copied().unwrap_or_default();
        let entities = self.entity_count.max(1) as f32;
        (1.0 + entities / frequency.max(1) as f32).ln() / (1.0 + entities).ln()
    }
}

impl Builder {
    fn add_entity(&mut self, names: Vec<&str>) {
        let entity = self.index.entity_count;
        let mut words = FxHashSet::default();
        for (position, name) in names.into_iter().enumerate() {
            self.add_name(entity, position, &Name::parse(name), &mut words);
        }
        for word in words {
            *self.index.document_frequency.entry(word).or_default() += 1;
        }
        self.index.entity_count += 1;
    }

    /// Adds a name, and its words to the `words` of its entity.
    fn add_name(&mut self, entity: usize, position: usize, name: &Name, words: &mut FxHashSet<String>) {
        let name_id = id(self.index.names.len());
        let mut tokens = Vec::with_capacity(name.tokens.len());
        for token in &name.tokens {
            let token_id = self.token_id(token);
            if !token.is_legal_form {
                words.insert(token.latin.clone());
                let postings = &mut self.index.postings[token_id as usize];
                if postings.last() != Some(&name_id) {
                    postings.push(name_id);
                }
            }
            tokens.push(token_id);
        }
        let compact: Vec<char> = name.compact().chars().collect();
        for trigram in trigrams(&compact) {
            self.index.by_trigram.entry(trigram).or_default().push(name_id);
        }
        // The weights are completed by `finish`, when the document frequencies are known.
        let weights = name.tokens.iter().map(|token| token.weight).collect();
        let (entity, position) = (id(entity), id(position));
        self.index.names.push(ListedName { entity, position, tokens, weights, compact });
    }

    /// Returns the position of a token in the vocabulary, and adds it if it is new.
    fn token_id(&mut self, token: &Token) -> TokenId {
        let key = (token.latin.clone(), token.is_legal_form);
        if let Some(id) = self.known.get(&key) {
            return *id;
        }
        let index = &mut self.index;
        let id = id(index.vocabulary.len());
        index.by_latin.entry(token.latin.clone()).or_default().push(id);
        if !token.is_legal_form {
            index.by_sounds.entry(token.sounds.clone()).or_default().push(id);
            for meaning in &token.meanings {
                index.by_meaning.entry(meaning.clone()).or_default().push(id);
            }
            index.by_consonants.entry(token.consonants.clone()).or_default().push(id);
        }
        if !token.is_number {
            for bigram in bigrams(&token.sounds) {
                index.by_bigram.entry(bigram).or_default().push(id);
            }
        }
        index.postings.push(Vec::new());
        index.vocabulary.push(token.clone());
        self.known.insert(key, id);
        id
    }

    /// Multiplies the weight of each token by its inverse document frequency.
    fn finish(self) -> Index {
        let mut index = self.index;
        let frequencies: Vec<f32> =
            index.vocabulary.iter().map(|token| index.inverse_document_frequency(&token.latin)).collect();
        for name in &mut index.names {
            for (token, weight) in name.tokens.iter().zip(&mut name.weights) {
                *weight *= frequencies[*token as usize];
            }
        }
        index
    }
}

/// Returns a position as an id.
fn id(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
