//! Gathers evidence: every source is asked at the same time, and each outcome is recorded.
//!
//! A source is a folder behind the trait [`Source`]; its last answers stand before it (`resilience`),
//! and [`http`] with a breaker for each service, and [`guard`](crate::guard), between it and the network.

mod breaker;
pub mod country_risk;
pub mod http;
pub mod news;
pub mod registry;
pub mod sanctions;
mod stale_cache;
#[cfg(test)]
mod testing;

use aws_config::SdkConfig;
use domain::{
    evidence::{EvidenceDraft, SourceName, SourceOutcome, SourceStatus},
    request::ReportRequest,
    time::UtcTime,
};
use futures::future::{BoxFuture, join_all};
use service_runtime::clock::Clock;
use telemetry::metrics::metrics;
use thiserror::Error;
use tracing::{Instrument, field::Empty, info_span};

use self::{
    country_risk::CountryRisk,
    http::Http,
    news::News,
    registry::Registry,
    sanctions::{Lists, Sanctions},
    stale_cache::{Retrieved, StaleCache},
};
use crate::{guard::Guard, settings::SourceSettings};

/// Most pieces of evidence that one source gives; what it finds beyond is left out, weightiest first.
pub const ITEMS_MAX: usize = 50;

/// A source of evidence.
pub trait Source: std::fmt::Debug + Send + Sync {
    /// Which one it is.
    fn name(&self) -> SourceName;

    /// What it knows about the company.
    fn ask<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>>;
}

/// What a source knows.
#[derive(Clone, Debug)]
pub struct SourceAnswer {
    /// The time that it speaks of.
    pub as_of: UtcTime,
    /// What it found, weightiest first. EvidenceDraft nothing is a finding too.
    pub findings: Vec<EvidenceDraft>,
    /// Whether all of it is what the source would say now.
    pub freshness: Freshness,
    /// What it was made with, in words: lists, tables and vocabularies with version, size and date.
    pub versions: Vec<String>,
}

/// How an answer stands to what the source would say now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It is that.
    Whole,
    /// One of several services was silent: it is not kept for later.
    Partial,
    /// It rests on what could not be renewed.
    Stale,
}

/// Why a source gave no answer.
#[derive(Clone, Debug, Error)]
pub enum SourceError {
    /// It does not answer, or says that it cannot now.
    #[error("it does not answer: {0}")]
    Unavailable(String),
    /// It refuses to answer.
    #[error("it refuses to answer: {0}")]
    Refused(String),
    /// It has nobody to ask about this company.
    #[error("it cannot be asked: {0}")]
    NotAsked(&'static str),
    /// It does not know what was asked for.
    #[error("it does not know it")]
    NotFound,
    /// What it answers cannot be understood.
    #[error("its answer cannot be understood: {0}")]
    Unreadable(String),
}

/// Why the sources cannot be asked at all.
#[derive(Debug, Error)]
pub enum SourcesError {
    /// There is no HTTP client.
    #[error("no HTTP client can be made: {0}")]
    Http(#[from] reqwest::Error),
}

/// What all sources gave.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// The outcome of each source with what it found.
    pub answers: Vec<(SourceOutcome, Vec<EvidenceDraft>)>,
    /// What they were made with.
    pub versions: Vec<String>,
}

/// All sources, in the order in which their evidence is numbered.
#[derive(Debug)]
pub struct Sources {
    sources: Vec<(SourceName, Option<StaleCache>)>,
    lists: Option<Lists>,
}

impl Sources {
    /// The sources that `settings` name; the others are recorded as skipped.
    ///
    /// # Errors
    /// [`SourcesError`] when there is no HTTP client.
    pub fn new(settings: &SourceSettings, sdk: &SdkConfig, clock: Clock) -> Result<Self, SourcesError> {
        let guard = Guard::new(settings.private_hosts.clone(), "DOSSIER_PRIVATE_SOURCES");
        let http = Http::new(settings.timeout, guard, clock.clone())?;
        let lists = sanctions::lists(settings, sdk)?;
        let all = SourceName::ALL.map(|name| {
            let source: Option<Box<dyn Source>> = match name {
                SourceName::Sanctions => {
                    Sanctions::new(&http, lists.clone(), settings).map(|source| Box::new(source) as _)
                }
                SourceName::News => News::new(&http, settings).map(|source| Box::new(source) as _),
                SourceName::Registry => Registry::new(&http, settings).map(|source| Box::new(source) as _),
                SourceName::CountryRisk => Some(Box::new(CountryRisk)),
            };
            (name, source.map(|source| StaleCache::new(source, clock.clone(), settings)))
        });
        Ok(Self { sources: all.into(), lists })
    }

    /// The lists of sanctions, which are to be loaded and kept fresh.
    pub fn lists(&self) -> Option<Lists> {
        self.lists.clone()
    }

    /// Asks every source. None can fail the report or hold up another one: what one does not
    /// answer is on the record.
    pub async fn ask(&self, request: &ReportRequest) -> Gathered {
        let asked = self.sources.iter().map(|(name, source)| ask_one(*name, source.as_ref(), request));
        let mut all = Gathered::default();
        for (outcome, findings, versions) in join_all(asked).await {
            all.answers.push((outcome, findings));
            all.versions.extend(versions);
        }
        all
    }
}

async fn ask_one(
    name: SourceName,
    source: Option<&StaleCache>,
    request: &ReportRequest,
) -> (SourceOutcome, Vec<EvidenceDraft>, Vec<String>) {
    let span = info_span!(
        "source",
        otel.name = format_args!("ask {}", name.as_str()),
        dossier.source = name.as_str(),
        dossier.source.status = Empty
    );
    let answer = async {
        match source {
            Some(source) => Some(source.ask(request).await),
            None => None,
        }
    };
    let answer = answer.instrument(span.clone()).await;
    let silent = |error: &SourceError| {
        tracing::warn!(source = name.as_str(), error = %error, "a source of evidence gave no answer");
    };
    let (status, answer) = match answer {
        None => (SourceStatus::Skipped, None),
        Some(Retrieved::Fresh(answer)) if answer.freshness == Freshness::Stale => {
            (SourceStatus::Stale, Some(answer))
        }
        Some(Retrieved::Fresh(answer)) => (SourceStatus::Ok, Some(answer)),
        Some(Retrieved::Stale(answer, error)) => {
            silent(&error);
            (SourceStatus::Stale, Some(answer))
        }
        Some(Retrieved::None(SourceError::NotAsked(_))) => (SourceStatus::Skipped, None),
        Some(Retrieved::None(error)) => {
            silent(&error);
            (SourceStatus::Failed, None)
        }
    };
    let as_of = answer.as_ref().map(|answer| answer.as_of);
    let (mut findings, versions) =
        answer.map(|answer| (answer.findings, answer.versions)).unwrap_or_default();
    findings.truncate(ITEMS_MAX);
    span.record("dossier.source.status", status.as_str());
    metrics().source(name.as_str(), status.as_str());
    let items = u32::try_from(findings.len()).unwrap_or(u32::MAX);
    (SourceOutcome { source: name, status, as_of, items }, findings, versions)
}
