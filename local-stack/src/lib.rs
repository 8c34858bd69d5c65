//! Dossier on one machine: an embedded AWS (SQS, DynamoDB, S3), stand-ins for Bedrock Runtime and for the
//! sources of evidence, all on loopback and with faults on request; the API and a worker on top of them, in
//! one process; the demo; the soak test; the load test; and the outage table.

pub mod account;
mod answer_counter;
pub mod aws;
pub mod bedrock;
pub(crate) mod calls;
pub mod cli;
mod company_names;
mod console;
mod daily_usage;
mod demo;
pub mod fault_proxy;
pub mod faults;
pub mod feeds;
mod inspect;
pub mod limits;
mod load;
pub mod metering;
mod outages;
mod progress;
pub mod provision;
mod ready;
pub mod server;
mod service_processes;
mod soak;
pub mod stack;
mod test_stack;

pub use test_stack::TestStack;
