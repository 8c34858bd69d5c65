//! The ways in which tokens of a query can be paired with tokens of a listed name.

use crate::{
    index::ListedName,
    names::{MatchKind, Token},
    query::PreparedQuery,
};

/// Minimum similarity, from 0 to 1, at which a token counts as matched on its own and is not tried as half of
/// a joined token.
const CERTAIN_SIMILARITY: f32 = 0.9;
/// Maximum difference in length, in bytes of Latin letters, between two tokens and the one they form when
/// written together.
const JOINED_LENGTH_DIFFERENCE_MAX: usize = 2;
/// Minimum similarity, from 0 to 1, of a joined token and another one that differ in a few letters.
const JOINED_FUZZY_MIN: f32 = 0.75;
/// Minimum similarity, from 0 to 1, of a joined token and another one if only their consonants agree.
const JOINED_SKELETON_MIN: f32 = 0.9;

/// Tokens of the query and of the listed name that can be matched with each other.
pub(crate) struct Pairing {
    /// What the pairing adds to the match: the weight of all its tokens times their similarity.
    pub(crate) gain: f32,
    /// The tokens of the query, a bit for each position.
    pub(crate) query: u64,
    /// The tokens of the listed name, a bit for each position.
    pub(crate) listed: u64,
    /// How similar the tokens of both sides are, from 0 to 1.
    pub(crate) similarity: f32,
    pub(crate) kind: MatchKind,
}

/// Returns all pairings of one token with one, and of two neighbouring tokens with one.
pub(crate) fn pairings(query: &PreparedQuery<'_>, listed: &ListedName) -> Vec<Pairing> {
    let mut pairings = single_pairings(query, listed);
    let certain: Vec<&Pairing> =
        pairings.iter().filter(|pairing| pairing.similarity >= CERTAIN_SIMILARITY).collect();
    let certain_query = certain.iter().fold(0, |bits, pairing| bits | pairing.query);
    let certain_listed = certain.iter().fold(0, |bits, pairing| bits | pairing.listed);
    pairings.extend(joined_in_query(query, listed, certain_query));
    pairings.extend(joined_in_listed(query, listed, certain_listed));
    pairings
}

/// Returns the positions of the bits that are set.
pub(crate) fn positions(bits: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |at| bits & (1 << at) != 0)
}

/// Returns the pairings of one token with one.
fn single_pairings(query: &PreparedQuery<'_>, listed: &ListedName) -> Vec<Pairing> {
    let mut pairings = Vec::new();
    for (at, similar) in query.similar.iter().enumerate() {
        for (other, id) in listed.tokens.iter().enumerate() {
            if let Some((similarity, kind)) = similar.get(id).copied() {
                let gain = similarity * (query.weights[at] + listed.weights[other]);
                pairings.push(Pairing { gain, query: 1 << at, listed: 1 << other, similarity, kind });
            }
        }
    }
    pairings
}

/// Returns the pairings of two neighbouring tokens of the query, neither of them in `certain`, with one
/// listed token.
fn joined_in_query(query: &PreparedQuery<'_>, listed: &ListedName, certain: u64) -> Vec<Pairing> {
    let mut pairings = Vec::new();
    for (at, joined) in query.joined.iter().enumerate() {
        let pair = 0b11 << at;
        if certain & pair != 0 {
            continue;
        }
        for (other, id) in listed.tokens.iter().enumerate() {
            let token = &query.index.vocabulary[*id as usize];
            if token.is_legal_form || !is_similar_length(token.latin.len(), joined.latin.len()) {
                continue;
            }
            if let Some((similarity, kind)) = joined_similarity(joined, token) {
                let weight = query.weights[at] + query.weights[at + 1] + listed.weights[other];
                let gain = similarity * weight;
                pairings.push(Pairing { gain, query: pair, listed: 1 << other, similarity, kind });
            }
        }
    }
    pairings
}

/// Returns the pairings of one token of the query with two neighbouring listed tokens, neither of them in
/// `certain`.
fn joined_in_listed(query: &PreparedQuery<'_>, listed: &ListedName, certain: u64) -> Vec<Pairing> {
    let mut pairings = Vec::new();
    for first in 0..listed.tokens.len().saturating_sub(1) {
        let pair = 0b11 << first;
        if certain & pair != 0 {
            continue;
        }
        let token = |at: usize| &query.index.vocabulary[listed.tokens[at] as usize];
        let (one, two) = (token(first), token(first + 1));
        let length = one.latin.len() + two.latin.len();
        let pair_weight = listed.weights[first] + listed.weights[first + 1];
        // Joining is costly, so it waits for a token of a similar length.
        let mut joined = None;
        for (at, token) in query.name.tokens.iter().enumerate() {
            if token.is_legal_form || !is_similar_length(token.latin.len(), length) {
                continue;
            }
            let joined = joined.get_or_insert_with(|| one.joined(two));
            if let Some((similarity, kind)) = joined_similarity(token, joined) {
                let gain = similarity * (pair_weight + query.weights[at]);
                pairings.push(Pairing { gain, query: 1 << at, listed: pair, similarity, kind });
            }
        }
    }
    pairings
}

fn is_similar_length(a: usize, b: usize) -> bool {
    a.abs_diff(b) <= JOINED_LENGTH_DIFFERENCE_MAX
}

/// Returns the similarity of two tokens of which one was joined, or `None` if they are not similar enough. A
/// joined token has no meaning and no truncation of its own.
fn joined_similarity(a: &Token, b: &Token) -> Option<(f32, MatchKind)> {
    a.similarity(b).filter(|(similarity, kind)| match kind {
        MatchKind::Exact | MatchKind::Phonetic => true,
        MatchKind::Fuzzy => *similarity >= JOINED_FUZZY_MIN,
        MatchKind::Skeleton => *similarity >= JOINED_SKELETON_MIN,
        MatchKind::Synonym | MatchKind::Truncation => false,
    })
}
