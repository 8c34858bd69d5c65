//! Looks up the tokens of a list that are similar to a token, and weighs a token of a query by them.

use rustc_hash::FxHashSet;

use super::{Index, SimilarTokens, TokenId, hash, ngrams::bigrams};
use crate::names::{MatchKind, Token, TokenView};

/// Minimum number of consonant classes of a skeleton for which skeletons with one class fewer are looked up
/// as well.
const SHORTER_SKELETON_MIN: usize = 4;
/// Numbers of sounds of the tokens that are found without one of them. Three sounds are those of too many tokens.
const SHORTENED_LENGTHS: std::ops::RangeInclusive<usize> = 4..=24;
/// Minimum number of bigrams of sounds that similar tokens share, however short they are.
const SHARED_BIGRAMS_MIN: usize = 2;
/// Number of entries of the index that are read to find the tokens that share bigrams with one token, those of rare
/// bigrams first. It bounds the time of a query.
const BIGRAMS_READ_MAX: usize = 60_000;
/// Maximum number of tokens that are compared letter by letter with one token: those that share the most bigrams
/// for their length. It bounds the time of a query.
const COMPARED_MAX: usize = 140;

/// Counts of the bigrams that each token of the list shares with a token. They are kept between look-ups to save their
/// allocation.
#[derive(Debug, Default)]
pub(crate) struct SharedBigrams {
    counts: Vec<u8>,
}

impl Index {
    /// Returns the tokens of the list that are similar to `token`. If `fuzzy` is not set, tokens that differ in
    /// letters are left out.
    pub(crate) fn similar_tokens(
        &self,
        token: &Token,
        fuzzy: bool,
        shared: &mut SharedBigrams,
    ) -> SimilarTokens {
        let token = token.view();
        let mut candidates: FxHashSet<TokenId> = self.by_latin.get(hash(token.latin)).collect();
        if !token.traits.is_legal_form {
            for meaning in token.meanings {
                candidates.extend(self.by_meaning.get(hash(meaning)));
            }
        }
        if !token.traits.is_number && !token.traits.is_legal_form {
            candidates.extend(self.by_sounds.get(hash(token.sounds)));
            if token.traits.without_vowels {
                candidates.extend(self.by_consonants.get(hash(token.consonants)));
                if token.consonants.len() >= SHORTER_SKELETON_MIN {
                    for shorter in (0..token.consonants.len()).map(|at| without(token.consonants, at)) {
                        candidates.extend(self.by_consonants.get(hash(shorter.as_str())));
                    }
                }
            } else if fuzzy {
                self.one_sound_apart(token.sounds, &mut candidates);
                candidates.extend(self.sharing_bigrams(token, shared));
            }
        }
        let similar = |id: TokenId| Some((id, token.similarity(self.vocabulary.get(id))?));
        candidates.into_iter().filter_map(similar).collect()
    }

    /// Adds the tokens whose sounds are `sounds` with one sound more, less or replaced, or with two neighbours swapped,
    /// however many tokens the list has: both are the same without one sound of each.
    fn one_sound_apart(&self, sounds: &str, candidates: &mut FxHashSet<TokenId>) {
        candidates.extend(self.by_shortened.get(hash(sounds)));
        shortened(sounds, |shorter| {
            candidates.extend(self.by_shortened.get(hash(shorter)));
            candidates.extend(self.by_sounds.get(hash(shorter)));
        });
    }

    /// Returns the tokens that share at least two fifths of the bigrams of `token`'s sounds. All others differ in
    /// too many letters to be similar. Common bigrams are left out if there are too many tokens to read.
    fn sharing_bigrams(&self, token: TokenView<'_>, shared: &mut SharedBigrams) -> Vec<TokenId> {
        let bigrams = bigrams(token.sounds);
        let mut postings: Vec<&[TokenId]> =
            bigrams.iter().map(|bigram| self.by_bigram.get(*bigram)).collect();
        postings.sort_unstable_by_key(|tokens| tokens.len());
        let mut total = 0;
        let is_read = |tokens: &&&[TokenId]| {
            total += tokens.len();
            total <= BIGRAMS_READ_MAX
        };
        let read = postings.iter().take_while(is_read).count().max(SHARED_BIGRAMS_MIN).min(postings.len());
        let left_out = postings.len() - read;
        let enough = (bigrams.len() * 2 / 5).saturating_sub(left_out).max(SHARED_BIGRAMS_MIN);
        shared.counts.clear();
        shared.counts.resize(self.vocabulary.len(), 0);
        let mut found: Vec<TokenId> = Vec::new();
        for id in postings[..read].iter().copied().flatten() {
            let count = &mut shared.counts[*id as usize];
            *count = count.saturating_add(1);
            if usize::from(*count) == enough {
                found.push(*id);
            }
        }
        if found.len() > COMPARED_MAX {
            // Each bigram that only one of both has counts against half of one that both have.
            let rank = |id: &TokenId| {
                let count = i32::from(shared.counts[*id as usize]);
                let others = i32::from(self.bigram_counts[*id as usize]) - count;
                (others - 2 * count, *id)
            };
            found.select_nth_unstable_by_key(COMPARED_MAX, rank);
            found.truncate(COMPARED_MAX);
        }
        found
    }

    /// Returns the tokens of the list that sound like `token`.
    pub(super) fn same_sounding<'a>(&'a self, token: &'a Token) -> impl Iterator<Item = TokenId> + 'a {
        let found = self.by_sounds.get(hash(token.sounds.as_str()));
        found.filter(move |id| self.vocabulary.get(*id).sounds == token.sounds)
    }

    /// Returns the weight of a token of a query, from 0 to 1, given the tokens that are `similar` to it. A
    /// distinctive word that the list does not contain can be a misspelt common word of the list, and then
    /// weighs little.
    pub(crate) fn query_weight(&self, token: &Token, similar: &SimilarTokens) -> f32 {
        let traits = token.traits;
        let weight =
            if traits.is_legal_form { traits.weight } else { traits.weight * self.rarity(&token.latin) };
        let is_known = traits.is_legal_form || traits.weight < 1.0 || self.contains(&token.latin);
        let nearest = similar.iter().filter(|_| !is_known).max_by(|a, b| a.1.0.total_cmp(&b.1.0));
        let Some((id, (similarity, MatchKind::Fuzzy))) = nearest else { return weight };
        let intended_weight = self.vocabulary.get(*id).traits.weight * self.rarities[*id as usize];
        weight + (intended_weight - weight).min(0.0) * similarity
    }
}

/// Calls `visit` with each text that is `sounds` without one sound, unless too little would be left.
pub(super) fn shortened(sounds: &str, mut visit: impl FnMut(&str)) {
    if !SHORTENED_LENGTHS.contains(&sounds.len()) {
        return;
    }
    let mut shorter = String::with_capacity(sounds.len());
    for (at, c) in sounds.char_indices() {
        shorter.clear();
        shorter.push_str(&sounds[..at]);
        shorter.push_str(&sounds[at + c.len_utf8()..]);
        visit(&shorter);
    }
}

/// Returns an ASCII text without the character at position `at`.
fn without(text: &str, at: usize) -> String {
    text.char_indices().filter(|(index, _)| *index != at).map(|(_, c)| c).collect()
}
