//! The inverted index over the tokens of all listed names.
//!
//! It is built once per list and answers two questions of a query: which tokens of the list are similar to a
//! token ([`similar`]), and which listed names are worth a full comparison ([`candidates`]). It holds a list of
//! several hundred thousand names in a few large arrays.

mod acronyms;
mod builder;
mod candidates;
mod compressed;
mod multimap;
mod ngrams;
mod similar;
mod vocabulary;

use rustc_hash::FxHashMap;

pub(crate) use self::{
    acronyms::Acronym,
    builder::IndexBuilder,
    candidates::{NameScores, Sought},
    multimap::HashMultimap,
    similar::SharedBigrams,
    vocabulary::hash,
};
use self::{acronyms::Acronyms, compressed::CompressedPostings, multimap::Postings, vocabulary::Vocabulary};
use crate::names::{MatchKind, TokenView};

/// Position of a distinct token in the vocabulary of the list.
pub(crate) type TokenId = u32;
/// Position of a name among all names of the list.
pub(crate) type NameId = u32;
/// Tokens of a list that are similar to a token, with their similarity from 0 to 1.
pub(crate) type SimilarTokens = FxHashMap<TokenId, (f32, MatchKind)>;

/// Number of entities of which one has a word that is entirely rare. Words that fewer have are not rarer, so that a
/// name of two or three such words weighs the same in a list of any length.
const RARE_ONE_IN: f32 = 2_500.0;

/// The steps from 0 to 1 in which the weights of listed names are stored.
const WEIGHT_STEPS: f32 = 255.0;

/// A name of a listed entity, prepared for comparisons.
#[derive(Debug)]
pub(crate) struct ListedName<'a> {
    /// Position of the entity in the list.
    pub(crate) entity: u32,
    /// Position of the name among those of the entity: 0 is the main name, 1 the first alias.
    pub(crate) position: u32,
    /// The tokens, in order.
    pub(crate) tokens: &'a [TokenId],
    /// The same tokens with their properties.
    pub(crate) views: Vec<TokenView<'a>>,
    /// The weight of each token, from 0 to 1, with its inverse document frequency.
    pub(crate) weights: Vec<f32>,
}

impl ListedName<'_> {
    /// Returns the letters and digits without legal forms and spaces.
    pub(crate) fn compact(&self) -> String {
        let words = self.views.iter().filter(|token| !token.traits.is_legal_form);
        words.map(|token| token.latin).collect()
    }
}

/// All names of a list.
#[derive(Debug, Default)]
struct Names {
    /// The entity of each name.
    entities: Vec<u32>,
    /// The position of each name among those of its entity.
    positions: Vec<u16>,
    /// Where the tokens of each name start, and at the end where those of the last name end.
    starts: Vec<u32>,
    tokens: Vec<TokenId>,
    /// The weight of each token at its place in the name, in steps.
    weights: Vec<u8>,
    /// Number of letters and digits of each name.
    letters: Vec<u16>,
    /// Sum of the weights of each name, with their inverse document frequency.
    totals: Vec<f32>,
}

/// All names of a list, with lookups by the properties of their tokens.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The distinct tokens.
    pub(crate) vocabulary: Vocabulary,
    /// The inverse document frequency of each token, from 0 to 1.
    rarities: Vec<f32>,
    names: Names,
    by_latin: HashMultimap,
    by_sounds: HashMultimap,
    /// The tokens by their sounds without one of them.
    by_shortened: HashMultimap,
    by_meaning: HashMultimap,
    by_consonants: HashMultimap,
    /// The tokens with each bigram of sounds.
    by_bigram: Postings,
    /// The number of bigrams of the sounds of each token.
    bigram_counts: Vec<u8>,
    /// The names with each trigram.
    by_trigram: CompressedPostings,
    /// The names with each token. Empty for legal forms.
    by_token: Postings,
    acronyms: Acronyms,
}

impl Index {
    /// Returns the name at a position.
    pub(crate) fn name(&self, id: NameId) -> ListedName<'_> {
        let at = id as usize;
        let tokens = self.names.tokens(id);
        let start = self.names.starts[at] as usize;
        let weights = tokens.iter().zip(&self.names.weights[start..]);
        ListedName {
            entity: self.names.entities[at],
            position: u32::from(self.names.positions[at]),
            tokens,
            views: tokens.iter().map(|token| self.vocabulary.get(*token)).collect(),
            weights: weights.map(|(token, steps)| self.weight(*token, *steps)).collect(),
        }
    }

    /// Returns the sum of the weights of a name.
    fn total_weight(&self, id: NameId) -> f32 {
        let start = self.names.starts[id as usize] as usize;
        let weights = self.names.tokens(id).iter().zip(&self.names.weights[start..]);
        weights.map(|(token, steps)| self.weight(*token, *steps)).sum()
    }

    fn weight(&self, token: TokenId, steps: u8) -> f32 {
        f32::from(steps) / WEIGHT_STEPS * self.rarities[token as usize]
    }

    /// Returns the positions of the tokens that are `latin`.
    fn with_latin<'a>(&'a self, latin: &'a str) -> impl Iterator<Item = TokenId> + 'a {
        self.by_latin.get(hash(latin)).filter(move |id| self.vocabulary.get(*id).latin == latin)
    }

    /// Returns whether a listed name contains the word.
    pub(crate) fn contains(&self, latin: &str) -> bool {
        self.with_latin(latin).next().is_some()
    }

    /// Returns the inverse document frequency of a word, from 0 to 1. It is 1 for a word that the list lacks.
    fn rarity(&self, latin: &str) -> f32 {
        let ids = self.with_latin(latin).filter(|id| !self.vocabulary.get(*id).traits.is_legal_form);
        ids.map(|id| self.rarities[id as usize]).fold(1.0, f32::min)
    }
}

impl Names {
    fn len(&self) -> usize {
        self.entities.len()
    }

    fn tokens(&self, id: NameId) -> &[TokenId] {
        let at = id as usize;
        &self.tokens[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}

/// Returns the inverse document frequency, scaled to 0..=1, of a word that `frequency` of `entities` have. It depends
/// on the share of entities alone: [`RARE_ONE_IN`] entities without the words of the list are assumed beside it, so that
/// a word that two of ten entities have is not common.
#[expect(clippy::cast_precision_loss, reason = "counts of entities are small")]
fn inverse_document_frequency(frequency: u32, entities: usize) -> f32 {
    let share = (entities as f32 + RARE_ONE_IN) / frequency.max(1) as f32;
    ((1.0 + share).ln() / (1.0 + RARE_ONE_IN).ln()).min(1.0)
}

/// Returns a position as an id.
fn id(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
