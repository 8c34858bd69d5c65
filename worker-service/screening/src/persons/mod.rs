//! Screens persons against the persons of sanctions lists, by name, date of birth, nationality and document.
//!
//! 1. **Tokens.** A name in any script is read as words of Latin letters (`text`, `native`), each with its part in
//!    the name (`parse`): particles and titles weigh little, patronymics less than names.
//! 2. **Candidates.** Words of the list are found by sound, by consonants, with one letter more or less, by Chinese
//!    or Korean syllables, and by tables of variants and nicknames (`vocabulary`, `prepared`). The persons with the
//!    rarest such words are compared (`candidates`).
//! 3. **Comparison.** Tokens are paired in any order (`compare`, `similarity`), also written together or apart
//!    (`join`). A token that is missing on one side costs little; one that differs is another name and costs much.
//! 4. **Score.** The date of birth raises or lowers the score strongly, the country weakly (`dates`, `score`). Weights
//!    of words depend on shares of persons, not on counts, so that scores do not change with the size of the list.

mod candidates;
mod compare;
mod dates;
mod explain;
mod hit;
mod index;
mod join;
mod native;
mod numbers;
mod pair;
mod parse;
mod prepared;
mod query;
mod score;
mod screener;
mod similarity;
mod sound;
mod syllables;
mod tables;
mod text;
mod vocabulary;
mod word;

pub use self::{
    explain::PersonExplanation, hit::PersonHit, query::PersonQuery, score::MATCH_THRESHOLD,
    screener::PersonScreener,
};

#[cfg(test)]
mod tests;
