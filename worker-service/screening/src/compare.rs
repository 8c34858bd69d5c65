//! Compares the name of a query with a listed name, token by token.

use crate::{
    hit::TokenMatch,
    index::ListedName,
    names::{self, MatchKind},
    pairing::{Pairing, pairings, positions},
    query::PreparedQuery,
};

/// Weight of unmatched tokens up to which the score does not fall. If both names have more, each has tokens
/// that the other lacks, and the score falls.
const CONFLICT_TOLERANCE: f32 = 0.06;
/// Share of the score that is lost for each unit of conflicting weight above [`CONFLICT_TOLERANCE`].
const CONFLICT_PENALTY: f32 = 0.6;
/// Conflicting weight above the tolerance from which the score falls no further.
const CONFLICT_MAX: f32 = 0.5;

/// Matched weight below which a match rests on common words only. Such names match only as a whole.
const DISTINCTIVE_WEIGHT_MIN: f32 = 0.6;
/// Maximum share of its score that a match of common words loses.
const COMMON_WORDS_PENALTY_MAX: f32 = 0.5;

/// Matched share of a listed name's weight from which the query counts as containing the whole name.
const CONTAINED_SHARE: f32 = 0.95;
/// Minimum matched weight of a contained name that is worth a review by a person.
const CONTAINED_WEIGHT_MIN: f32 = 1.2;
/// Minimum score of a contained name: a resemblance, not a match.
const CONTAINED_SCORE: f32 = 0.72;

/// Minimum edit similarity, from 0 to 1, at which two names without spaces count as similar.
const COMPACT_SIMILARITY_MIN: f32 = 0.88;
/// Minimum length, in characters, of names that are compared without spaces: shorter ones are similar by
/// chance.
const COMPACT_LENGTH_MIN: usize = 8;
/// Maximum share of the similarity of two names without spaces that conflicting tokens cost.
const COMPACT_CONFLICT_MAX: f32 = 0.3;

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// How well the names match, from 0 to 1, regardless of the country.
    pub(crate) score: f32,
    /// What the score consists of.
    pub(crate) factors: Factors,
    /// The weight of the matched tokens. It is small for names that have only common words in common.
    pub(crate) matched_weight: f32,
    pub(crate) matches: Vec<TokenMatch>,
    /// Tokens of the query that the listed name lacks.
    pub(crate) query_only: Vec<String>,
    /// Tokens of the listed name that the query lacks.
    pub(crate) listed_only: Vec<String>,
}

/// What the score of a comparison is the product of. Each factor is from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Factors {
    /// The matched share of both names.
    pub(crate) shared: f32,
    /// What is left for tokens that both names have and the other lacks.
    pub(crate) conflict: f32,
    /// What is left if only common words are matched.
    pub(crate) common_words: f32,
}

impl Factors {
    fn product(self) -> f32 {
        self.shared * self.conflict * self.common_words
    }
}

/// The tokens of both names that were paired.
#[derive(Default)]
struct Matched {
    /// The paired tokens of the query, a bit for each position.
    query: u64,
    /// The paired tokens of the listed name, a bit for each position.
    listed: u64,
    /// Sum of the query's weight of each pair, times the pair's similarity.
    query_weight: f32,
    /// Sum of the listed name's weight of each pair, times the pair's similarity.
    listed_weight: f32,
    /// Sum of the smaller of both weights of each pair, times the pair's similarity.
    common_weight: f32,
    matches: Vec<TokenMatch>,
}

