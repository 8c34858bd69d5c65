//! The domain of Dossier and its adapters to AWS, shared by the API and the worker.
//!
//! [`domain`] is pure: no I/O, no AWS type. [`aws`] turns its results into requests to DynamoDB,
//! SQS and S3. [`contract`] is what travels through the queue.

pub mod aws;
pub mod clock;
pub mod config;
pub mod contract;
pub mod domain;
pub mod probe;
pub mod shutdown;
pub mod telemetry;
