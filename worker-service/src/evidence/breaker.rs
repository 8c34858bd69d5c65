//! A circuit breaker: a service that fails again and again is left alone for a while, so that no
//! report waits for it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::time::UtcTime;
use service_runtime::clock::Clock;
use telemetry::metrics::metrics;

/// Failures in a row after which a service is left alone.
const FAILURES_MAX: u32 = 5;
/// How long it is left alone before one question tries it again.
const REST: Duration = Duration::from_secs(30);

/// The breaker of one service.
#[derive(Debug)]
pub(super) struct Breaker {
    service: &'static str,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Until when the service is left alone.
    open_until: Option<UtcTime>,
}

impl Breaker {
    pub(super) fn new(service: &'static str, clock: Clock) -> Self {
        metrics().breaker(service, false);
        Self { service, clock, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the service may be asked: of the questions after its rest the first one tries it.
    pub(super) fn may_ask(&self) -> bool {
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

    /// It answered.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        state.failures = 0;
        if state.open_until.take().is_some() {
            metrics().breaker(self.service, false);
            tracing::info!(service = self.service, "a service of evidence answers again");
        }
    }

    /// It gave no answer.
    pub(super) fn failed(&self) {
        let now = self.clock.now();
        let mut state = self.state();
        state.failures += 1;
        if state.failures >= FAILURES_MAX && state.open_until.is_none_or(|until| until <= now) {
            state.open_until = Some(now.plus(REST));
            let failures = state.failures;
            metrics().breaker(self.service, true);
            tracing::warn!(
                service = self.service,
                failures,
                "a service of evidence is left alone for a while"
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
    fn a_service_that_fails_again_and_again_is_left_alone_and_tried_again() {
        let (breaker, clock) = breaker();
        for _ in 0..FAILURES_MAX {
            assert!(breaker.may_ask());
            breaker.failed();
        }
        assert!(!breaker.may_ask());
        // After its rest one question tries it, and no second one beside it.
        clock.set(UtcTime::from_epoch_millis(31_000));
        assert!(breaker.may_ask());
        assert!(!breaker.may_ask());
        breaker.failed();
        assert!(!breaker.may_ask());
        clock.set(UtcTime::from_epoch_millis(62_000));
        assert!(breaker.may_ask());
        breaker.answered();
        assert!(breaker.may_ask() && breaker.may_ask());
    }

    #[test]
    fn failures_count_only_in_a_row() {
        let (breaker, _) = breaker();
        for _ in 0..FAILURES_MAX * 2 {
            breaker.failed();
            breaker.answered();
        }
        assert!(breaker.may_ask());
    }
}
