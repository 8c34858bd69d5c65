//! A time limit and a cache of earlier answers for each source. While a source does not answer, reports use
//! its earlier answer and show the age of that answer.

use std::time::Duration;

use domain::{
    evidence::{TEXT_MAX, TITLE_MAX},
    request::ReportRequest,
    time::UtcTime,
};
use moka::{policy::EvictionPolicy, sync::Cache};
use service_runtime::clock::Clock;
use tokio::time::timeout;

use crate::{
    error::SourceError,
    related::RELATED_MAX,
    source::{Freshness, ITEMS_MAX, Source, SourceAnswer},
};

/// Maximum number of cached answers of one source.
const CAPACITY: u64 = 256;

/// Maximum number of related parties of a cached answer: twice as many as are screened, since some are named twice.
const RELATED_KEPT_MAX: usize = 2 * RELATED_MAX;

/// The result of a query.
#[derive(Clone, Debug)]
pub(crate) enum Retrieved {
    /// The source answered.
    Fresh(SourceAnswer),
    /// The source did not answer, but it answered the same question earlier.
    Stale {
        /// The earlier answer.
        answer: SourceAnswer,
        /// When it was retrieved.
        at: UtcTime,
        /// Why the source did not answer now.
        error: SourceError,
    },
    /// The source did not answer, and there is no earlier answer that is young enough.
    Nothing(SourceError),
}

/// A source with a time limit and a cache of its last answers.
#[derive(Debug)]
pub(crate) struct StaleCache {
    source: Box<dyn Source>,
    clock: Clock,
    /// Maximum age of a cached answer.
    max_age: Duration,
    /// Time limit of the source for all its requests and retries together.
    time_limit: Duration,
    /// The answers with the times at which they were cached, by [`key`].
    answers: Cache<String, (SourceAnswer, UtcTime)>,
}

impl StaleCache {
    /// Wraps `source`.
    pub(crate) fn new(
        source: Box<dyn Source>,
        clock: Clock,
        max_age: Duration,
        time_limit: Duration,
    ) -> Self {
        // Evicts the least recently used answer. The default policy prefers frequently used keys and would
        // refuse new ones.
        let answers = Cache::builder().max_capacity(CAPACITY).eviction_policy(EvictionPolicy::lru()).build();
        Self { source, clock, max_age, time_limit, answers }
    }

    /// Returns the source itself.
    pub(crate) fn source(&self) -> &dyn Source {
        self.source.as_ref()
    }

    /// Returns the time limit of the source for all its requests together.
    pub(crate) fn time_limit(&self) -> Duration {
        self.time_limit
    }

    /// Queries the source. If it does not answer, falls back to its earlier answer.
    pub(crate) async fn query(&self, request: &ReportRequest) -> Retrieved {
        let time_limit = self.time_limit + self.source.patience();
        let too_slow = || SourceError::Unavailable(format!("it took more than {} s", time_limit.as_secs()));
        let answer = timeout(time_limit, self.source.query(request)).await;
        match answer.unwrap_or_else(|_| Err(too_slow())) {
            Ok(answer) => {
                if answer.freshness == Freshness::Current {
                    self.answers.insert(key(request), (shortened(&answer), self.clock.now()));
                }
                Retrieved::Fresh(answer)
            }
            Err(error) => match self.answers.get(&key(request)) {
                Some((answer, at)) if self.clock.now().since(at) <= self.max_age => {
                    Retrieved::Stale { answer, at, error }
                }
                _ => Retrieved::Nothing(error),
            },
        }
    }
}

/// Shortens an answer to the limits of a snapshot, so that the size of the cache in bytes is bounded, too.
fn shortened(answer: &SourceAnswer) -> SourceAnswer {
    let mut answer = answer.clone();
    answer.evidence.truncate(ITEMS_MAX);
    answer.related.truncate(RELATED_KEPT_MAX);
    for draft in &mut answer.evidence {
        draft.title = safe_text::clean(&draft.title, TITLE_MAX);
        draft.text = safe_text::clean(&draft.text, TEXT_MAX);
    }
    answer
}

