//! The sources of evidence. Each source is one folder with client, settings, words for each language, rules
//! and a stand-in for tests, and is registered by one line in `registered`. docs/EXTENDING.md shows how to
//! add one.
//!
//! The worker's pipeline calls [`Sources::gather`], which queries every source at the same time. Each query
//! has a time limit and falls back to a cache of earlier answers (`stale_cache`). Sources reach the network
//! through [`Http`], which retries, has a circuit breaker for each service, and refuses private addresses
//! (`egress_guard`).

mod breaker;
mod country_name;
mod country_risk;
mod definition;
mod error;
mod gather;
mod http;
mod news;
mod reader;
mod registered;
mod registry;
mod related;
mod rulebook;
pub mod sanctions;
mod settings;
mod source;
mod stale_cache;
#[cfg(feature = "stand-in")]
pub mod stand_in;
#[cfg(test)]
mod testing;
mod texts;
mod turn_queue;

pub use self::{
    definition::{BuildContext, SourceDefinition, SourceSettings, SourcesError},
    error::SourceError,
    gather::{Gathered, Sources},
    http::{ANSWER_MAX, Http},
    reader::base_url,
    registered::REGISTERED,
    related::{PartyKind, RELATED_MAX, RelatedParty, Relation},
    rulebook::{compose, rulebook},
    settings::{SETTINGS, Settings},
    source::{Freshness, ITEMS_MAX, Source, SourceAnswer},
};
