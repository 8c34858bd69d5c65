//! What stands between a source and the reports: a bound on its time, and its last answers, so that
//! reports can go on with their age shown.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    evidence::{TEXT_MAX, TITLE_MAX},
    request::ReportRequest,
    time::UtcTime,
};
use service_runtime::clock::Clock;
use tokio::time::timeout;

use super::{Freshness, ITEMS_MAX, Source, SourceAnswer, SourceError};
use crate::settings::SourceSettings;

/// A source may take as long as this many answers that come at the last moment.
const QUESTIONS: u32 = 3;
/// Answers that are kept for each source.
const KEPT_MAX: usize = 256;

/// How asking went.
#[derive(Clone, Debug)]
pub(super) enum Retrieved {
    /// It answered.
    Fresh(SourceAnswer),
    /// It did not; this is what it said to the same question before.
    Stale(SourceAnswer, SourceError),
    /// It did not, and nothing is at hand.
    None(SourceError),
}

/// A source with its last answers.
#[derive(Debug)]
pub(super) struct StaleCache {
    source: Box<dyn Source>,
    clock: Clock,
    /// How old a kept answer may be.
    keep: Duration,
    /// How long the source may take, all its questions and tries together.
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: HashMap<String, (SourceAnswer, UtcTime)>,
}

impl StaleCache {
    pub(super) fn new(source: Box<dyn Source>, clock: Clock, settings: &SourceSettings) -> Self {
        let patience = settings.timeout * QUESTIONS;
        Self { source, clock, keep: settings.keep, patience, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn ask(&self, request: &ReportRequest) -> Retrieved {
        let asked = timeout(self.patience, self.source.ask(request)).await;
        let silent = || SourceError::Unavailable(format!("it took more than {} s", self.patience.as_secs()));
        match asked.unwrap_or_else(|_| Err(silent())) {
            Ok(answer) => {
                self.answered(request, &answer);
                Retrieved::Fresh(answer)
            }
            Err(error) => self.without(request, error),
        }
    }

    fn answered(&self, request: &ReportRequest, answer: &SourceAnswer) {
        let now = self.clock.now();
        let mut state = self.state();
        if answer.freshness != Freshness::Whole {
            return;
        }
        if state.kept.len() >= KEPT_MAX {
            let oldest = state.kept.iter().min_by_key(|(_, (_, at))| *at).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                state.kept.remove(&oldest);
            }
        }
        state.kept.insert(question(request), (cut(answer), now));
    }

    fn without(&self, request: &ReportRequest, error: SourceError) -> Retrieved {
        let now = self.clock.now();
        let kept = self.state().kept.get(&question(request)).cloned();
        match kept.filter(|(_, at)| now.since(*at) <= self.keep) {
            Some((answer, _)) => Retrieved::Stale(answer, error),
            None => Retrieved::None(error),
        }
    }
}

/// An answer as it would be frozen, so that what is kept is bounded.
fn cut(answer: &SourceAnswer) -> SourceAnswer {
    let mut answer = answer.clone();
    answer.findings.truncate(ITEMS_MAX);
    for finding in &mut answer.findings {
        finding.title = safe_text::clean(&finding.title, TITLE_MAX);
        finding.text = safe_text::clean(&finding.text, TEXT_MAX);
    }
    answer
}

/// What tells one question from another.
fn question(request: &ReportRequest) -> String {
    format!("{}\u{1f}{}\u{1f}{}", request.country, request.corporate_number, request.company_name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::evidence::SourceName;
    use futures::future::BoxFuture;

    use super::*;
    use crate::evidence::testing::request;

    /// A source that does what it is told.
    #[derive(Clone, Debug)]
    struct Switch(Arc<Mutex<Told>>);

    #[derive(Clone, Debug)]
    struct Told {
        error: Option<SourceError>,
        freshness: Freshness,
        wait: Duration,
    }

    impl Switch {
        fn new() -> Self {
            Self(Arc::new(Mutex::new(Told {
                error: None,
                freshness: Freshness::Whole,
                wait: Duration::ZERO,
            })))
        }

        fn set(&self, error: Option<SourceError>) {
            self.0.lock().unwrap().error = error;
        }

        fn say(&self, freshness: Freshness) {
            self.0.lock().unwrap().freshness = freshness;
        }

        fn wait(&self, wait: Duration) {
            self.0.lock().unwrap().wait = wait;
        }
    }

    impl Source for Switch {
        fn name(&self) -> SourceName {
            SourceName::News
        }

        fn ask<'a>(&'a self, _: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
            Box::pin(async {
                let Told { error, freshness, wait } = self.0.lock().unwrap().clone();
                tokio::time::sleep(wait).await;
                let answer = SourceAnswer {
                    as_of: UtcTime::from_epoch_millis(0),
                    findings: vec![],
                    freshness,
                    versions: vec![],
                };
                error.map_or(Ok(answer), Err)
            })
        }
    }

    fn asked(name: &str) -> ReportRequest {
        request(name, "1", "AQ")
    }

    fn down() -> Option<SourceError> {
        Some(SourceError::Unavailable("down".into()))
    }

    fn remembered() -> (Switch, StaleCache, Clock) {
        let clock = Clock::fixed(UtcTime::from_epoch_millis(0));
        let switch = Switch::new();
        let (keep, patience) = (Duration::from_secs(3600), Duration::from_secs(30));
        let source = Box::new(switch.clone());
        (switch, StaleCache { source, clock: clock.clone(), keep, patience, state: Mutex::default() }, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_takes_too_long_is_not_waited_for() {
        let (switch, mut remembered, _) = remembered();
        remembered.patience = Duration::from_millis(1);
        switch.wait(Duration::from_secs(60));
        assert!(matches!(remembered.ask(&asked("a")).await, Retrieved::None(SourceError::Unavailable(_))));
    }

    #[tokio::test]
    async fn half_an_answer_is_used_and_not_kept() {
        let (switch, remembered, _) = remembered();
        switch.say(Freshness::Partial);
        assert!(matches!(remembered.ask(&asked("a")).await, Retrieved::Fresh(_)));
        switch.set(down());
        assert!(matches!(remembered.ask(&asked("a")).await, Retrieved::None(_)));
    }

    #[tokio::test]
    async fn the_last_answer_to_the_same_question_is_used_until_it_is_too_old() {
        let (switch, remembered, clock) = remembered();
        remembered.ask(&asked("a")).await;
        switch.set(down());
        assert!(matches!(remembered.ask(&asked("a")).await, Retrieved::Stale(..)));
        assert!(matches!(remembered.ask(&asked("b")).await, Retrieved::None(_)));
        clock.set(UtcTime::from_epoch_millis(3_601_000));
        assert!(matches!(remembered.ask(&asked("a")).await, Retrieved::None(_)));
    }

    #[tokio::test]
    async fn kept_answers_are_bounded() {
        let (_switch, remembered, _) = remembered();
        for number in 0..KEPT_MAX + 20 {
            remembered.ask(&asked(&format!("n{number}"))).await;
        }
        assert_eq!(remembered.state().kept.len(), KEPT_MAX);
    }
}
