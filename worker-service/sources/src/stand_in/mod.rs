//! Stand-ins for the services that the sources query, for the local stack and tests: each source has one in its folder,
//! in the service's format, over the sample data in `world.json`.
//!
//! The feature `stand-in` turns them on. Nothing in the sources themselves refers to them.

pub(crate) mod names;
pub(crate) mod world;

use std::fmt;

use axum::routing::MethodRouter;

/// The stand-in of one source.
pub struct StandIn {
    /// The operations of the service.
    pub operations: Vec<Operation>,
    /// Returns the settings of a source that queries the stand-in at a base URL.
    pub environment: fn(base_url: &str) -> Vec<(&'static str, String)>,
}

/// One operation of a service. Its router needs no state.
pub struct Operation {
    /// The name under which calls are counted, such as `sanctions.match`.
    pub name: &'static str,
    /// The path, in the notation of axum.
    pub path: &'static str,
    /// What answers requests.
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
