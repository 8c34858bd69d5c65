//! Finds the listed names that are worth a full comparison with a query.
//!
//! All limits bound the work of one query, whatever the length of the list. Rare tokens and trigrams come first,
//! so what a limit cuts off is what many names have.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Acronym, Index, NameId, SimilarTokens, TokenId, ngrams::trigrams};
use crate::names::Name;

/// Maximum number of candidates that share tokens with the query.
const TOKEN_CANDIDATES_MAX: usize = 60;
/// Maximum number of candidates that share trigrams with the query.
const TRIGRAM_CANDIDATES_MAX: usize = 24;
/// Maximum number of candidates whose initials are the query.
const ACRONYM_CANDIDATES_MAX: usize = 64;
/// Number of entries of the index that are read to find names by their tokens. The names with the rarest
/// strong token are always read, up to [`RAREST_READ_MAX`].
const TOKENS_READ_MAX: usize = 16_000;
/// Maximum number of names that are read if all tokens of the query are common.
const RAREST_READ_MAX: usize = 60_000;
/// Maximum number of names whose tokens that were not read are looked at.
const COMPLETED_MAX: usize = 1_000;
/// Share of the best score of a token from which on a token is strong: the names with the rarest strong token are
/// always read.
const STRONG_SHARE: f32 = 0.5;
/// Number of entries of the index that are read to find names by their trigrams.
const TRIGRAMS_READ_MAX: usize = 12_000;

/// The score of each name of the list while candidates are looked for. It is kept between lookups to save its
/// allocation.
#[derive(Debug, Default)]
pub(crate) struct NameScores {
    scores: Vec<f32>,
    /// The names that have a score.
    scored: Vec<NameId>,
}

impl NameScores {
    fn add(&mut self, name: NameId, score: f32) {
        let total = &mut self.scores[name as usize];
        if *total <= 0.0 {
            self.scored.push(name);
        }
        *total += score;
    }

    /// Clears all scores, for a list of `names` names.
    fn clear(&mut self, names: usize) {
        for name in self.scored.drain(..) {
            self.scores[name as usize] = 0.0;
        }
        self.scores.resize(names, 0.0);
    }

    /// Returns up to `max` names with the highest scores after `adjust`, each with that score.
    fn best(&self, max: usize, adjust: impl Fn(NameId, f32) -> f32) -> Vec<(NameId, f32)> {
        let adjusted = |name: &NameId| (*name, adjust(*name, self.scores[*name as usize]));
        best(self.scored.iter().map(adjusted).collect(), max)
    }
}

/// What a query says of the names that it looks for.
pub(crate) struct Sought<'a> {
    pub(crate) name: &'a Name,
    /// The weight of each token.
    pub(crate) weights: &'a [f32],
    /// The tokens of the list that are similar to each token.
    pub(crate) similar: &'a [Rc<SimilarTokens>],
    /// The acronym of which the name consists.
    pub(crate) acronym: Option<&'a Acronym>,
}

impl Index {
    /// Returns the listed names that are worth a full comparison: the best by shared tokens, the best by shared
    /// trigrams, and those with the initials that are sought.
    pub(crate) fn candidates(&self, sought: &Sought<'_>, scores: &mut NameScores) -> FxHashSet<NameId> {
        let mut candidates = FxHashSet::default();
        candidates.extend(self.best_by_tokens(sought, scores));
        candidates.extend(self.best_by_trigrams(sought.name, scores));
        if let Some(acronym) = sought.acronym {
            candidates.extend(self.names_with_initials(acronym).take(ACRONYM_CANDIDATES_MAX));
        }
        candidates
    }

    /// Returns the best of the names that contain tokens similar to those that are sought, or a token that sounds
    /// like two neighbouring tokens written together.
    fn best_by_tokens(&self, sought: &Sought<'_>, scores: &mut NameScores) -> Vec<NameId> {
        let tokens = self.sought_tokens(sought);
        let mut by_frequency: Vec<(TokenId, f32)> = tokens.iter().map(|(id, score)| (*id, *score)).collect();
        by_frequency.sort_unstable_by_key(|(id, _)| (self.by_token.get(*id).len(), *id));
        scores.clear(self.names.len());
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
                scores.add(*name, score);
            }
        }
        // Names with few other tokens come before longer ones.
        let per_length = |name: NameId, score: f32| score / (1.0 + self.names.totals[name as usize]).sqrt();
        let best_names = if has_skipped {
            let complete = |(name, _): (NameId, f32)| {
                let shared = self.names.tokens(name).iter().filter_map(|id| tokens.get(id));
                (name, per_length(name, shared.sum()))
            };
            let found = scores.best(COMPLETED_MAX, per_length);
            best(found.into_iter().map(complete).collect(), TOKEN_CANDIDATES_MAX)
        } else {
            scores.best(TOKEN_CANDIDATES_MAX, per_length)
        };
        best_names.into_iter().map(|(name, _)| name).collect()
    }

    /// Returns the tokens of the list that add to the score of a name that contains them.
    fn sought_tokens(&self, sought: &Sought<'_>) -> FxHashMap<TokenId, f32> {
        let mut tokens: FxHashMap<TokenId, f32> = FxHashMap::default();
        let with_similar = sought.name.tokens.iter().zip(sought.weights).zip(sought.similar);
        for ((token, weight), similar) in with_similar {
            if token.traits.is_legal_form {
                continue;
            }
            for (id, (similarity, _)) in similar.iter() {
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

    /// Returns the best of the names that share trigrams with `name`. Rare trigrams count more.
    #[expect(clippy::cast_precision_loss, reason = "counts of names are small")]
    fn best_by_trigrams(&self, name: &Name, scores: &mut NameScores) -> Vec<NameId> {
        let mut trigrams = trigrams(&name.compact());
        trigrams.sort_unstable_by_key(|trigram| self.by_trigram.count(*trigram));
        scores.clear(self.names.len());
        let mut read = 0;
        for trigram in trigrams {
            let count = self.by_trigram.count(trigram);
            read += count;
            if read > TRIGRAMS_READ_MAX {
                break;
            }
            let rarity = 1.0 / (2.0 + count as f32).ln();
            self.by_trigram.for_each(trigram, |name| scores.add(name, rarity));
        }
        let per_length =
            |name: NameId, score: f32| score / (1.0 + f32::from(self.names.letters[name as usize])).sqrt();
        scores.best(TRIGRAM_CANDIDATES_MAX, per_length).into_iter().map(|(name, _)| name).collect()
    }
}

/// Returns up to `max` names with the highest scores.
fn best(mut scores: Vec<(NameId, f32)>, max: usize) -> Vec<(NameId, f32)> {
    let by_score = |a: &(NameId, f32), b: &(NameId, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if scores.len() > max {
        scores.select_nth_unstable_by(max, by_score);
        scores.truncate(max);
    }
    scores
}
