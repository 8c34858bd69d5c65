//! Prepares the name of a query for comparisons with many listed names.

use crate::{
    index::{Index, SimilarTokens},
    names::{Name, Token},
};

/// One reading of a query's name, with the data that every comparison needs.
#[derive(Debug)]
pub(crate) struct PreparedQuery<'a> {
    pub(crate) index: &'a Index,
    pub(crate) name: Name,
    /// The weight of each token, from 0 to 1, with its inverse document frequency.
    pub(crate) weights: Vec<f32>,
    /// For each token, the similar tokens of the list.
    pub(crate) similar: Vec<SimilarTokens>,
    /// Each pair of neighbouring tokens as one token.
    pub(crate) joined: Vec<Token>,
    /// The letters and digits without legal forms and spaces.
    pub(crate) compact: Vec<char>,
}

impl<'a> PreparedQuery<'a> {
    /// Looks up the tokens of `name` in the index.
    pub(crate) fn new(index: &'a Index, name: Name) -> Self {
        let similar: Vec<SimilarTokens> =
            name.tokens.iter().map(|token| index.similar_tokens(token)).collect();
        let with_similar = name.tokens.iter().zip(&similar);
        let weights = with_similar.map(|(token, similar)| index.query_weight(token, similar)).collect();
        let joined = name.joined_pairs().collect();
        let compact = name.compact().chars().collect();
        Self { index, name, weights, similar, joined, compact }
    }
}
