//! Stand-ins for the services that the sources query, for the local stack and tests. Each source that queries
//! a service has one in its folder. It answers in the service's format, from the sample data in `world.json`.
//!
//! The feature `stand-in` compiles them. Nothing in the sources themselves refers to them.

pub(crate) mod names;
pub(crate) mod world;

use std::fmt;

use axum::routing::MethodRouter;

/// The stand-in of one source.
pub struct StandIn {
    /// The operations of the service.
    pub operations: Vec<Operation>,
    /// Returns the settings that make the source query the stand-in at `base_url`.
    pub environment: fn(base_url: &str) -> Vec<(&'static str, String)>,
}

/// One operation of a service. Its router needs no state.
pub struct Operation {
    /// The name under which calls are counted, such as `sanctions.match`.
    pub name: &'static str,
    /// The path, in axum's notation.
    pub path: &'static str,
    /// The handler that answers requests.
    pub handler: MethodRouter,
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn").field("operations", &self.operations).finish_non_exhaustive()
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("name", &self.name)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
