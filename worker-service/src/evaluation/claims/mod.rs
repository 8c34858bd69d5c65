//! Measures the checks of claims and the verifier on claims with known verdicts, which an operator runs
//! (`worker-service evaluate-claims`). Each claim takes the way that a finding of a report takes.

mod corpus;
mod evaluate;
mod result;
#[cfg(test)]
mod tests;

pub use self::{
    corpus::ClaimCorpus,
    evaluate::evaluate_claims,
    result::{ClaimEvaluation, Counts, KindResult},
};
