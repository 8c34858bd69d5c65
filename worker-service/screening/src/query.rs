//! Prepares the name of a query for comparisons with many listed names.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::{
    index::{Acronym, Index, SharedBigrams, SimilarTokens, Sought},
    names::{self, Name, OutlineWord, Token, Traits},
};

/// Maximum number of tokens of a query for which tokens that differ in letters are looked up: the most
/// distinctive ones, those first that no listed name contains. It bounds the time of a query.
const FUZZY_TOKENS_MAX: usize = 10;
/// Maximum weight, from 0 to 1, of a word of listed names for which no tokens that differ in letters are looked up:
/// they would hardly change the score.
const COMMON_WEIGHT_MAX: f32 = 0.12;
/// Share of its rank that a word has that no listed name contains: of a name that is too long, the words of
/// listed names are kept.
const UNLISTED_RANK: f32 = 0.3;

/// Share of its rank that a word has that listed names contain: it is less likely misspelt.
const LISTED_RANK: f32 = 0.5;

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
    pub(crate) similar: Vec<Rc<SimilarTokens>>,
    /// Neighbouring tokens as one token.
    pub(crate) joined: Vec<Joined>,
    /// The acronym of which the name consists.
    pub(crate) acronym: Option<Acronym>,
    /// The letters and digits without legal forms and spaces.
    pub(crate) compact: String,
}

/// What the similar tokens of a token depend on: the word, whether it is part of a legal form, whether it is written
/// without short vowels, the bits of its weight, and whether tokens that differ in letters are looked up.
type LookupKey = (String, bool, bool, u32, bool);

/// The similar tokens of the words of a query, which has the same words in several readings.
struct Lookups<'a> {
    shared: &'a mut SharedBigrams,
    found: FxHashMap<LookupKey, Rc<SimilarTokens>>,
}

impl Lookups<'_> {
    fn similar(&mut self, index: &Index, token: &Token, is_fuzzy: bool) -> Rc<SimilarTokens> {
        let Traits { is_legal_form, without_vowels, weight, .. } = token.traits;
        let key = (token.latin.clone(), is_legal_form, without_vowels, weight.to_bits(), is_fuzzy);
        let Self { shared, found } = self;
        let look_up = || Rc::new(index.similar_tokens(token, is_fuzzy, shared));
        Rc::clone(found.entry(key).or_insert_with(look_up))
    }
}

impl<'a> PreparedQuery<'a> {
    /// Returns the readings of `name`, prepared for comparisons with the names in `index`.
    pub(crate) fn readings(index: &'a Index, name: &str, shared: &mut SharedBigrams) -> Vec<Self> {
        let rank =
            |word: &OutlineWord| word.weight * if index.contains(word.latin()) { 1.0 } else { UNLISTED_RANK };
        let mut lookups = Lookups { shared, found: FxHashMap::default() };
        let readings = Name::ranked_readings(name, rank).into_iter();
        readings.map(|reading| Self::new(index, reading, &mut lookups)).collect()
    }

    /// Returns what candidates are looked for by.
    pub(crate) fn sought(&self) -> Sought<'_> {
        let Self { name, weights, similar, acronym, .. } = self;
        Sought { name, weights, similar, acronym: acronym.as_ref() }
    }

    /// Looks up the tokens of `name` in the index.
    fn new(index: &'a Index, name: Name, lookups: &mut Lookups<'_>) -> Self {
        let mut order: Vec<usize> = (0..name.tokens.len()).collect();
        let rank = |at: &usize| {
            let token = &name.tokens[*at];
            token.traits.weight * if index.contains(&token.latin) { LISTED_RANK } else { 1.0 }
        };
        order.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
        let mut similar = vec![Rc::default(); name.tokens.len()];
        for (rank, at) in order.into_iter().enumerate() {
            let token = &name.tokens[at];
            let is_common = token.traits.weight <= COMMON_WEIGHT_MAX && index.contains(&token.latin);
            similar[at] = lookups.similar(index, token, rank < FUZZY_TOKENS_MAX && !is_common);
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
