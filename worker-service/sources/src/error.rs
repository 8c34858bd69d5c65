//! Why a source gives no answer.

use std::time::Duration;

use thiserror::Error;

/// Why a source gives no answer.
#[derive(Clone, Debug, Error)]
pub enum SourceError {
    /// The service does not answer, or reports that it cannot answer now. A retry may succeed.
    #[error("it does not answer: {0}")]
    Unavailable(String),
    /// The service limits the rate of requests. A retry may succeed.
    #[error("it limits the rate of requests")]
    Throttled {
        /// How long the service asks to wait, if it says so.
        retry_after: Option<Duration>,
    },
    /// The service refuses the request.
    #[error("it refuses to answer: {0}")]
    Refused(String),
    /// No configured service of the source covers this company, so none was queried.
    #[error("it cannot be asked: {0}")]
    NotAsked(&'static str),
    /// The service does not know what was requested.
    #[error("it does not know it")]
    NotFound,
    /// The answer cannot be parsed.
    #[error("its answer cannot be understood: {0}")]
    Unreadable(String),
}

impl SourceError {
    /// Returns whether a retry may succeed.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Throttled { .. })
    }
}