impl PreparedQuery<'_> {
    /// Compares the query with a listed name.
    pub(crate) fn compare(&self, listed: &ListedName<'_>) -> Comparison {
        if let Some(comparison) = self.of_acronym(listed) {
            return comparison;
        }
        let matched = self.matched(listed);
        let query_total: f32 = self.weights.iter().sum();
        let listed_total: f32 = listed.weights.iter().sum();
        let query_rest = unmatched(matched.query, self.name.tokens.len());
        let listed_rest = unmatched(matched.listed, listed.tokens.len());
        let conflict = self.conflict(&query_rest, listed, &listed_rest);
        let is_contained = matched.listed_weight >= CONTAINED_SHARE * listed_total
            && matched.common_weight >= CONTAINED_WEIGHT_MIN;
        let mut matched_weight = matched.common_weight;
        let shared = harmonic_mean(matched.query_weight / query_total, matched.listed_weight / listed_total);
        let mut factors = Factors {
            shared,
            conflict: 1.0 - CONFLICT_PENALTY * (conflict - CONFLICT_TOLERANCE).clamp(0.0, CONFLICT_MAX),
            common_words: 1.0,
        };
        if matched_weight < DISTINCTIVE_WEIGHT_MIN {
            let penalty =
                (1.0 - matched_weight / DISTINCTIVE_WEIGHT_MIN) * (1.0 - factors.shared * factors.conflict);
            factors.common_words = 1.0 - penalty.min(COMMON_WORDS_PENALTY_MAX);
        }
        if factors.product() < COMPACT_SIMILARITY_MIN
            && let Some(similarity) = self.compact_similarity(listed)
        {
            let is_same = similarity >= 1.0;
            let penalty = if is_same { 0.0 } else { conflict.min(COMPACT_CONFLICT_MAX) };
            let compact = Factors { shared: similarity, conflict: 1.0 - penalty, common_words: 1.0 };
            if compact.product() > factors.product() {
                factors = compact;
            }
            matched_weight = matched_weight.max(query_total.min(listed_total) * similarity);
        }
        let mut score = factors.product();
        // Other words of the query do not hide a listed name that it contains.
        if is_contained {
            score = score.max(CONTAINED_SCORE);
        }
        Comparison {
            score,
            factors,
            matched_weight,
            matches: matched.matches,
            query_only: query_rest.into_iter().map(|at| self.name.tokens[at].latin.clone()).collect(),
            listed_only: listed_rest.into_iter().map(|at| listed.views[at].latin.to_owned()).collect(),
        }
    }

    /// Compares the query, if it is an acronym, with a listed name that has these initials.
    fn of_acronym(&self, listed: &ListedName<'_>) -> Option<Comparison> {
        let acronym = self.acronym.as_ref()?;
        let similarity = self.index.acronym_similarity(acronym, listed)?;
        let weight = self.weights[acronym.at];
        let words: Vec<&str> = listed.views.iter().map(|token| token.latin).collect();
        Some(Comparison {
            score: similarity,
            factors: Factors { shared: similarity, conflict: 1.0, common_words: 1.0 },
            matched_weight: weight * similarity,
            matches: vec![TokenMatch {
                query: self.name.tokens[acronym.at].latin.clone(),
                listed: words.join(" "),
                similarity,
                weight,
                kind: MatchKind::Acronym,
            }],
            query_only: Vec::new(),
            listed_only: Vec::new(),
        })
    }

    /// Pairs the tokens of both names greedily: the pairing with the largest gain first, each token at most
    /// once.
    fn matched(&self, listed: &ListedName<'_>) -> Matched {
        let mut pairings = pairings(self, listed);
        pairings.sort_by(|a, b| b.gain.total_cmp(&a.gain));
        let mut matched = Matched::default();
        for Pairing { query, listed: other, similarity, kind, .. } in pairings {
            if query & matched.query != 0 || other & matched.listed != 0 {
                continue;
            }
            matched.query |= query;
            matched.listed |= other;
            let query_weight: f32 = positions(query).map(|at| self.weights[at]).sum();
            let listed_weight: f32 = positions(other).map(|at| listed.weights[at]).sum();
            matched.query_weight += query_weight * similarity;
            matched.listed_weight += listed_weight * similarity;
            matched.common_weight += query_weight.min(listed_weight) * similarity;
            let query: Vec<&str> = positions(query).map(|at| self.name.tokens[at].latin.as_str()).collect();
            let listed: Vec<&str> = positions(other).map(|at| listed.views[at].latin).collect();
            matched.matches.push(TokenMatch {
                query: query.join(" "),
                listed: listed.join(" "),
                similarity,
                weight: query_weight.max(listed_weight),
                kind,
            });
        }
        matched
    }

    /// Returns how similar the names are without spaces, or `None` if they are too short, too long or not
    /// similar enough.
    fn compact_similarity(&self, listed: &ListedName<'_>) -> Option<f32> {
        let compact = listed.compact();
        let (a, b) = (self.compact.len(), compact.len());
        if a.min(b) < COMPACT_LENGTH_MIN || a.max(b) > names::COMPARED_MAX {
            return None;
        }
        let similarity = names::edit_similarity(self.compact.as_bytes(), compact.as_bytes());
        (similarity >= COMPACT_SIMILARITY_MIN).then_some(similarity)
    }
}

/// Returns the harmonic mean of the matched shares of both names: it is high only if both are.
fn harmonic_mean(query: f32, listed: f32) -> f32 {
    if query + listed > 0.0 { 2.0 * query * listed / (query + listed) } else { 0.0 }
}

/// Returns the positions below `count` whose bit is not set in `matched`.
fn unmatched(matched: u64, count: usize) -> Vec<usize> {
    (0..count).filter(|at| matched & (1 << at) == 0).collect()
}