/// Returns the cache key of a request: the parts that distinguish one question to a source from another.
fn key(request: &ReportRequest) -> String {
    // No accepted number is empty, so a request without one has a key of its own.
    let number = request.corporate_number.as_deref().unwrap_or_default();
    // Texts of evidence are in the language of the report.
    format!("{}\u{1f}{}\u{1f}{number}\u{1f}{}", request.language, request.country, request.company_name)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::future::BoxFuture;

    use super::*;
    use crate::testing::request;

    /// A source whose behaviour the tests set.
    #[derive(Clone, Debug)]
    struct Switch(Arc<Mutex<Behaviour>>);

    #[derive(Clone, Debug)]
    struct Behaviour {
        error: Option<SourceError>,
        freshness: Freshness,
        delay: Duration,
    }

    impl Switch {
        fn new() -> Self {
            Self(Arc::new(Mutex::new(Behaviour {
                error: None,
                freshness: Freshness::Current,
                delay: Duration::ZERO,
            })))
        }

        fn set_error(&self, error: Option<SourceError>) {
            self.0.lock().unwrap().error = error;
        }

        fn set_freshness(&self, freshness: Freshness) {
            self.0.lock().unwrap().freshness = freshness;
        }

        fn set_delay(&self, delay: Duration) {
            self.0.lock().unwrap().delay = delay;
        }
    }

    impl Source for Switch {
        fn query<'a>(&'a self, _: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
            Box::pin(async {
                let Behaviour { error, freshness, delay } = self.0.lock().unwrap().clone();
                tokio::time::sleep(delay).await;
                let answer = SourceAnswer {
                    as_of: Some(UtcTime::from_epoch_millis(0)),
                    evidence: vec![],
                    freshness,
                    versions: vec![],
                    related: vec![],
                };
                error.map_or(Ok(answer), Err)
            })
        }
    }

    fn company(name: &str) -> ReportRequest {
        request(name, "1", "AQ")
    }

    fn down() -> Option<SourceError> {
        Some(SourceError::Unavailable("down".into()))
    }

    fn cached() -> (Switch, StaleCache, Clock) {
        let clock = Clock::fixed(UtcTime::from_epoch_millis(0));
        let switch = Switch::new();
        let (max_age, time_limit) = (Duration::from_secs(3600), Duration::from_secs(30));
        let cache = StaleCache::new(Box::new(switch.clone()), clock.clone(), max_age, time_limit);
        (switch, cache, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_takes_too_long_gives_no_answer() {
        let (switch, mut cache, _) = cached();
        cache.time_limit = Duration::from_millis(1);
        switch.set_delay(Duration::from_secs(60));
        assert!(matches!(cache.query(&company("a")).await, Retrieved::Nothing(SourceError::Unavailable(_))));
    }

    #[tokio::test]
    async fn a_partial_answer_is_used_and_not_cached() {
        let (switch, cache, _) = cached();
        switch.set_freshness(Freshness::Partial);
        assert!(matches!(cache.query(&company("a")).await, Retrieved::Fresh(_)));
        switch.set_error(down());
        assert!(matches!(cache.query(&company("a")).await, Retrieved::Nothing(_)));
    }

    #[tokio::test]
    async fn the_last_answer_to_the_same_question_is_used_until_it_is_too_old() {
        let (switch, cache, clock) = cached();
        cache.query(&company("a")).await;
        switch.set_error(down());
        assert!(matches!(cache.query(&company("a")).await, Retrieved::Stale { .. }));
        assert!(matches!(cache.query(&company("b")).await, Retrieved::Nothing(_)));
        clock.set(UtcTime::from_epoch_millis(3_601_000));
        assert!(matches!(cache.query(&company("a")).await, Retrieved::Nothing(_)));
    }

    #[tokio::test]
    async fn the_cache_is_bounded_and_keeps_the_newest_answers() {
        let (switch, cache, _) = cached();
        for number in 0..CAPACITY + 20 {
            cache.query(&company(&format!("n{number}"))).await;
            cache.answers.run_pending_tasks();
        }
        assert_eq!(cache.answers.entry_count(), CAPACITY);
        switch.set_error(down());
        assert!(matches!(cache.query(&company("n0")).await, Retrieved::Nothing(_)));
        assert!(matches!(cache.query(&company("n275")).await, Retrieved::Stale { .. }));
    }
}
