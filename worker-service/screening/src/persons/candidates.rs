//! Chooses the persons whose names are compared with a query: those who have the most of its words by weight.

use super::{
    index::Index,
    parse::Role,
    prepared::{QueryToken, WordPair},
};

/// Maximum number of persons who are compared.
const CANDIDATES_MAX: usize = 160;
/// Share of the most weight below which nobody is compared.
const WEIGHT_SHARE_MIN: f32 = 0.4;
/// Maximum number of persons of the commoner half of a word who are looked up among those of the rarer half.
const HALVES_MAX: usize = 50_000;

/// The weight of the query's words that each person of the list has. One number for each person, whether they have a
/// word or not, is faster than a table of those who do: common words have tens of thousands of persons. It is used for
/// many queries.
#[derive(Debug)]
pub(super) struct Weights {
    /// The weight in fixed point above the last token that was counted. All are 0 between queries.
    entries: Vec<u32>,
    /// The persons whose weight is not 0.
    found: Vec<u32>,
}

impl Weights {
    /// Units of a weight of 1.
    const UNIT: f32 = 65_536.0;
    const TOKEN_BITS: u32 = 8;
    const TOKEN_MASK: u32 = (1 << Self::TOKEN_BITS) - 1;

    /// Returns weights for a list of `persons`.
    pub(super) fn new(persons: usize) -> Self {
        Self { entries: vec![0; persons], found: Vec::new() }
    }

    fn clear(&mut self) {
        for person in self.found.drain(..) {
            self.entries[person as usize] = 0;
        }
    }

    /// Counts a token once for each person, with its best word, which comes first.
    fn add(&mut self, person: u32, token: u32, weight: u32) {
        let entry = &mut self.entries[person as usize];
        if *entry == 0 {
            self.found.push(person);
        }
        if *entry & Self::TOKEN_MASK != token {
            *entry = ((*entry >> Self::TOKEN_BITS) + weight) << Self::TOKEN_BITS | token;
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "weights are from 0 to 1")]
    fn fixed(weight: f32) -> u32 {
        (weight * Self::UNIT) as u32
    }

    /// Returns the `count` persons with the most weight, and those of the same weight that `is_plausible` prefers.
    fn best(&self, count: usize, is_plausible: impl Fn(u32) -> bool) -> Vec<u32> {
        /// Bits of an entry that its bucket leaves out: weights up to 16 in steps of a 64th.
        const BUCKET_SHIFT: u32 = Weights::TOKEN_BITS + 10;
        const BUCKETS: usize = 1 << 10;
        let bucket =
            |person: u32| ((self.entries[person as usize] >> BUCKET_SHIFT) as usize).min(BUCKETS - 1);
        let mut sizes = vec![0_usize; BUCKETS];
        for person in &self.found {
            sizes[bucket(*person)] += 1;
        }
        let Some(most) = sizes.iter().rposition(|size| *size > 0).filter(|most| *most > 0) else {
            return Vec::new();
        };
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small"
        )]
        let lowest = ((most as f32 * WEIGHT_SHARE_MIN) as usize).max(1);
        let (mut cut, mut above) = (most, 0);
        while cut > lowest && above + sizes[cut] <= count {
            above += sizes[cut];
            cut -= 1;
        }
        let (mut chosen, mut plausible, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for person in self.found.iter().copied() {
            match bucket(person) {
                at if at > cut => chosen.push(person),
                at if at == cut && is_plausible(person) => plausible.push(person),
                at if at == cut && others.len() < count => others.push(person),
                _ => {}
            }
        }
        chosen.extend(plausible.into_iter().chain(others));
        chosen.truncate(count);
        chosen
    }
}

/// Returns the persons to compare with a query. `is_plausible` tells persons apart who share the same words.
pub(super) fn candidates(
    index: &Index,
    query: &mut [QueryToken],
    weights: &mut Weights,
    is_plausible: impl Fn(u32) -> bool,
) -> Vec<u32> {
    let mut token_number = 0;
    for token in query.iter_mut().filter(|token| is_searched(token)) {
        token_number += 1;
        for (word, quality) in token.similar(&index.vocabulary) {
            let weight = Weights::fixed(token.weight * quality);
            for person in index.persons(word) {
                weights.add(*person, token_number, weight);
            }
        }
    }
    for token in query.iter() {
        token_number += 1;
        for halves in token.halves(&index.vocabulary) {
            add_halves(index, &halves, token_number, Weights::fixed(token.weight), weights);
        }
    }
    let chosen = weights.best(CANDIDATES_MAX, is_plausible);
    weights.clear();
    chosen
}

fn is_searched(token: &QueryToken) -> bool {
    matches!(token.token.role, Role::Name | Role::Patronymic)
}

/// Adds the persons who have both halves of a token as words of their own.
fn add_halves(index: &Index, (one, other): &WordPair, token: u32, weight: u32, weights: &mut Weights) {
    let size = |words: &[u32]| words.iter().map(|word| index.persons(*word).len()).sum::<usize>();
    let (fewer, more) = if size(one) <= size(other) { (one, other) } else { (other, one) };
    if size(fewer) > HALVES_MAX {
        return;
    }
    for person in fewer.iter().flat_map(|word| index.persons(*word)) {
        if index.words(*person).iter().any(|word| more.contains(word)) {
            weights.add(*person, token, weight);
        }
    }
}
