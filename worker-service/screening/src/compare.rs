//! How sure it is that two names are one company's.

use super::index::{Alike, Index, Listed, WordId};
use crate::names::{self, Likeness, Name, Word};

/// A word that tells more than this on one side, while the other has one of its own, speaks against.
const CONFLICT: f32 = 0.06;
/// Names of words that tell less than this together are recognised only as a whole.
const TOLD_ENOUGH: f32 = 0.6;
/// A listed name stands whole in the asked one when this much of it does.
const CONTAINED: f32 = 0.95;
/// What such a name must tell to be worth a look.
const CONTAINED_TOLD: f32 = 1.2;
/// The least score of such a name: a resemblance, not a match.
const CONTAINED_SCORE: f32 = 0.72;
/// Letters of two names written together agree when this much of them does.
const LETTERS_AGREE: f32 = 0.88;

/// A word of the asked name that was recognised in the listed one.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// As asked.
    pub asked: String,
    /// As listed.
    pub listed: String,
    /// From 0 to 1.
    pub similarity: f32,
    /// What the word tells, from 0 to 1.
    pub weight: f32,
    /// Why they are alike.
    pub likeness: Likeness,
}

/// A comparison with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comparison {
    /// From 0 to 1.
    pub(super) score: f32,
    /// What the words tell that were recognised: names of common words alone tell little.
    pub(super) told: f32,
    pub(super) pairs: Vec<Pair>,
    pub(super) asked_only: Vec<String>,
    pub(super) listed_only: Vec<String>,
}

/// A name that is asked about, prepared for many comparisons.
#[derive(Debug)]
pub(super) struct Query<'a> {
    index: &'a Index,
    pub(super) name: Name,
    pub(super) weights: Vec<f32>,
    pub(super) alike: Vec<Alike>,
    joined: Vec<Word>,
    compact: Vec<char>,
}

/// A way to recognise words: which ones of each side, as bits.
struct Recognised {
    gain: f32,
    asked: u64,
    listed: u64,
    similarity: f32,
    likeness: Likeness,
}

impl<'a> Query<'a> {
    pub(super) fn new(index: &'a Index, name: Name) -> Self {
        let alike: Vec<Alike> = name.words.iter().map(|word| index.alike(word)).collect();
        let weights = name.words.iter().zip(&alike).map(|(word, alike)| index.weight(word, alike)).collect();
        let joined = name.words.windows(2).map(|pair| pair[0].joined(&pair[1])).collect();
        let compact = name.compact().chars().collect();
        Self { index, name, weights, alike, joined, compact }
    }

    /// Compares it with a listed name.
    pub(super) fn compare(&self, listed: &Listed) -> Comparison {
        let vocabulary = &self.index.vocabulary;
        let mut options = self.one_to_one(listed);
        self.written_together(listed, &mut options);
        options.sort_by(|a, b| b.gain.total_cmp(&a.gain));
        let (mut asked_taken, mut listed_taken) = (0_u64, 0_u64);
        let (mut asked_told, mut listed_told, mut told) = (0.0, 0.0, 0.0);
        let mut pairs = Vec::new();
        for Recognised { asked, listed: other, similarity, likeness, .. } in options {
            if asked & asked_taken != 0 || other & listed_taken != 0 {
                continue;
            }
            asked_taken |= asked;
            listed_taken |= other;
            let asked_weight: f32 = places(asked).map(|at| self.weights[at]).sum();
            let listed_weight: f32 = places(other).map(|at| listed.weights[at]).sum();
            asked_told += asked_weight * similarity;
            listed_told += listed_weight * similarity;
            told += asked_weight.min(listed_weight) * similarity;
            let words = |words: Vec<&str>| words.join(" ");
            pairs.push(Pair {
                asked: words(places(asked).map(|at| self.name.words[at].latin.as_str()).collect()),
                listed: words(
                    places(other).map(|at| vocabulary[listed.words[at] as usize].latin.as_str()).collect(),
                ),
                similarity,
                weight: asked_weight.max(listed_weight),
                likeness,
            });
        }
        let asked_all: f32 = self.weights.iter().sum();
        let listed_all: f32 = listed.weights.iter().sum();
        let asked_rest: Vec<usize> = rest(asked_taken, self.name.words.len());
        let listed_rest: Vec<usize> = rest(listed_taken, listed.words.len());
        let alone = |rest: &[usize], weights: &[f32]| rest.iter().map(|at| weights[*at]).sum::<f32>();
        let contained = listed_told >= CONTAINED * listed_all && told >= CONTAINED_TOLD;
        let conflict = alone(&asked_rest, &self.weights).min(alone(&listed_rest, &listed.weights));
        let mut score = combined(asked_told / asked_all, listed_told / listed_all);
        score *= 1.0 - 0.6 * (conflict - CONFLICT).clamp(0.0, 0.5);
        if told < TOLD_ENOUGH {
            let missing = (1.0 - told / TOLD_ENOUGH) * (1.0 - score);
            score *= 1.0 - missing.min(0.5);
        }
        let (shorter, longer) = {
            let (asked, listed) = (self.compact.len(), listed.compact.len());
            (asked.min(listed), asked.max(listed))
        };
        if score < LETTERS_AGREE && shorter >= 8 && longer <= names::COMPARED_MAX {
            let letters = names::letter_similarity(&self.compact, &listed.compact);
            if letters >= LETTERS_AGREE {
                score = score.max(letters * (1.0 - conflict.min(0.3)));
                told = told.max(asked_all.min(listed_all) * letters);
            }
        }
        // Words around it do not hide a listed name.
        if contained {
            score = score.max(CONTAINED_SCORE);
        }
        Comparison {
            score,
            told,
            pairs,
            asked_only: asked_rest.into_iter().map(|at| self.name.words[at].latin.clone()).collect(),
            listed_only: listed_rest
                .into_iter()
                .map(|at| vocabulary[listed.words[at] as usize].latin.clone())
                .collect(),
        }
    }

