//! Gathers the evidence of a report: queries every source at the same time, and records the outcome of each.

use std::{cmp::Reverse, mem, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use domain::{
    evidence::{EvidenceDraft, Snapshot, SourceName, SourceOutcome, SourceStatus},
    language::Language,
    request::ReportRequest,
    time::UtcTime,
};
use egress_guard::Guard;
use futures::future::join_all;
use service_runtime::clock::Clock;
use telemetry::metrics::metrics;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty, info_span};

use crate::{
    definition::{BuildContext, SourcesError},
    error::SourceError,
    http::Http,
    related::{self, RelatedParty},
    settings::Settings,
    source::{Freshness, ITEMS_MAX, SourceAnswer},
    stale_cache::{Retrieved, StaleCache},
    texts::{Texts, words},
};

/// Time limit of a source for all its requests and retries together, as a multiple of the time limit of one
/// answer.
const ANSWERS_MAX: u32 = 3;

/// The answers of all sources.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// The outcome of each source with its evidence.
    pub answers: Vec<(SourceOutcome, Vec<EvidenceDraft>)>,
    /// The versions of the lists, tables and vocabularies that the sources used, as text.
    pub versions: Vec<String>,
    /// The sources that did not answer now, with the time at which the answer used in their place was
    /// retrieved.
    pub retrieved_earlier: Vec<(SourceName, UtcTime)>,
}

impl Gathered {
    /// Returns the snapshot of the answers, which were retrieved at `now` unless an earlier one was used.
    pub fn freeze(self, now: UtcTime) -> Snapshot {
        let snapshot = Snapshot { versions: self.versions, ..Snapshot::freeze(self.answers, now) };
        self.retrieved_earlier.iter().fold(snapshot, |snapshot, (source, at)| snapshot.retrieved(source, *at))
    }
}

/// All sources, in the order in which their evidence is numbered.
#[derive(Clone, Debug)]
pub struct Sources {
    sources: Arc<[GuardedSource]>,
    evidence_max_age: Duration,
}

/// A source with its name, time limit and cache. `source` is `None` if the source is not configured.
#[derive(Debug)]
struct GuardedSource {
    name: SourceName,
    source: Option<StaleCache>,
}

impl Sources {
    /// Builds the sources that `settings` configure. The others are recorded as skipped.
    ///
    /// # Errors
    /// Returns [`SourcesError`] if an HTTP client cannot be built.
    pub fn new(
        settings: &Settings,
        sdk: &SdkConfig,
        table: &str,
        clock: Clock,
    ) -> Result<Self, SourcesError> {
        let guard = Guard::new(settings.private_hosts.clone(), "DOSSIER_PRIVATE_SOURCES");
        let http = Http::new(settings.timeout, guard.clone(), clock.clone())?;
        let context = BuildContext { http: &http, guard: &guard, sdk, table };
        let sources = settings.sources.iter().map(|(name, source)| {
            let source = source.is_configured().then(|| source.build(&context)).transpose()?;
            let source = source.map(|source| {
                let time_limit = settings.timeout * ANSWERS_MAX;
                // No report holds evidence that is older than the maximum age, whatever the cache keeps.
                let max_age = settings.cache_max_age.min(settings.evidence_max_age);
                StaleCache::new(source, clock.clone(), max_age, time_limit)
            });
            Ok::<_, SourcesError>(GuardedSource { name: name.clone(), source })
        });
        let sources = sources.collect::<Result<_, _>>()?;
        Ok(Self { sources, evidence_max_age: settings.evidence_max_age })
    }

    /// Returns the maximum age of evidence in a report.
    pub fn evidence_max_age(&self) -> Duration {
        self.evidence_max_age
    }

    /// Loads what the sources need to answer. A worker awaits this before it receives reports.
    pub async fn prepare(&self) {
        join_all(self.configured().map(|source| source.source().prepare())).await;
    }

    /// Keeps what the sources need up to date, until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        join_all(self.configured().map(|source| source.source().run(stop.clone()))).await;
    }

    fn configured(&self) -> impl Iterator<Item = &StaleCache> {
        self.sources.iter().filter_map(|source| source.source.as_ref())
    }

    /// Queries every source, then has the related parties that they name screened. No source can fail the report or
    /// delay another one: the outcome of a source without an answer is recorded.
    pub async fn gather(&self, request: &ReportRequest) -> Gathered {
        let queries = self.sources.iter().map(|source| source.query(request));
        let mut results = join_all(queries).await;
        self.screen_related(&mut results, request.language).await;
        let mut gathered = Gathered::default();
        for SourceResult { outcome, evidence, versions, retrieved_earlier, .. } in results {
            gathered.retrieved_earlier.extend(retrieved_earlier.map(|at| (outcome.source.clone(), at)));
            gathered.answers.push((outcome, evidence));
            gathered.versions.extend(versions);
        }
        gathered
    }
}

