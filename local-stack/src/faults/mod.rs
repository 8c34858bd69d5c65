//! Faults of the stand-ins: the kinds, their probabilities from 0 to 1, and how to set them. `--fault` sets
//! them at the start, `PUT /faults` at run time.

mod admin;
mod arg;
mod kind;
mod parse;
mod plan;
mod set;

pub(crate) use admin::admin;
pub(crate) use arg::{FaultArg, from_args};
pub(crate) use kind::StandIn;
pub(crate) use parse::parse_latency;
pub use plan::FaultPlan;
pub(crate) use plan::{Misjudgement, Outcome, Roll, Task};
pub use set::Faults;
