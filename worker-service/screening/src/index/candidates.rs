//! Finds the listed names that are worth a full comparison with a query.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Index, NameId, SimilarTokens, ngrams::trigrams};
use crate::names::Name;

/// Maximum number of candidates that share tokens with the query. It bounds the time of a query.
const TOKEN_CANDIDATES_MAX: usize = 60;
/// Maximum number of candidates that share trigrams with the query.
const TRIGRAM_CANDIDATES_MAX: usize = 24;
/// Maximum number of names that may contain a token by which candidates are found. Distinctive tokens come
/// first; a token that more names contain is skipped unless nothing was found before it.
const POSTINGS_MAX: usize = 1_200;
/// Maximum number of names with a trigram; a trigram that more names contain is skipped.
const TRIGRAM_POSTINGS_MAX: usize = POSTINGS_MAX / 2;

impl Index {
    /// Returns the listed names that are worth a full comparison with `name`, whose tokens have `weights` and
    /// are similar to the tokens in `similar`: the best by shared tokens and the best by shared trigrams.
    pub(crate) fn candidates(
        &self,
        name: &Name,
        weights: &[f32],
        similar: &[SimilarTokens],
    ) -> FxHashSet<NameId> {
        let mut candidates = best(self.score_by_tokens(name, weights, similar), TOKEN_CANDIDATES_MAX);
        candidates.extend(best(self.score_by_trigrams(name), TRIGRAM_CANDIDATES_MAX));
        candidates
    }

    /// Scores the names that contain a token similar to one of `name`, or a token that sounds like two
    /// neighbouring tokens of `name` written together.
    fn score_by_tokens(
        &self,
        name: &Name,
        weights: &[f32],
        similar: &[SimilarTokens],
    ) -> FxHashMap<NameId, f32> {
        let mut scores: FxHashMap<NameId, f32> = FxHashMap::default();
        let mut order: Vec<usize> =
            (0..name.tokens.len()).filter(|at| !name.tokens[*at].is_legal_form).collect();
        order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
        for at in order {
            for (id, (similarity, _)) in &similar[at] {
                let postings = &self.postings[*id as usize];
                if postings.len() > POSTINGS_MAX && !scores.is_empty() {
                    continue;
                }
                for name in postings {
                    *scores.entry(*name).or_default() += similarity * weights[at];
                }
            }
        }
        for joined in name.joined_pairs() {
            for name in self.same_sounding(&joined).flat_map(|id| &self.postings[id as usize]) {
                *scores.entry(*name).or_default() += joined.weight;
            }
        }
        // Names with few other tokens come before longer ones.
        for (name, score) in &mut scores {
            *score /= (1.0 + self.names[*name as usize].weights.iter().sum::<f32>()).sqrt();
        }
        scores
    }

    /// Scores the names that share trigrams with `name`, rare trigrams higher.
    #[expect(clippy::cast_precision_loss, reason = "counts of names are small")]
    fn score_by_trigrams(&self, name: &Name) -> FxHashMap<NameId, f32> {
        let compact: Vec<char> = name.compact().chars().collect();
        let mut scores: FxHashMap<NameId, f32> = FxHashMap::default();
        for names in trigrams(&compact).iter().filter_map(|trigram| self.by_trigram.get(trigram)) {
            if names.len() > TRIGRAM_POSTINGS_MAX {
                continue;
            }
            let rarity = 1.0 / (1.0 + names.len() as f32).ln();
            for id in names {
                *scores.entry(*id).or_default() += rarity;
            }
        }
        for (id, score) in &mut scores {
            *score /= (1.0 + self.names[*id as usize].compact.len() as f32).sqrt();
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