impl Sources {
    /// Has the related parties that the sources name screened by every source that screens names. The evidence goes to
    /// the source that screens; what was not screened is noted at a source that named a party.
    async fn screen_related(&self, results: &mut [SourceResult], language: Language) {
        let Some(namer) = results.iter().position(|result| !result.related.is_empty()) else { return };
        let named = results.iter_mut().flat_map(|result| mem::take(&mut result.related));
        let (parties, excess) = related::to_screen(named);
        if parties.is_empty() {
            return;
        }
        let screenings = self.sources.iter().map(|source| source.screen(&parties, language));
        let mut screened = false;
        for (result, evidence) in results.iter_mut().zip(join_all(screenings).await) {
            if let Some(evidence) = evidence {
                screened = true;
                result.add(evidence);
            }
        }
        let (unscreened, why) = match (screened, excess) {
            (false, excess) => (parties.len() + excess, "no_list"),
            (true, 0) => return,
            (true, excess) => (excess, "limited"),
        };
        let texts = Texts::new(words(language), "related");
        let key = if unscreened == 1 { "unscreened_one" } else { "unscreened_many" };
        let values = [("count", &*unscreened.to_string()), ("why", &*texts.text(why))];
        let text = texts.fill(key, &values);
        results[namer].add(vec![EvidenceDraft::gap(texts.text("unscreened_title"), text)]);
    }
}

/// What one source contributes to a [`Gathered`].
struct SourceResult {
    outcome: SourceOutcome,
    evidence: Vec<EvidenceDraft>,
    versions: Vec<String>,
    related: Vec<RelatedParty>,
    /// When the answer was retrieved, if it is an earlier one.
    retrieved_earlier: Option<UtcTime>,
}

impl SourceResult {
    /// Adds evidence. If the source then has more than [`ITEMS_MAX`] pieces, those with the weakest signals are left
    /// out.
    fn add(&mut self, evidence: Vec<EvidenceDraft>) {
        self.evidence.extend(evidence);
        if self.evidence.len() > ITEMS_MAX {
            self.evidence.sort_by_key(|draft| Reverse(draft.max_strength()));
            self.evidence.truncate(ITEMS_MAX);
        }
        self.outcome.items = u32::try_from(self.evidence.len()).unwrap_or(u32::MAX);
    }
}

impl GuardedSource {
    async fn query(&self, request: &ReportRequest) -> SourceResult {
        let name = self.name.as_str();
        let span = info_span!(
            "source",
            otel.name = format_args!("ask {name}"),
            dossier.source = name,
            dossier.source.status = Empty
        );
        let retrieved = match &self.source {
            Some(source) => Some(source.query(request).instrument(span.clone()).await),
            None => None,
        };
        let retrieved_earlier = match &retrieved {
            Some(Retrieved::Stale { at, .. }) => Some(*at),
            _ => None,
        };
        let (status, answer) = self.status(retrieved);
        let as_of = answer.as_ref().and_then(|answer| answer.as_of);
        let (evidence, versions, related) =
            answer.map(|answer| (answer.evidence, answer.versions, answer.related)).unwrap_or_default();
        span.record("dossier.source.status", status.as_str());
        metrics().source(name, status.as_str());
        let outcome = SourceOutcome { source: self.name.clone(), status, as_of, items: 0 };
        let mut result = SourceResult { outcome, evidence: Vec::new(), versions, related, retrieved_earlier };
        result.add(evidence);
        result
    }

    /// Returns the evidence on related parties, or `None` if the source does not screen names, or failed to.
    async fn screen(&self, parties: &[RelatedParty], language: Language) -> Option<Vec<EvidenceDraft>> {
        let source = self.source.as_ref()?;
        let screening = source.source().screen(parties, language)?;
        let too_slow = || SourceError::Unavailable("it took too long to screen related parties".to_owned());
        match timeout(source.time_limit(), screening).await.unwrap_or_else(|_| Err(too_slow())) {
            Ok(evidence) => Some(evidence),
            Err(error) => {
                let source = self.name.as_str();
                tracing::warn!(source, error = %error, "related parties could not be screened");
                None
            }
        }
    }

    /// Returns the status that is recorded, and the answer that is used. Logs why there is no fresh answer.
    fn status(&self, retrieved: Option<Retrieved>) -> (SourceStatus, Option<SourceAnswer>) {
        let log = |error: &SourceError| {
            tracing::warn!(source = self.name.as_str(), error = %error, "source of evidence gave no answer");
        };
        match retrieved {
            None | Some(Retrieved::Nothing(SourceError::NotAsked(_))) => (SourceStatus::Skipped, None),
            Some(Retrieved::Fresh(answer)) if answer.freshness == Freshness::Stale => {
                (SourceStatus::Stale, Some(answer))
            }
            Some(Retrieved::Fresh(answer)) => (SourceStatus::Ok, Some(answer)),
            Some(Retrieved::Stale { answer, error, .. }) => {
                log(&error);
                (SourceStatus::Stale, Some(answer))
            }
            Some(Retrieved::Nothing(error)) => {
                log(&error);
                (SourceStatus::Failed, None)
            }
        }
    }
}
