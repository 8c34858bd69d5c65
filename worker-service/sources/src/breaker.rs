//! A circuit breaker: a service that fails repeatedly receives no requests for a while, so that no report
//! waits for it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::time::UtcTime;
use service_runtime::clock::Clock;
use telemetry::metrics::metrics;

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

    /// Returns whether a request may be sent. Once the open period ends, one trial request is allowed. All
    /// others are refused until it succeeds or another open period has passed.
    pub(crate) fn allows_request(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        match state.open_until {
            Some(until) if now < until => false,
            Some(_) => {
                state.open_until = Some(now.plus(OPEN_FOR));
                true
            }
            None => true,
        }
    }

    /// Records that the service answered, and closes the breaker.
    pub(crate) fn record_success(&self) {
        let mut state = self.state();
        state.failures = 0;
        if state.open_until.take().is_some() {
            metrics().breaker(self.service, false);
            tracing::info!(service = self.service, "circuit breaker closed: the service answers again");
        }
    }

    /// Records that the service did not answer. Opens the breaker after [`FAILURES_MAX`] consecutive
    /// failures.
    pub(crate) fn record_failure(&self) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> (Breaker, Clock) {
        let clock = Clock::fixed(UtcTime::from_epoch_millis(0));
        (Breaker::new("test", clock.clone()), clock)
    }

    #[test]
    fn repeated_failures_open_the_breaker_and_one_request_at_a_time_tries_again() {
        let (breaker, clock) = breaker();
        for _ in 0..FAILURES_MAX {
            assert!(breaker.allows_request());
            breaker.record_failure();
        }
        assert!(!breaker.allows_request());
        // After the open period, only one trial request is allowed.
        clock.set(UtcTime::from_epoch_millis(31_000));
        assert!(breaker.allows_request());
        assert!(!breaker.allows_request());
        breaker.record_failure();
        assert!(!breaker.allows_request());
        clock.set(UtcTime::from_epoch_millis(62_000));
        assert!(breaker.allows_request());
        breaker.record_success();
        assert!(breaker.allows_request() && breaker.allows_request());
    }

    #[test]
    fn only_consecutive_failures_count() {
        let (breaker, _) = breaker();
        for _ in 0..FAILURES_MAX * 2 {
            breaker.record_failure();
            breaker.record_success();
        }
        assert!(breaker.allows_request());
    }
}
