//! Finds the listed names that are worth a full comparison with a query.
//!
//! All limits bound the work of one query, whatever the length of the list. Rare tokens and trigrams come first,
//! so what a limit cuts off is what many names have.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Acronym, Index, NameId, SimilarTokens, TokenId, ngrams::trigrams};
use crate::names::Name;

/// Maximum number of candidates that share tokens with the query.
const TOKEN_CANDIDATES_MAX: usize = 60;
/// Maximum number of candidates that share trigrams with the query.
const TRIGRAM_CANDIDATES_MAX: usize = 24;
/// Maximum number of candidates whose initials are the query.
const ACRONYM_CANDIDATES_MAX: usize = 24;
/// Number of entries of the index that are read to find names by their tokens. The names with the rarest
/// strong token are always read, up to [`RAREST_READ_MAX`].
const TOKENS_READ_MAX: usize = 16_000;
/// Maximum number of names that are read if all tokens of the query are common.
const RAREST_READ_MAX: usize = 100_000;
/// Share of the best score of a token from which on a token is strong: the names with the rarest strong token are
/// always read.
const STRONG_SHARE: f32 = 0.5;
/// Number of entries of the index that are read to find names by their trigrams.
const TRIGRAMS_READ_MAX: usize = 16_000;

/// What a query says of the names that it looks for.
pub(crate) struct Sought<'a> {
    pub(crate) name: &'a Name,
    /// The weight of each token.
    pub(crate) weights: &'a [f32],
    /// The tokens of the list that are similar to each token.
    pub(crate) similar: &'a [SimilarTokens],
    /// The acronym of which the name consists.
    pub(crate) acronym: Option<&'a Acronym>,
}

impl Index {
    /// Returns the listed names that are worth a full comparison: the best by shared tokens, the best by shared
    /// trigrams, and those with the initials that are sought.
    pub(crate) fn candidates(&self, sought: &Sought<'_>) -> FxHashSet<NameId> {
        let mut candidates = best(self.score_by_tokens(sought), TOKEN_CANDIDATES_MAX);
        candidates.extend(best(self.score_by_trigrams(sought.name), TRIGRAM_CANDIDATES_MAX));
        if let Some(acronym) = sought.acronym {
            candidates.extend(self.names_with_initials(acronym).take(ACRONYM_CANDIDATES_MAX));
        }
        candidates
    }

    /// Scores the names that contain tokens similar to those that are sought, or a token that sounds like two
    /// neighbouring tokens written together.
    fn score_by_tokens(&self, sought: &Sought<'_>) -> FxHashMap<NameId, f32> {
        let tokens = self.sought_tokens(sought);
        let mut by_frequency: Vec<(TokenId, f32)> = tokens.iter().map(|(id, score)| (*id, *score)).collect();
        by_frequency.sort_unstable_by_key(|(id, _)| (self.by_token.get(*id).len(), *id));
        let mut scores: FxHashMap<NameId, f32> = FxHashMap::default();
        // A rare misspelling of a common word does not stand in for the words of the query.
        let strong = STRONG_SHARE * by_frequency.iter().map(|(_, score)| *score).fold(0.0, f32::max);
        let (mut read, mut has_read_strong, mut has_skipped) = (0, false, false);
        for (id, score) in by_frequency {
            let names = self.by_token.get(id);
            read += names.len();
            if read > TOKENS_READ_MAX && has_read_strong {
                has_skipped = true;
                break;
            }
            has_read_strong |= score >= strong && !names.is_empty();
            for name in names.iter().take(RAREST_READ_MAX) {
                *scores.entry(*name).or_default() += score;
            }
        }
        for (name, score) in &mut scores {
            if has_skipped {
                let shared = self.names.tokens(*name).iter().filter_map(|id| tokens.get(id));
                *score = shared.sum();
            }
            // Names with few other tokens come before longer ones.
            *score /= (1.0 + self.total_weight(*name)).sqrt();
        }
        scores
    }

    /// Returns the tokens of the list that add to the score of a name that contains them.
    fn sought_tokens(&self, sought: &Sought<'_>) -> FxHashMap<TokenId, f32> {
        let mut tokens: FxHashMap<TokenId, f32> = FxHashMap::default();
        let with_similar = sought.name.tokens.iter().zip(sought.weights).zip(sought.similar);
        for ((token, weight), similar) in with_similar {
            if token.traits.is_legal_form {
                continue;
            }
            for (id, (similarity, _)) in similar {
                *tokens.entry(*id).or_default() += similarity * weight;
            }
        }
        for joined in sought.name.joined(2) {
            for id in self.same_sounding(&joined) {
                *tokens.entry(id).or_default() += joined.traits.weight;
            }
        }
        tokens
    }

    /// Scores the names that share trigrams with `name`, rare trigrams higher.
    #[expect(clippy::cast_precision_loss, reason = "counts of names are small")]
    fn score_by_trigrams(&self, name: &Name) -> FxHashMap<NameId, f32> {
        let compact = name.compact();
        let mut postings: Vec<&[NameId]> =
            trigrams(&compact).into_iter().map(|trigram| self.by_trigram.get(trigram)).collect();
        postings.sort_unstable_by_key(|names| names.len());
        let mut scores: FxHashMap<NameId, f32> = FxHashMap::default();
        let mut read = 0;
        for names in postings {
            read += names.len();
            if read > TRIGRAMS_READ_MAX {
                break;
            }
            let rarity = 1.0 / (2.0 + names.len() as f32).ln();
            for id in names {
                *scores.entry(*id).or_default() += rarity;
            }
        }
        for (id, score) in &mut scores {
            let tokens = self.names.tokens(*id).iter().map(|token| self.vocabulary.get(*token));
            let letters: usize = tokens.map(|token| token.latin.len()).sum();
            *score /= (1.0 + letters as f32).sqrt();
        }
        scores
    }
}

/// Returns up to `max` names with the highest scores.
fn best(scores: FxHashMap<NameId, f32>, max: usize) -> FxHashSet<NameId> {
    let mut scores: Vec<(NameId, f32)> = scores.into_iter().collect();
    let by_score = |a: &(NameId, f32), b: &(NameId, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if scores.len() > max {
        scores.select_nth_unstable_by(max, by_score);
        scores.truncate(max);
    }
    scores.into_iter().map(|(id, _)| id).collect()
}
