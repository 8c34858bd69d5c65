//! What stands between a source and the reports: a circuit breaker, so that a source that is down is
//! not waited for, and its last answers, so that reports can go on with their age shown.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use shared::{
    clock::Clock,
    domain::{request::ReportRequest, time::UtcTime},
};

use super::{Answer, Source, SourceError};

/// Failures in a row after which a source is left alone.
const FAILURES_MAX: u32 = 5;
/// How long it is left alone before one question tries it again.
const REST: Duration = Duration::from_secs(30);
/// Answers that are kept for each source.
const KEPT_MAX: usize = 256;

/// How asking went.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It answered.
    Fresh(Answer),
    /// It did not; this is what it said to the same question before.
    Stale(Answer, SourceError),
    /// It did not, and nothing is at hand.
    None(SourceError),
}

/// A source behind a breaker, with its last answers.
#[derive(Debug)]
pub(super) struct Guarded {
    source: Box<dyn Source>,
    clock: Clock,
    /// How old a kept answer may be.
    keep: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Until when the source is left alone.
    open_until: Option<UtcTime>,
    kept: HashMap<String, (Answer, UtcTime)>,
}

impl Guarded {
    pub(super) fn new(source: Box<dyn Source>, clock: Clock, keep: Duration) -> Self {
        Self { source, clock, keep, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn ask(&self, request: &ReportRequest) -> Outcome {
        if !self.may_ask() {
            let error = SourceError::Unavailable(
                "it failed again and again and is left alone for a while".to_owned(),
            );
            return self.without(request, error);
        }
        match self.source.ask(request).await {
            Ok(answer) => {
                self.answered(request, &answer);
                Outcome::Fresh(answer)
            }
            Err(error) => {
                if matches!(error, SourceError::Unavailable(_)) {
                    self.failed();
                }
                self.without(request, error)
            }
        }
    }

    /// Whether the source may be asked: of the questions after its rest the first one tries it.
    fn may_ask(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        match state.open_until {
            Some(until) if now < until => false,
            Some(_) => {
                state.open_until = Some(now.plus(REST));
                true
            }
            None => true,
        }
    }

    fn answered(&self, request: &ReportRequest, answer: &Answer) {
        let now = self.clock.now();
        let mut state = self.state();
        state.failures = 0;
        if state.open_until.take().is_some() {
            tracing::info!(source = self.source.name().as_str(), "a source of evidence answers again");
        }
        if state.kept.len() >= KEPT_MAX {
            let oldest = state.kept.iter().min_by_key(|(_, (_, at))| *at).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                state.kept.remove(&oldest);
            }
        }
        state.kept.insert(question(request), (answer.clone(), now));
    }

    fn failed(&self) {
        let now = self.clock.now();
        let mut state = self.state();
        state.failures += 1;
        if state.failures >= FAILURES_MAX && state.open_until.is_none_or(|until| until <= now) {
            state.open_until = Some(now.plus(REST));
            tracing::warn!(
                source = self.source.name().as_str(),
                failures = state.failures,
                "a source of evidence is left alone for a while"
            );
        }
    }

    fn without(&self, request: &ReportRequest, error: SourceError) -> Outcome {
        let now = self.clock.now();
        let kept = self.state().kept.get(&question(request)).cloned();
        match kept.filter(|(_, at)| now.since(*at) <= self.keep) {
            Some((answer, _)) => Outcome::Stale(answer, error),
            None => Outcome::None(error),
        }
    }
}

/// What tells one question from another.
fn question(request: &ReportRequest) -> String {
    format!("{}\u{1f}{}\u{1f}{}", request.country, request.corporate_number, request.company_name)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use futures::future::BoxFuture;
    use shared::domain::{evidence::SourceName, request::ReportRequestDraft};

    use super::*;

    #[derive(Clone, Debug, Default)]
    struct Switch(Arc<(AtomicU32, Mutex<Option<SourceError>>)>);

    impl Switch {
        fn set(&self, error: Option<SourceError>) {
            *self.0.1.lock().unwrap() = error;
        }

        fn asked(&self) -> u32 {
            self.0.0.load(Ordering::SeqCst)
        }
    }

    impl Source for Switch {
        fn name(&self) -> SourceName {
            SourceName::News
        }

        fn ask<'a>(&'a self, _: &'a ReportRequest) -> BoxFuture<'a, Result<Answer, SourceError>> {
            Box::pin(async {
                self.0.0.fetch_add(1, Ordering::SeqCst);
                let error = self.0.1.lock().unwrap().clone();
                error.map_or(Ok(Answer { as_of: UtcTime::from_epoch_millis(0), findings: vec![] }), Err)
            })
        }
    }

    fn request(name: &str) -> ReportRequest {
        let draft = ReportRequestDraft {
            company_name: Some(name.into()),
            corporate_number: Some("1".into()),
            country: Some("AQ".into()),
            ..ReportRequestDraft::default()
        };
        draft.check().unwrap()
    }

    fn down() -> Option<SourceError> {
        Some(SourceError::Unavailable("down".into()))
    }

    fn guarded() -> (Switch, Guarded, Clock) {
        let clock = Clock::fixed(UtcTime::from_epoch_millis(0));
        let switch = Switch::default();
        (switch.clone(), Guarded::new(Box::new(switch), clock.clone(), Duration::from_secs(3600)), clock)
    }

    #[tokio::test]
    async fn a_source_that_fails_again_and_again_is_left_alone_and_tried_again() {
        let (switch, guarded, clock) = guarded();
        let request = request("a");
        switch.set(down());
        for _ in 0..FAILURES_MAX + 3 {
            assert!(matches!(guarded.ask(&request).await, Outcome::None(_)));
        }
        assert_eq!(switch.asked(), FAILURES_MAX);
        // After its rest one question tries it, and no second one beside it.
        clock.set(UtcTime::from_epoch_millis(31_000));
        guarded.ask(&request).await;
        guarded.ask(&request).await;
        assert_eq!(switch.asked(), FAILURES_MAX + 1);
        clock.set(UtcTime::from_epoch_millis(62_000));
        switch.set(None);
        assert!(matches!(guarded.ask(&request).await, Outcome::Fresh(_)));
        assert!(matches!(guarded.ask(&request).await, Outcome::Fresh(_)));
    }

    #[tokio::test]
    async fn a_refusal_is_no_reason_to_leave_a_source_alone() {
        let (switch, guarded, _) = guarded();
        switch.set(Some(SourceError::Refused("no".into())));
        for _ in 0..FAILURES_MAX * 2 {
            guarded.ask(&request("a")).await;
        }
        assert_eq!(switch.asked(), FAILURES_MAX * 2);
    }

    #[tokio::test]
    async fn the_last_answer_to_the_same_question_is_used_until_it_is_too_old() {
        let (switch, guarded, clock) = guarded();
        guarded.ask(&request("a")).await;
        switch.set(down());
        assert!(matches!(guarded.ask(&request("a")).await, Outcome::Stale(..)));
        assert!(matches!(guarded.ask(&request("b")).await, Outcome::None(_)));
        clock.set(UtcTime::from_epoch_millis(3_601_000));
        assert!(matches!(guarded.ask(&request("a")).await, Outcome::None(_)));
    }

    #[tokio::test]
    async fn kept_answers_are_bounded() {
        let (_, guarded, _) = guarded();
        for number in 0..KEPT_MAX + 20 {
            guarded.ask(&request(&format!("n{number}"))).await;
        }
        assert_eq!(guarded.state().kept.len(), KEPT_MAX);
    }
}
