//! The sources of evidence. Each source is one folder: client, settings, words for each language, rules, stand-in for
//! tests, and one line in `registered.rs` that registers it. docs/EXTENDING.md shows how to add one.
//!
//! The worker's pipeline calls [`Sources::gather`]. It queries every source at the same time, and between a source and the
//! report stand a time limit and a cache of earlier answers (`stale_cache`); between a source and the network stand
//! [`Http`] with retries and a circuit breaker for each service, and a guard against private addresses (`egress_guard`).

mod breaker;
mod country_risk;
mod definition;
mod error;
mod gather;
mod http;
mod news;
mod reader;
mod registered;
mod registry;
mod rulebook;
pub mod sanctions;
mod settings;
mod source;
mod stale_cache;
#[cfg(feature = "stand-in")]
pub mod stand_in;
#[cfg(test)]
mod testing;

pub use self::{
    definition::{BuildContext, SourceDefinition, SourceSettings, SourcesError},
    error::SourceError,
    gather::{Gathered, Sources},
    http::{ANSWER_MAX, Http},
    reader::base_url,
    registered::REGISTERED,
    rulebook::{compose, rulebook},
    settings::{SETTINGS, Settings},
    source::{Freshness, ITEMS_MAX, Source, SourceAnswer},
};
