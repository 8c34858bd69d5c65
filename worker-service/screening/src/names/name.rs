//! Names as sequences of tokens, weighted by their place in the name.

use super::{
    fold::fold,
    lexicon::lexicon,
    script::is_translated,
    token::Token,
    tokenize::{self, LatinWord, Reading},
};

/// Maximum number of tokens of a name that are compared: a comparison holds one bit of 64 for each token.
const TOKENS_MAX: usize = 60;
/// Maximum weight, from 0 to 1, of a token that is a kind of company unit: branch, office, desk.
const UNIT_WEIGHT_MAX: f32 = 0.12;
/// Maximum weight, from 0 to 1, of a token that can say which unit is meant, as in "Export Department".
const UNIT_MODIFIER_WEIGHT_MAX: f32 = 0.3;
/// Maximum number of tokens of a unit's name.
const UNIT_TOKENS_MAX: usize = 4;
/// Share of its weight that a token keeps in the name of a unit and after "c/o".
const UNIT_DISCOUNT: f32 = 0.4;
/// Share of its weight that a token keeps if it also occurs earlier in the name.
const REPETITION_DISCOUNT: f32 = 0.1;
/// Share of its weight that a place keeps at the end of a name or before a kind of unit.
const UNIT_PLACE_DISCOUNT: f32 = 0.3;

/// A company name as tokens that can be compared with those of another.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    /// The tokens, in order.
    pub(crate) tokens: Vec<Token>,
}

impl Name {
    /// Parses `name`, in any script, with known words translated.
    pub(crate) fn parse(name: &str) -> Self {
        Self::from_words(tokenize::words(&fold(name), Reading::Meaning))
    }

    /// Returns the readings of `name`. A name in a script that does not spell all sounds has two: with known
    /// words translated, and with all words romanised.
    pub(crate) fn readings(name: &str) -> Vec<Self> {
        let folded = fold(name);
        let mut readings = vec![Self::from_words(tokenize::words(&folded, Reading::Meaning))];
        if folded.chars().any(is_translated) {
            readings.push(Self::from_words(tokenize::words(&folded, Reading::Sound)));
        }
        readings
    }

    /// Parses a text of any length, such as a headline: all of its tokens are kept, none is a legal form.
    pub(super) fn parse_text(text: &str) -> Self {
        let words = tokenize::words(&fold(text), Reading::Meaning);
        Self { tokens: words.into_iter().map(|word| Token::new(word, false)).collect() }
    }

    fn from_words(mut words: Vec<LatinWord>) -> Self {
        if words.len() > TOKENS_MAX {
            // Otherwise single letters at the start could push the name itself beyond the limit.
            words.retain(|word| word.latin.len() > 1);
            words.truncate(TOKENS_MAX);
        }
        let is_legal_form = legal_forms(&words);
        let tokens =
            words.into_iter().zip(is_legal_form).map(|(word, legal)| Token::new(word, legal)).collect();
        let mut name = Self { tokens };
        name.discount_repetitions();
        name.discount_care_of();
        name.discount_places();
        name.discount_unit();
        name
    }

    /// Lowers the weight of tokens that occur earlier in the name: a repetition adds no information.
    fn discount_repetitions(&mut self) {
        for at in 1..self.tokens.len() {
            if self.tokens[..at].iter().any(|earlier| earlier.latin == self.tokens[at].latin) {
                self.tokens[at].weight *= REPETITION_DISCOUNT;
            }
        }
    }

    /// Lowers the weight of "c/o" and what follows: it names the addressee, not the company.
    fn discount_care_of(&mut self) {
        let care_of = |pair: &[Token]| pair[0].latin == "c" && pair[1].latin == "o";
        if let Some(at) = self.tokens.windows(2).position(care_of).filter(|at| *at > 0) {
            for token in &mut self.tokens[at..] {
                token.weight *= UNIT_DISCOUNT;
            }
        }
    }

    /// Lowers the weight of the last tokens if they name a unit of the company: "Export Department", "Trading
    /// Arm".
    fn discount_unit(&mut self) {
        if !self.tokens.last().is_some_and(is_unit) {
            return;
        }
        let can_modify = |token: &Token| !token.is_legal_form && token.weight <= UNIT_MODIFIER_WEIGHT_MAX;
        let start = self.tokens.iter().rposition(|token| !can_modify(token)).map_or(0, |at| at + 1);
        let start = start.max(self.tokens.len().saturating_sub(UNIT_TOKENS_MAX));
        let has_name_before = self.tokens[..start].iter().any(|token| !token.is_legal_form);
        if has_name_before {
            for token in &mut self.tokens[start..] {
                token.weight *= UNIT_DISCOUNT;
            }
        }
    }

    /// Lowers the weight of places that say where a branch or an office is. A place at the start of the name
    /// is part of the name and keeps its weight.
    fn discount_places(&mut self) {
        for at in 1..self.tokens.len() {
            if !lexicon().is_place(&self.tokens[at].latin) {
                continue;
            }
            let next = self.tokens[at + 1..].iter().find(|token| !lexicon().is_place(&token.latin));
            if next.is_none_or(is_unit) {
                self.tokens[at].weight *= UNIT_PLACE_DISCOUNT;
            }
        }
    }

    /// Returns the tokens without legal forms and without spaces between them.
    pub(crate) fn compact(&self) -> String {
        self.tokens.iter().filter(|token| !token.is_legal_form).map(|token| token.latin.as_str()).collect()
    }

    /// Returns each pair of neighbouring tokens as one token.
    pub(crate) fn joined_pairs(&self) -> impl Iterator<Item = Token> {
        self.tokens.windows(2).map(|pair| pair[0].joined(&pair[1]))
    }
}

/// Returns whether a token is a kind of company unit.
fn is_unit(token: &Token) -> bool {
    !token.is_legal_form && token.weight <= UNIT_WEIGHT_MAX
}

/// Returns, for each word, whether it is part of a legal form. A name that consists of legal forms alone is
/// still a name: none of its words counts as one.
fn legal_forms(words: &[LatinWord]) -> Vec<bool> {
    let latin: Vec<String> = words.iter().map(|word| word.latin.clone()).collect();
    let mut is_legal_form = vec![false; words.len()];
    let mut at = 0;
    while at < words.len() {
        let length = lexicon().legal_form(&latin[at..], at == 0);
        is_legal_form[at..at + length].fill(true);
        at += length.max(1);
    }
    if is_legal_form.iter().all(|is_legal| *is_legal) {
        is_legal_form.fill(false);
    }
    is_legal_form
}
