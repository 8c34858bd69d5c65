//! The worker of Dossier: takes reports from the queue, gathers evidence, assesses it with a model,
//! and renders and publishes the report.
//!
//! A report passes through `consumer`, `job` (with `claim` and `lease`) and `pipeline`, whose stages are in
//! [`sources`], [`assess`] and [`rendering`]. Its files are stored in the bucket, and its state in the table.

pub mod assess;
pub mod back_off;
mod claim;
pub mod concurrency_limit;
mod consumer;
pub mod dead_letters;
mod ecs_task_protection;
mod erasure;
pub mod evaluation;
mod evidence_reuse;
mod expiry;
pub mod failure;
pub mod health;
mod job;
mod journal;
mod later_version;
mod lease;
mod legal_hold;
mod list;
mod pipeline;
mod queue_witness;
pub mod settings;
pub mod slots;
pub mod supervisor;
mod sweep_pace;
mod sweeper;
mod tenant_concurrency;
pub mod webhooks;
pub mod worker;