    fn one_to_one(&self, listed: &Listed) -> Vec<Recognised> {
        let mut options = Vec::new();
        for (at, alike) in self.alike.iter().enumerate() {
            for (other, id) in listed.words.iter().enumerate() {
                if let Some((similarity, likeness)) = alike.get(id).copied() {
                    let gain = similarity * (self.weights[at] + listed.weights[other]);
                    options.push(Recognised {
                        gain,
                        asked: 1 << at,
                        listed: 1 << other,
                        similarity,
                        likeness,
                    });
                }
            }
        }
        options
    }

    /// Pairs of neighbouring words on one side that are one word on the other.
    fn written_together(&self, listed: &Listed, options: &mut Vec<Recognised>) {
        let vocabulary = &self.index.vocabulary;
        let surely = |option: &Recognised| option.similarity >= 0.9;
        let asked_known =
            options.iter().filter(|option| surely(option)).fold(0, |bits, option| bits | option.asked);
        let listed_known =
            options.iter().filter(|option| surely(option)).fold(0, |bits, option| bits | option.listed);
        let mut offer = |one: &Word, two: &Word, asked: u64, other: u64, told: f32| {
            let alike = |(similarity, likeness): &(f32, Likeness)| match likeness {
                Likeness::Same | Likeness::Sound => true,
                Likeness::Near => *similarity >= 0.75,
                Likeness::Consonants => *similarity >= 0.9,
                Likeness::Meaning | Likeness::Cut => false,
            };
            if let Some((similarity, likeness)) = one.likeness(two).filter(alike) {
                options.push(Recognised {
                    gain: similarity * told,
                    asked,
                    listed: other,
                    similarity,
                    likeness,
                });
            }
        };
        let near = |a: usize, b: usize| a.abs_diff(b) <= 2;
        for (at, joined) in self.joined.iter().enumerate().filter(|(at, _)| asked_known & (0b11 << at) == 0) {
            for (other, id) in listed.words.iter().enumerate() {
                let word = &vocabulary[*id as usize];
                if near(word.latin.len(), joined.latin.len()) && !word.is_legal_form {
                    let told = self.weights[at] + self.weights[at + 1] + listed.weights[other];
                    offer(joined, word, 0b11 << at, 1 << other, told);
                }
            }
        }
        for other in (1..listed.words.len()).filter(|other| listed_known & (0b11 << (other - 1)) == 0) {
            let word = |at: usize| -> &Word {
                let id: WordId = listed.words[at];
                &vocabulary[id as usize]
            };
            let (one, two) = (word(other - 1), word(other));
            let length = one.latin.len() + two.latin.len();
            let told = listed.weights[other - 1] + listed.weights[other];
            let mut joined = None;
            for (at, word) in self.name.words.iter().enumerate() {
                if near(word.latin.len(), length) && !word.is_legal_form {
                    let joined = joined.get_or_insert_with(|| one.joined(two));
                    offer(word, joined, 1 << at, 0b11 << (other - 1), told + self.weights[at]);
                }
            }
        }
    }
}

/// One number of what is recognised of either name.
fn combined(asked: f32, listed: f32) -> f32 {
    if asked + listed > 0.0 { 2.0 * asked * listed / (asked + listed) } else { 0.0 }
}

/// The places of the bits that are set.
fn places(bits: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |at| bits & (1 << at) != 0)
}

/// The places below `count` that are not taken.
fn rest(taken: u64, count: usize) -> Vec<usize> {
    (0..count).filter(|at| taken & (1 << at) == 0).collect()
}
