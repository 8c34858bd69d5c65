//! Company names as tokens, so that names in different scripts and spellings can be compared.
//!
//! A name is folded (`fold`), split into runs of one script (`runs`), and translated and romanised into Latin
//! words (`tokenize`), which get a weight (`outline`). Each word becomes a token with a phonetic key, a consonant
//! skeleton, its meanings and what it excludes (`token`, `contrast`).

mod contrast;
pub(crate) mod distance;
pub(crate) mod fold;
pub(crate) mod greek;
mod lexicon;
mod links;
mod name;
mod namesake;
mod numerals;
mod outline;
pub(crate) mod phonetic;
mod press;
pub(crate) mod romanize;
pub(crate) mod runs;
mod same;
pub(crate) mod script;
mod similarity;
mod tables;
mod token;
mod tokenize;
mod translations;
mod word;

pub(crate) use self::{
    contrast::Contrast,
    distance::{COMPARED_MAX, edit_similarity},
    lexicon::Role,
    name::{JOINED_MAX, Name, TOKENS_MAX},
    outline::{Outline, OutlineWord},
    similarity::MatchKind,
    token::{MeaningId, Token, TokenView, Traits},
};
pub use self::{
    namesake::names_other_legal_form,
    press::{has_distinctive_word, without_legal_form},
    same::{has_tokens, mentions, same_company},
};

#[cfg(test)]
mod tests;
