//! Measures how the screening engine behaves on a sanctions list, and writes the result as a validation pack for the
//! model-risk file of a bank: `validation.pdf`, `validation.html` and `validation.json`.
//!
//! 1. **Queries** (`sample`, `kinds`). Listed names are perturbed (`perturb`), and clean names are made that
//!    mean nobody on the list (`clean`). A seed determines them (`random`).
//! 2. **Answers** (`measure`, `evaluate`). The engine (`engine`) is asked, and the answers are counted, each
//!    share with its confidence interval (`proportion`).
//! 3. **Pack** (`pack`). The figures become one document (`content`), and that a page (`html`) and a PDF
//!    (`pdf`).
//!
//! The same lists, seed and sample give the same bytes.

mod clean;
pub mod command;
mod content;
mod document;
mod engine;
mod evaluate;
mod format;
mod html;
mod kinds;
mod limits;
mod listing;
mod measure;
mod pack;
mod pdf;
mod perturb;
mod proportion;
mod random;
mod run;
mod sample;
mod settings;
mod words;

pub use self::{
    listing::ListingError,
    settings::{DEFAULT_SAMPLE, DEFAULT_SEED, Settings},
};
