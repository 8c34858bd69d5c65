//! Assessments outside of a report, which an operator runs: the replay of a stored report with another prompt
//! or model, the evaluation of a set of cases with the configured one, and that of claims with known verdicts.
//! They do not store answers and are not limited by a budget, but print what they cost.

mod case;
mod claims;
mod evaluate;
mod overrides;
mod replay;
mod result;
mod snapshot;

pub use self::{
    claims::{ClaimCorpus, ClaimEvaluation, Counts, KindResult, evaluate_claims},
    evaluate::evaluate,
    overrides::Overrides,
    replay::{ReplayError, Stored, replay},
    result::{EvaluateError, Evaluation},
};
