//! The ways in which tokens of a query can be paired with tokens of a listed name.

use crate::{
    index::ListedName,
    names::{self, MatchKind, Token, TokenView},
    query::{Joined, PreparedQuery},
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

/// Returns all pairings of one token with one, and of several neighbouring tokens with one.
pub(crate) fn pairings(query: &PreparedQuery<'_>, listed: &ListedName<'_>) -> Vec<Pairing> {
    let mut pairings = single_pairings(query, listed);
    let certain: Vec<&Pairing> =
        pairings.iter().filter(|pairing| pairing.similarity >= CERTAIN_SIMILARITY).collect();
    let certain_query = certain.iter().fold(0, |bits, pairing| bits | pairing.query);
    let certain_listed = certain.iter().fold(0, |bits, pairing| bits | pairing.listed);
    pairings.extend(joined_in_query(query, listed, certain_query));
    for length in 2..=names::JOINED_MAX {
        pairings.extend(joined_in_listed(query, listed, length, certain_listed));
    }
    pairings
}

/// Returns the positions of the bits that are set.
pub(crate) fn positions(bits: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |at| bits & (1 << at) != 0)
}

/// Returns the pairings of one token with one.
fn single_pairings(query: &PreparedQuery<'_>, listed: &ListedName<'_>) -> Vec<Pairing> {
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

/// Returns the pairings of neighbouring tokens of the query, none of them in `certain`, with one listed token.
fn joined_in_query(query: &PreparedQuery<'_>, listed: &ListedName<'_>, certain: u64) -> Vec<Pairing> {
    let mut pairings = Vec::new();
    for Joined { first, length, token: joined } in &query.joined {
        let run = bits(*first, *length);
        if certain & run != 0 {
            continue;
        }
        for (other, token) in listed.views.iter().enumerate() {
            if token.traits.is_legal_form || !is_similar_length(token.latin.len(), joined.latin.len()) {
                continue;
            }
            if let Some((similarity, kind)) = joined_similarity(joined.view(), *token, *length) {
                let weight: f32 = query.weights[*first..first + length].iter().sum();
                let gain = similarity * (weight + listed.weights[other]);
                pairings.push(Pairing { gain, query: run, listed: 1 << other, similarity, kind });
            }
        }
    }
    pairings
}

/// Returns the pairings of one token of the query with `length` neighbouring listed tokens, none of them in
/// `certain`.
fn joined_in_listed(
    query: &PreparedQuery<'_>,
    listed: &ListedName<'_>,
    length: usize,
    certain: u64,
) -> Vec<Pairing> {
    let mut pairings = Vec::new();
    for first in 0..(listed.tokens.len() + 1).saturating_sub(length) {
        let run = bits(first, length);
        if certain & run != 0 {
            continue;
        }
        let views = &listed.views[first..first + length];
        let letters = views.iter().map(|token| token.latin.len()).sum();
        let run_weight: f32 = listed.weights[first..first + length].iter().sum();
        // Joining is costly, so it waits for a token of a similar length.
        let mut joined = None;
        for (at, token) in query.name.tokens.iter().enumerate() {
            if token.traits.is_legal_form || !is_similar_length(token.latin.len(), letters) {
                continue;
            }
            let joined = joined.get_or_insert_with(|| Token::joined(views));
            if let Some((similarity, kind)) = joined_similarity(token.view(), joined.view(), length) {
                let gain = similarity * (run_weight + query.weights[at]);
                pairings.push(Pairing { gain, query: 1 << at, listed: run, similarity, kind });
            }
        }
    }
    pairings
}

/// Returns `length` bits from position `first` on.
fn bits(first: usize, length: usize) -> u64 {
    ((1 << length) - 1) << first
}

fn is_similar_length(a: usize, b: usize) -> bool {
    a.abs_diff(b) <= JOINED_LENGTH_DIFFERENCE_MAX
}

/// Returns the similarity of two tokens of which one was joined from `length` tokens, or `None` if they are not
/// similar enough. A joined token has no meaning and no truncation of its own, and one of more than two tokens
/// must be the same.
fn joined_similarity(a: TokenView<'_>, b: TokenView<'_>, length: usize) -> Option<(f32, MatchKind)> {
    a.similarity(b).filter(|(similarity, kind)| match kind {
        MatchKind::Exact | MatchKind::Phonetic => true,
        MatchKind::Fuzzy => length == 2 && *similarity >= JOINED_FUZZY_MIN,
        MatchKind::Skeleton => length == 2 && *similarity >= JOINED_SKELETON_MIN,
        MatchKind::Synonym | MatchKind::Truncation | MatchKind::Acronym => false,
    })
}
