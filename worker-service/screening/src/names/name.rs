//! Names as sequences of tokens, weighted by their place in the name.

use super::{
    fold::fold,
    outline::{Outline, OutlineWord},
    token::{Token, TokenView},
    tokenize::{self, Reading},
};

/// Maximum number of tokens of a name that are compared: a comparison holds one bit of 64 for each token.
pub(crate) const TOKENS_MAX: usize = 60;
/// Number of neighbouring tokens that are compared as one word.
pub(crate) const JOINED_MAX: usize = 4;

/// A company name as tokens that can be compared with those of another.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    /// The tokens, in order.
    pub(crate) tokens: Vec<Token>,
}

impl Name {
    /// Parses `name`, in any script, with known words translated.
    pub(crate) fn parse(name: &str) -> Self {
        Self::from_outline(Outline::parse(name), |word| word.weight)
    }

    /// Returns the readings of `name` (see [`Outline::readings`]).
    pub(crate) fn readings(name: &str) -> Vec<Self> {
        Self::ranked_readings(name, |word| word.weight)
    }

    /// Returns the readings of `name`. Of a long name, the words of the highest rank are kept.
    pub(crate) fn ranked_readings(name: &str, rank: impl Fn(&OutlineWord) -> f32) -> Vec<Self> {
        Outline::readings(name).into_iter().map(|outline| Self::from_outline(outline, &rank)).collect()
    }

    /// Parses a text of any length, such as a headline: all of its tokens are kept, none is a legal form.
    pub(super) fn parse_text(text: &str) -> Self {
        let words = tokenize::words(&fold(text), Reading::Meaning);
        Self { tokens: words.into_iter().map(|word| Token::new(word, false)).collect() }
    }

    fn from_outline(mut outline: Outline, rank: impl Fn(&OutlineWord) -> f32) -> Self {
        outline.shorten(TOKENS_MAX, rank);
        let token = |word: &OutlineWord| {
            let mut token = word.token();
            token.traits.weight = word.weight;
            token
        };
        Self { tokens: outline.words.iter().map(token).collect() }
    }

    /// Returns the tokens without legal forms and without spaces between them.
    pub(crate) fn compact(&self) -> String {
        let words = self.tokens.iter().filter(|token| !token.traits.is_legal_form);
        words.map(|token| token.latin.as_str()).collect()
    }

    /// Returns each run of `length` neighbouring tokens as one token.
    pub(crate) fn joined(&self, length: usize) -> impl Iterator<Item = Token> {
        self.tokens.windows(length).map(|run| {
            let views: Vec<TokenView<'_>> = run.iter().map(Token::view).collect();
            Token::joined(&views)
        })
    }
}
