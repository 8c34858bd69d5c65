//! A source that is configured and running.

use std::{fmt::Debug, time::Duration};

use domain::{evidence::EvidenceDraft, language::Language, request::ReportRequest, time::UtcTime};
use futures::future::{BoxFuture, ready};
use tokio_util::sync::CancellationToken;

use crate::{error::SourceError, related::RelatedParty};

/// Maximum number of pieces of evidence from one source. The rest, which has the least weight, is left out.
pub const ITEMS_MAX: usize = 50;

/// A source of evidence that is configured and running.
pub trait Source: Debug + Send + Sync {
    /// Returns what the source knows about the company of `request`.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the source has no answer.
    fn query<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>>;

    /// Screens parties that are related to the company, and returns the evidence in `language`. Returns `None` if the source
    /// does not screen names.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the parties could not be screened.
    fn screen<'a>(
        &'a self,
        _parties: &'a [RelatedParty],
        _language: Language,
    ) -> Option<BoxFuture<'a, Result<Vec<EvidenceDraft>, SourceError>>> {
        None
    }

    /// Returns the maximum time that a query may wait for its turn at a service that accepts few requests. The
    /// time limit of the source does not include it.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    /// Loads what the source needs to answer. A worker awaits this before it receives reports. A source that
    /// fails to prepare answers with an error until [`run`](Self::run) succeeds.
    fn prepare(&self) -> BoxFuture<'_, ()> {
        Box::pin(ready(()))
    }

    /// Keeps what the source needs up to date, until `stop` is cancelled.
    fn run(&self, _stop: CancellationToken) -> BoxFuture<'_, ()> {
        Box::pin(ready(()))
    }
}

/// The answer of a source.
#[derive(Clone, Debug)]
pub struct SourceAnswer {
    /// The time at which the answer was current: when its data was published, or now if the service answers
    /// from its live data. `None` if it is not known, which the source reports as [`Freshness::Stale`].
    pub as_of: Option<UtcTime>,
    /// The evidence, in descending order of weight. If nothing was found, one piece of evidence says so.
    pub evidence: Vec<EvidenceDraft>,
    /// How complete and current the answer is.
    pub freshness: Freshness,
    /// The versions of the lists, tables and vocabularies that were used, as text with size and date.
    pub versions: Vec<String>,
    /// Who owns, controls or runs the company. They are screened after all sources have answered.
    pub related: Vec<RelatedParty>,
}

/// How complete and current an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Complete and current.
    Current,
    /// Current, but one of several services did not answer, or a part of its answer could not be read. The
    /// answer is not cached.
    Partial,
    /// Based on data that could not be renewed, that is older than the source allows, or whose age is not
    /// known.
    Stale,
}
