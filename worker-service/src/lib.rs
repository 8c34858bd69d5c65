//! The worker of Dossier: takes reports from the queue, gathers evidence, has it assessed, renders
//! and publishes the report.
//!
//! The way of a report: [`consumer`] → [`job`] (claim, [`lease`]) → [`pipeline`] →
//! [`sources`] → [`assess`] → [`rendering`] → the bucket and the table.

pub mod assess;
pub mod concurrency_limit;
pub mod consumer;
pub mod dead_letters;
pub mod ecs_task_protection;
pub mod evaluation;
pub mod failure;
pub mod health;
pub mod job;
pub mod journal;
pub mod lease;
pub mod pipeline;
pub mod settings;
pub mod sweeper;
pub mod tenant_concurrency;
pub mod webhooks;
pub mod worker;

pub(crate) use service_runtime::retry;
