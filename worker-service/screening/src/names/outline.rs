//! The words of a name with their weights there, before their other properties are looked up.

use rustc_hash::FxHashSet;

use super::{
    fold::fold,
    lexicon::{Role, lexicon},
    links,
    script::is_translated,
    token::Token,
    tokenize::{self, Reading},
    word::LatinWord,
};

/// Maximum number of words of a name that are read. It bounds the time for a hostile name.
const WORDS_MAX: usize = 1_000;
/// Maximum weight, from 0 to 1, of a word that is a kind of company unit: branch, office, desk.
const UNIT_WEIGHT_MAX: f32 = 0.12;
/// Maximum weight, from 0 to 1, of a word that can say which unit is meant, as in "Export Department".
const UNIT_MODIFIER_WEIGHT_MAX: f32 = 0.3;
/// Maximum number of words of a unit's name.
const UNIT_WORDS_MAX: usize = 4;
/// Share of its weight that a word keeps in the name of a unit.
const UNIT_DISCOUNT: f32 = 0.4;
/// Number of words up to which comparing each with each finds repetitions faster than a set does.
const FEW_WORDS: usize = 16;
/// Share of its weight that a word keeps if it also occurs earlier in the name.
const REPETITION_DISCOUNT: f32 = 0.1;
/// Share of its weight that a place keeps at the end of a name or before a kind of unit.
const UNIT_PLACE_DISCOUNT: f32 = 0.3;

/// A word of a name.
#[derive(Clone, Debug)]
pub(crate) struct OutlineWord {
    pub(super) word: LatinWord,
    /// Whether the word is part of a legal form.
    pub(crate) is_legal_form: bool,
    /// How distinctive the word is at its place in the name, from 0 to 1.
    pub(crate) weight: f32,
}

impl OutlineWord {
    /// Returns the word in Latin letters and digits.
    pub(crate) fn latin(&self) -> &str {
        &self.word.latin
    }

    /// Looks up the other properties of the word. The token has the weight of the word wherever it stands.
    pub(crate) fn token(&self) -> Token {
        Token::new(self.word.clone(), self.is_legal_form)
    }

    /// Returns whether the word was written without short vowels.
    pub(crate) fn without_vowels(&self) -> bool {
        self.word.without_vowels
    }
}

/// The words of a name, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outline {
    pub(crate) words: Vec<OutlineWord>,
}

impl Outline {
    /// Reads `name`, in any script, with known words translated.
    pub(crate) fn parse(name: &str) -> Self {
        Self::from_words(tokenize::words(&fold(name), Reading::Meaning))
    }

    /// Returns the readings of `name`: the whole, and each name of the company that it contains ("Acme,
    /// formerly Barter"). A name in a script that does not spell all sounds is read twice, with known words
    /// translated and with all words romanised.
    pub(crate) fn readings(name: &str) -> Vec<Self> {
        let folded = fold(name);
        let parts = links::names(&folded);
        let mut readings = Vec::new();
        for text in std::iter::once(&folded).chain(&parts) {
            readings.push(Self::from_words(tokenize::words(text, Reading::Meaning)));
            if text.chars().any(is_translated) {
                readings.push(Self::from_words(tokenize::words(text, Reading::Sound)));
            }
        }
        readings
    }

    /// Keeps the `max` words of the highest rank, in their order. Of words with one rank, long ones are kept.
    pub(crate) fn shorten(&mut self, max: usize, rank: impl Fn(&OutlineWord) -> f32) {
        if self.words.len() <= max {
            return;
        }
        let ranks: Vec<(f32, usize)> =
            self.words.iter().map(|word| (rank(word), word.latin().len())).collect();
        let mut order: Vec<usize> = (0..self.words.len()).collect();
        order.sort_by(|a, b| ranks[*b].0.total_cmp(&ranks[*a].0).then(ranks[*b].1.cmp(&ranks[*a].1)));
        let kept: FxHashSet<usize> = order.into_iter().take(max).collect();
        let mut at = 0;
        self.words.retain(|_| {
            at += 1;
            kept.contains(&(at - 1))
        });
    }

    fn from_words(mut words: Vec<LatinWord>) -> Self {
        words.truncate(WORDS_MAX);
        let is_legal_form = legal_forms(&words);
        let weighed = |(word, is_legal_form): (LatinWord, bool)| OutlineWord {
            weight: lexicon().weight(&word.latin, is_legal_form),
            word,
            is_legal_form,
        };
        let mut outline = Self { words: words.into_iter().zip(is_legal_form).map(weighed).collect() };
        outline.discount_repetitions();
        outline.discount_places();
        outline.discount_unit();
        outline
    }

    /// Lowers the weight of words that occur earlier in the name: a repetition adds no information.
    fn discount_repetitions(&mut self) {
        if self.words.len() <= FEW_WORDS {
            for at in 1..self.words.len() {
                let (earlier, rest) = self.words.split_at_mut(at);
                if earlier.iter().any(|word| word.word.latin == rest[0].word.latin) {
                    rest[0].weight *= REPETITION_DISCOUNT;
                }
            }
            return;
        }
        let mut earlier = FxHashSet::default();
        for word in &mut self.words {
            if !earlier.insert(word.word.latin.as_str()) {
                word.weight *= REPETITION_DISCOUNT;
            }
        }
    }

    /// Lowers the weight of the last words if they name a unit of the company: "Export Department", "Trading
    /// Arm".
    fn discount_unit(&mut self) {
        if !self.words.last().is_some_and(is_unit) {
            return;
        }
        let can_modify = |word: &OutlineWord| !word.is_legal_form && word.weight <= UNIT_MODIFIER_WEIGHT_MAX;
        let start = self.words.iter().rposition(|word| !can_modify(word)).map_or(0, |at| at + 1);
        let start = start.max(self.words.len().saturating_sub(UNIT_WORDS_MAX));
        let has_name_before = self.words[..start].iter().any(|word| !word.is_legal_form);
        if has_name_before {
            for word in &mut self.words[start..] {
                word.weight *= UNIT_DISCOUNT;
            }
        }
    }

    /// Lowers the weight of places that say where a branch or an office is. A place at the start of the name
    /// is part of the name and keeps its weight.
    fn discount_places(&mut self) {
        let is_place: Vec<bool> =
            self.words.iter().map(|word| lexicon().role(word.latin()) == Role::Place).collect();
        // Whether the words after a position, places aside, begin with a unit or end the name.
        let mut before_unit = true;
        for at in (1..self.words.len()).rev() {
            if !is_place[at] {
                before_unit = is_unit(&self.words[at]);
            } else if before_unit {
                self.words[at].weight *= UNIT_PLACE_DISCOUNT;
            }
        }
    }
}

/// Returns whether a word is a kind of company unit.
fn is_unit(word: &OutlineWord) -> bool {
    !word.is_legal_form && word.weight <= UNIT_WEIGHT_MAX
}

/// Returns, for each word, whether it is part of a legal form. A name that consists of legal forms alone is
/// still a name: none of its words counts as one.
fn legal_forms(words: &[LatinWord]) -> Vec<bool> {
    let mut is_legal_form = vec![false; words.len()];
    let mut at = 0;
    while at < words.len() {
        let length = lexicon().legal_form(&words[at..], at == 0);
        is_legal_form[at..at + length].fill(true);
        at += length.max(1);
    }
    if is_legal_form.iter().all(|is_legal| *is_legal) {
        is_legal_form.fill(false);
    }
    is_legal_form
}
