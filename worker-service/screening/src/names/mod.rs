//! Company names as tokens: what a name in any script and spelling has in common with another.
//!
//! A name is folded ([`fold`]), split into runs of one script ([`runs`]), translated and romanised into Latin
//! words ([`tokenize`]), and each word becomes a [`Token`] with a weight, a phonetic key, a consonant
//! skeleton and its meanings. The order of the modules below is that of a name's way through them.

mod fold;
mod script;
mod tables;

mod translations;

mod romanize;
mod runs;
mod tokenize;

mod distance;
mod lexicon;
mod phonetic;
mod token;

mod name;
mod same;

pub use self::same::{has_tokens, mentions, same_company};
pub(crate) use self::{
    distance::{COMPARED_MAX, edit_similarity},
    name::Name,
    token::{MatchKind, Token},
};

#[cfg(test)]
mod tests;
