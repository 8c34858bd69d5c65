//! What a source consists of, and how it is built.

use std::{fmt::Debug, sync::Arc};

use aws_config::SdkConfig;
use domain::{evidence::SourceName, risk::RulebookPart};
use egress_guard::Guard;
use service_runtime::config::{Reader, Setting};
use thiserror::Error;

#[cfg(feature = "stand-in")]
use crate::stand_in::StandIn;
use crate::{http::Http, source::Source};

/// The definition of a source of evidence: everything that the rest of Dossier needs to know about it.
#[derive(Debug)]
pub struct SourceDefinition {
    /// The source's name in reports, settings and metrics.
    pub name: SourceName,
    /// The settings that the source reads.
    pub settings: &'static [Setting],
    /// Reads the settings. Returns `None` if the reader noted an error.
    pub read: fn(&mut Reader<'_>) -> Option<Arc<dyn SourceSettings>>,
    /// The rules for the source's signals, as TOML.
    pub rules: &'static str,
    /// The source's name and the texts of its rules, as TOML, each with the BCP 47 tag of its language.
    pub words: &'static [(&'static str, &'static str)],
    /// Makes the stand-in for the services that the source queries; `None` if it queries none.
    #[cfg(feature = "stand-in")]
    pub stand_in: Option<fn() -> StandIn>,
}

impl SourceDefinition {
    /// Returns what the source contributes to the rulebook.
    pub fn rulebook_part(&self) -> RulebookPart<'static> {
        RulebookPart { rules: self.rules, words: self.words }
    }
}

/// The settings of one source, as read from the environment.
pub trait SourceSettings: Debug + Send + Sync {
    /// Returns whether the settings name anything that the source can query. If not, the source is skipped.
    fn is_configured(&self) -> bool;

    /// Builds the source; called only if it is configured.
    ///
    /// # Errors
    /// Returns [`SourcesError`] if a client cannot be built.
    fn build(&self, context: &BuildContext<'_>) -> Result<Box<dyn Source>, SourcesError>;
}

/// The dependencies that a source is built with.
#[derive(Clone, Copy, Debug)]
pub struct BuildContext<'a> {
    /// The HTTP client. [`Http::for_service`] gives each service a circuit breaker of its own.
    pub http: &'a Http,
    /// The egress guard of `http`, for sources that build another HTTP client.
    pub guard: &'a Guard,
    /// The configuration for AWS clients.
    pub sdk: &'a SdkConfig,
    /// The name of the table, for turns at a service that all workers share.
    pub table: &'a str,
}

/// An error while the sources are built.
#[derive(Debug, Error)]
pub enum SourcesError {
    /// An HTTP client cannot be built because TLS cannot be set up.
    #[error("no HTTP client can be made: {0}")]
    Http(#[from] reqwest::Error),
}
