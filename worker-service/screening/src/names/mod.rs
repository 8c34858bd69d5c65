//! Company names as tokens, so that names in different scripts and spellings can be compared.
//!
//! A name is folded (`fold`), split into runs of one script (`runs`), and translated and romanised into Latin
//! words (`tokenize`). Each word becomes a token with a weight, a phonetic key, a consonant skeleton and its
//! meanings (`token`).

mod distance;
mod fold;
mod lexicon;
mod name;
mod namesake;
mod phonetic;
mod press;
mod romanize;
mod runs;
mod same;
mod script;
mod tables;
mod token;
mod tokenize;
mod translations;

pub(crate) use self::{
    distance::{COMPARED_MAX, edit_similarity},
    name::Name,
    token::{MatchKind, Token},
};
pub use self::{
    namesake::names_other_legal_form,
    press::{has_distinctive_word, without_legal_form},
    same::{has_tokens, mentions, same_company},
};

#[cfg(test)]
mod tests;
