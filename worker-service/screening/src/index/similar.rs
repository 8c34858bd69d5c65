//! Looks up the tokens of a list that are similar to a token, and weighs a token of a query by them.

use rustc_hash::FxHashSet;

use super::{Index, SimilarTokens, TokenId, ngrams::bigrams};
use crate::names::{MatchKind, Token};

/// Minimum number of consonant classes of a skeleton for which skeletons with one class fewer are looked up
/// as well.
const SHORTER_SKELETON_MIN: usize = 4;
/// Minimum number of bigrams of sounds that similar tokens share, however short they are.
const SHARED_BIGRAMS_MIN: u16 = 2;

impl Index {
    /// Returns the tokens of the list that are similar to `token`.
    pub(crate) fn similar_tokens(&self, token: &Token) -> SimilarTokens {
        let mut candidates: FxHashSet<TokenId> = FxHashSet::default();
        let mut take = |found: Option<&Vec<TokenId>>| candidates.extend(found.into_iter().flatten());
        take(self.by_latin.get(&token.latin));
        if !token.is_number && !token.is_legal_form {
            take(self.by_sounds.get(&token.sounds));
            for meaning in &token.meanings {
                take(self.by_meaning.get(meaning));
            }
            if token.without_vowels {
                take(self.by_consonants.get(&token.consonants));
                if token.consonants.len() >= SHORTER_SKELETON_MIN {
                    for shorter in (0..token.consonants.len()).map(|at| without(&token.consonants, at)) {
                        take(self.by_consonants.get(&shorter));
                    }
                }
            } else {
                self.add_sharing_bigrams(token, &mut candidates);
            }
        }
        let similar = |id: TokenId| Some((id, token.similarity(&self.vocabulary[id as usize])?));
        candidates.into_iter().filter_map(similar).collect()
    }

    /// Adds tokens that share at least two fifths of the bigrams of `token`'s sounds. All others differ in
    /// too many letters to be similar.
    fn add_sharing_bigrams(&self, token: &Token, found: &mut FxHashSet<TokenId>) {
        let bigrams = bigrams(&token.sounds);
        let enough = u16::try_from(bigrams.len() * 2 / 5).unwrap_or(u16::MAX).max(SHARED_BIGRAMS_MIN);
        let mut shared = vec![0_u16; self.vocabulary.len()];
        for id in bigrams.iter().filter_map(|bigram| self.by_bigram.get(bigram)).flatten() {
            let count = &mut shared[*id as usize];
            *count += 1;
            if *count == enough {
                found.insert(*id);
            }
        }
    }

    /// Returns the tokens of the list that sound like `token`.
    pub(super) fn same_sounding(&self, token: &Token) -> impl Iterator<Item = TokenId> {
        self.by_sounds.get(&token.sounds).into_iter().flatten().copied()
    }

    /// Returns the weight of a token of a query, from 0 to 1, given the tokens that are `similar` to it. A
    /// distinctive word that the list does not contain can be a misspelt common word of the list, and then
    /// weighs little.
    pub(crate) fn query_weight(&self, token: &Token, similar: &SimilarTokens) -> f32 {
        let weight = token.weight * self.inverse_document_frequency(&token.latin);
        let is_known = token.is_legal_form || token.weight < 1.0 || self.by_latin.contains_key(&token.latin);
        let nearest = similar.iter().filter(|_| !is_known).max_by(|a, b| a.1.0.total_cmp(&b.1.0));
        let Some((id, (similarity, MatchKind::Fuzzy))) = nearest else { return weight };
        let intended = &self.vocabulary[*id as usize];
        let intended_weight = intended.weight * self.inverse_document_frequency(&intended.latin);
        weight + (intended_weight - weight).min(0.0) * similarity
    }
}

/// Returns `letters` without the one at position `at`.
fn without(letters: &[char], at: usize) -> Vec<char> {
    letters.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, c)| *c).collect()
}
