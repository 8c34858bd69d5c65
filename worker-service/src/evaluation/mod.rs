//! Assessments outside of a report: the replay of a stored report with another prompt or model, and the
//! evaluation of a set of cases with the configured one. They store nothing and are not limited by a
//! budget; they are run by an operator, and state what they cost.

mod case;
mod evaluate;
mod overrides;
mod replay;
mod result;

pub use self::{
    evaluate::evaluate,
    overrides::Overrides,
    replay::{Stored, replay},
    result::Evaluation,
};
