//! Checks a claim about a company against the evidence that it cites, without a model. The evidence may be in
//! another language than the claim.
//!
//! # How a claim is checked
//!
//! 1. **Reading** (`text`). Texts are folded, divided into sentences, clauses and words, and read for figures with
//!    their units (`figures`), for dates, and for the concepts that they mention (`lexicon`), such as being fined,
//!    bribery, a court or an intention. Texts of different languages are compared by these.
//! 2. **Comparison** (`case`). The sentences of the evidence that the claim quotes are what the claim must rest on,
//!    and the rest of the piece is what may contradict it.
//! 3. **Checks** (`checks`). Each looks for one kind of untrue claim and returns a [`Flaw`]. A check that cannot
//!    tell, for example because the lexicon lacks the words of the evidence, lets the claim pass.

mod case;
mod checks;
mod company;
mod figures;
mod flaw;
mod folding;
mod language;
mod lexicon;
mod sound;
mod text;

pub use self::{
    case::{Claim, Company, Piece, Reading},
    checks::{figure_flaws, flaws},
    figures::Date,
    flaw::{Aspect, Flaw},
};
