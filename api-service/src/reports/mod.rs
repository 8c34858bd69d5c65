//! The resource `/v1/reports`: one file for each operation, and the components that they share.

pub(crate) mod artifact;
mod attempts;
pub(crate) mod batch;
pub(crate) mod control;
pub(crate) mod deliveries;
pub(crate) mod document;
mod duration_estimate;
mod entity_tag;
pub(crate) mod erase;
pub(crate) mod events;
pub(crate) mod export;
mod filter;
pub(crate) mod hold;
pub(crate) mod list;
mod path;
pub(crate) mod read;
mod resource;
mod store;
pub(crate) mod submit;
mod watcher;
pub(crate) mod webhook;

pub(crate) use self::{duration_estimate::DurationEstimate, store::Reports, watcher::ReportWatcher};
