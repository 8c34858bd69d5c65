//! Prepares the name of a query for comparisons with many listed names.

use crate::{
    index::{Acronym, Index, SharedBigrams, SimilarTokens, Sought},
    names::{self, Name, OutlineWord, Token},
};

/// Maximum number of tokens of a query for which tokens that differ in letters are looked up: the most
/// distinctive ones. It bounds the time of a query.
const FUZZY_TOKENS_MAX: usize = 24;
/// Share of its rank that a word has that no listed name contains: of a name that is too long, the words of
/// listed names are kept.
const UNLISTED_RANK: f32 = 0.3;

/// Neighbouring tokens of a query as one token.
#[derive(Debug)]
pub(crate) struct Joined {
    /// Position of the first token.
    pub(crate) first: usize,
    /// Number of tokens.
    pub(crate) length: usize,
    pub(crate) token: Token,
}

/// One reading of a query's name, with the data that every comparison needs.
#[derive(Debug)]
pub(crate) struct PreparedQuery<'a> {
    pub(crate) index: &'a Index,
    pub(crate) name: Name,
    /// The weight of each token, from 0 to 1, with its inverse document frequency.
    pub(crate) weights: Vec<f32>,
    /// For each token, the similar tokens of the list.
    pub(crate) similar: Vec<SimilarTokens>,
    /// Neighbouring tokens as one token.
    pub(crate) joined: Vec<Joined>,
    /// The acronym of which the name consists.
    pub(crate) acronym: Option<Acronym>,
    /// The letters and digits without legal forms and spaces.
    pub(crate) compact: String,
}

impl<'a> PreparedQuery<'a> {
    /// Returns the readings of `name`, prepared for comparisons with the names in `index`.
    pub(crate) fn readings(index: &'a Index, name: &str) -> Vec<Self> {
        let rank =
            |word: &OutlineWord| word.weight * if index.contains(word.latin()) { 1.0 } else { UNLISTED_RANK };
        let mut shared = SharedBigrams::default();
        let readings = Name::ranked_readings(name, rank).into_iter();
        readings.map(|reading| Self::new(index, reading, &mut shared)).collect()
    }

    /// Returns what candidates are looked for by.
    pub(crate) fn sought(&self) -> Sought<'_> {
        let Self { name, weights, similar, acronym, .. } = self;
        Sought { name, weights, similar, acronym: acronym.as_ref() }
    }

    /// Looks up the tokens of `name` in the index.
    fn new(index: &'a Index, name: Name, shared: &mut SharedBigrams) -> Self {
        let mut order: Vec<usize> = (0..name.tokens.len()).collect();
        let weight = |at: usize| name.tokens[at].traits.weight;
        order.sort_by(|a, b| weight(*b).total_cmp(&weight(*a)));
        let mut similar = vec![SimilarTokens::default(); name.tokens.len()];
        for (rank, at) in order.into_iter().enumerate() {
            similar[at] = index.similar_tokens(&name.tokens[at], rank < FUZZY_TOKENS_MAX, shared);
        }
        let with_similar = name.tokens.iter().zip(&similar);
        let weights = with_similar.map(|(token, similar)| index.query_weight(token, similar)).collect();
        let joined = (2..=names::JOINED_MAX)
            .flat_map(|length| {
                let tokens = name.joined(length).enumerate();
                tokens.map(move |(first, token)| Joined { first, length, token })
            })
            .collect();
        let compact = name.compact();
        let acronym = index.acronym(&name);
        Self { index, name, weights, similar, joined, acronym, compact }
    }
}
