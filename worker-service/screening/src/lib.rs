//! Screens company names against sanctions lists: which listed entities a company could be, with a score from
//! 0 to 1 and the reasons for it.
//!
//! # How a query is processed
//!
//! 1. **Lists.** [`lists`] reads the formats of the publishers into entities, each with a main name, aliases,
//!    countries and identifiers.
//! 2. **Tokens.** [`names`] turns each name into tokens: it folds case and marks, recognises legal forms,
//!    translates known words of other scripts and romanises all others. A name in Arabic or East Asian script
//!    is read twice, by meaning and by sound. Each token has a weight: legal forms weigh next to nothing,
//!    common words ("trading", "branch") little.
//! 3. **Index.** [`Screener::new`] builds an inverted index over the tokens of all names, main names and
//!    aliases alike, and multiplies each token's weight by its inverse document frequency: a word that few
//!    entities have identifies them.
//! 4. **Candidates.** A query fetches the names that share similar tokens with it (same spelling, sound,
//!    meaning or consonants, or few different letters), and those that share trigrams with it, which finds
//!    names whose words are written together or apart. Only the best of both groups go on, which bounds the
//!    number of comparisons.
//! 5. **Comparison.** Tokens of the query and of a candidate are paired greedily, the strongest pair first
//!    and in any order of words. The score is the harmonic mean of the weighted shares of both names that
//!    were matched. Unmatched tokens on *both* sides lower it, and so does a match on common words alone.
//! 6. **Country and number.** A different country lowers the score, and lowers it more if the matched tokens
//!    are less distinctive. An equal registration number finds an entity of the same country under any name,
//!    and an equal Legal Entity Identifier finds it in any country.
//! 7. **Threshold.** Each entity is reported with its best name. From [`MATCH_THRESHOLD`] on, a hit is a
//!    match that a person has to clear; callers may show hits below it as resemblances.
//! 8. **Explanation.** An [`Explanation`] says which tokens were matched and how, which were not, and whether
//!    country and number agree.
//!
//! # Where the constants come from
//!
//! Weights and the threshold were tuned on 572 queries against the US list of 2 July 2024, and checked on
//! 2,609 other queries against the same list. `docs/EVIDENCE.md` has the figures: recall and false alarms on
//! both sets, other engines on the same queries, and the speed. Figures for other lists will differ.

mod birth_date;
pub mod command;
mod compare;
mod conflict;
mod entity;
mod explain;
mod hit;
mod index;
pub mod lists;
pub mod names;
mod pairing;
pub mod persons;
mod query;
mod screener;

pub use self::{
    birth_date::{BirthDate, InvalidBirthDate},
    entity::{EntityKind, ListedEntity, Topic},
    explain::{Explanation, Part},
    hit::Hit,
    screener::{MATCH_THRESHOLD, Screener},
};
