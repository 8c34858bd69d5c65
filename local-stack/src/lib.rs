//! Dossier on one machine: an embedded AWS (SQS, DynamoDB, S3), a stand-in for Bedrock Runtime and stand-ins for the
//! evidence feeds, all on loopback, with faults that can be asked for on the wire; the API and a worker on top of them,
//! in one process; and the demo.

pub mod aws;
pub mod bedrock;
pub mod calls;
pub mod cli;
pub mod demo;
pub mod fault_proxy;
pub mod faults;
pub mod feeds;
pub mod provision;
pub mod ready;
pub mod server;
pub mod soak;
pub mod stack;

pub use stack::testing::TestStack;
