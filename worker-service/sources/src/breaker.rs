//! A circuit breaker: a service that fails repeatedly receives no requests for a while, so that no report
//! waits for it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::time::UtcTime;
use service_runtime::clock::Clock;
use telemetry::metrics::metrics;
use tokio::time::Instant;

/// Consecutive failures that open the breaker.
const FAILURES_MAX: u32 = 5;
/// How long the breaker stays open before one request tries the service again.
const OPEN_FOR: Duration = Duration::from_secs(30);

/// The circuit breaker of one service.
#[derive(Debug)]
pub(crate) struct Breaker {
    service: &'static str,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// The end of the open state; `None` while the breaker is closed.
    open_until: Option<UtcTime>,
}

impl Breaker {
    /// Makes a closed breaker.
    pub(crate) fn new(service: &'static str, clock: Clock) -> Self {
        metrics().breaker(service, false);
        Self { service, clock, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a permit for one request, or `None` while the breaker is open. Once the open period ends, one
    /// trial request is allowed. All others are refused until it succeeds or another open period has passed.
    ///
    /// A permit that is dropped without an outcome after at least `patience` counts as a failure: whoever
    /// waited for the service gave up. Dropped earlier, it says nothing about the service.
    pub(crate) fn permit(self: &Arc<Self>, patience: Duration) -> Option<Permit> {
        let now = self.clock.now();
        let mut state = self.state();
        match state.open_until {
            Some(until) if now < until => return None,
            Some(_) => state.open_until = Some(now.plus(OPEN_FOR)),
            None => {}
        }
        drop(state);
        Some(Permit { breaker: Arc::clone(self), started: Instant::now(), patience, is_settled: false })
    }

    /// Returns whether requests are refused at present.
    pub(crate) fn is_open(&self) -> bool {
        let now = self.clock.now();
        self.state().open_until.is_some_and(|until| now < until)
    }

    fn record_success(&self) {
        let mut state = self.state();
        state.failures = 0;
        if state.open_until.take().is_some() {
            metrics().breaker(self.service, false);
            tracing::info!(service = self.service, "circuit breaker closed: the service answers again");
        }
    }

    /// Opens the breaker after [`FAILURES_MAX`] consecutive failures.
    fn record_failure(&self) {
        let now = self.clock.now();
        let mut state = self.state();
        state.failures += 1;
        if state.failures >= FAILURES_MAX && state.open_until.is_none_or(|until| until <= now) {
            state.open_until = Some(now.plus(OPEN_FOR));
            metrics().breaker(self.service, true);
            tracing::warn!(
                service = self.service,
                failures = state.failures,
                "circuit breaker opened: the service receives no requests for {} s",
                OPEN_FOR.as_secs()
            );
        }
    }
}

/// The permission for one request, which records its outcome.
#[derive(Debug)]
pub(crate) struct Permit {
    breaker: Arc<Breaker>,
    started: Instant,
    patience: Duration,
    is_settled: bool,
}

impl Permit {
    /// Records that the service answered, and closes the breaker.
    pub(crate) fn succeeded(mut self) {
        self.is_settled = true;
        self.breaker.record_success();
    }

    /// Records that the service did not answer.
    pub(crate) fn failed(mut self) {
        self.is_settled = true;
        self.breaker.record_failure();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.is_settled && self.started.elapsed() >= self.patience {
            self.breaker.record_failure();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn breaker() -> (Arc<Breaker>, Clock) {
        let clock = Clock::fixed(UtcTime::from_epoch_millis(0));
        (Arc::new(Breaker::new("test", clock.clone())), clock)
    }

    #[test]
    fn repeated_failures_open_the_breaker_and_one_request_at_a_time_tries_again() {
        let (breaker, clock) = breaker();
        for _ in 0..FAILURES_MAX {
            breaker.permit(PATIENCE).unwrap().failed();
        }
        assert!(breaker.permit(PATIENCE).is_none() && breaker.is_open());
        // After the open period, only one trial request is allowed.
        clock.set(UtcTime::from_epoch_millis(31_000));
        assert!(!breaker.is_open());
        let trial = breaker.permit(PATIENCE).unwrap();
        assert!(breaker.permit(PATIENCE).is_none());
        trial.failed();
        assert!(breaker.permit(PATIENCE).is_none());
        clock.set(UtcTime::from_epoch_millis(62_000));
        breaker.permit(PATIENCE).unwrap().succeeded();
        assert!(breaker.permit(PATIENCE).is_some() && breaker.permit(PATIENCE).is_some());
    }

    #[test]
    fn only_consecutive_failures_count() {
        let (breaker, _) = breaker();
        for _ in 0..FAILURES_MAX * 2 {
            breaker.permit(PATIENCE).unwrap().failed();
            breaker.permit(PATIENCE).unwrap().succeeded();
        }
        assert!(breaker.permit(PATIENCE).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_given_up_counts_only_if_it_waited() {
        let (breaker, _) = breaker();
        for _ in 0..FAILURES_MAX * 2 {
            drop(breaker.permit(PATIENCE).unwrap());
        }
        assert!(!breaker.is_open(), "requests that are cancelled early say nothing about the service");
        for _ in 0..FAILURES_MAX {
            let permit = breaker.permit(PATIENCE).unwrap();
            tokio::time::advance(PATIENCE).await;
            drop(permit);
        }
        assert!(breaker.is_open());
    }
}
