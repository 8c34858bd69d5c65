//! Limits how many reports a worker processes at a time: up to the configured number, and fewer while the
//! model throttles.
//!
//! The limit follows additive increase, multiplicative decrease, as in TCP's congestion control (RFC 5681): a
//! throttle halves it, at most once a second, and an answered call raises it by its inverse.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use telemetry::metrics::metrics;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// Minimum time between two decreases. Calls that were in flight together are throttled for the same reason
/// and count once.
const DECREASE_INTERVAL: Duration = Duration::from_secs(1);

/// The adaptive concurrency limit of a worker.
#[derive(Debug)]
pub struct ConcurrencyLimit {
    max: f64,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limit: f64,
    in_use: usize,
    decreased_at: Option<Instant>,
    /// No slot is acquired before this time.
    paused_until: Option<Instant>,
}

/// An acquired slot for one report, which is released when dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<ConcurrencyLimit>);

impl ConcurrencyLimit {
    /// Creates a limit that begins at `max` and never exceeds it.
    pub fn new(max: usize) -> Arc<Self> {
        #[expect(clippy::cast_precision_loss, reason = "no worker has 2^52 slots")]
        let max = max.max(1) as f64;
        let state = Mutex::new(State { limit: max, in_use: 0, decreased_at: None, paused_until: None });
        let concurrency = Self { max, state, changed: Notify::new() };
        metrics().slots(concurrency.limit());
        Arc::new(concurrency)
    }

    /// Waits until at least one slot is free, and acquires all free slots, up to `max`.
    pub(crate) async fn acquire(self: &Arc<Self>, max: usize) -> Vec<Slot> {
        loop {
            let changed = self.changed.notified();
            let (acquired, paused_until) = {
                let mut state = self.state();
                let paused_until = state.paused_until.filter(|until| *until > Instant::now());
                let free = state.limit().saturating_sub(state.in_use).min(max);
                let acquired = if paused_until.is_none() { free } else { 0 };
                state.in_use += acquired;
                (acquired, paused_until)
            };
            match paused_until {
                _ if acquired > 0 => return (0..acquired).map(|_| Slot(Arc::clone(self))).collect(),
                Some(until) => sleep_until(until).await,
                None => changed.await,
            }
        }
    }

    /// Lowers the limit after the model throttled a call.
    pub(crate) fn record_throttle(&self) {
        let mut state = self.state();
        let now = Instant::now();
        if state.decreased_at.is_none_or(|at| now.duration_since(at) >= DECREASE_INTERVAL) {
            state.limit = (state.limit / 2.0).max(1.0);
            state.decreased_at = Some(now);
            metrics().slots(state.limit());
            tracing::warn!(limit = state.limit(), "the model throttles; the concurrency limit is lowered");
        }
    }

    /// Raises the limit a little after the model answered a call.
    pub(crate) fn record_success(&self) {
        let mut state = self.state();
        state.limit = (state.limit + 1.0 / state.limit).min(self.max);
        metrics().slots(state.limit());
        drop(state);
        self.changed.notify_waiters();
    }

    /// Pauses the acquisition of slots for `wait`, because the model's quota is used up.
    pub(crate) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state();
        state.paused_until = Some(state.paused_until.map_or(until, |before| before.max(until)));
    }

    /// Returns the current limit.
    fn limit(&self) -> usize {
        self.state().limit()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and the maximum of a worker"
    )]
    fn limit(&self) -> usize {
        self.limit as usize
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.state().in_use -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn throttles_halve_the_limit_once_a_second_and_answers_raise_it_slowly() {
        let concurrency = ConcurrencyLimit::new(16);
        concurrency.record_throttle();
        concurrency.record_throttle();
        assert_eq!(concurrency.limit(), 8);
        tokio::time::advance(DECREASE_INTERVAL).await;
        concurrency.record_throttle();
        assert_eq!(concurrency.limit(), 4);
        // About as many answers as the limit raise it by one.
        (0..5).for_each(|_| concurrency.record_success());
        assert_eq!(concurrency.limit(), 5);
        (0..1_000).for_each(|_| concurrency.record_success());
        assert_eq!(concurrency.limit(), 16);
        for _ in 0..20 {
            tokio::time::advance(DECREASE_INTERVAL).await;
            concurrency.record_throttle();
        }
        assert_eq!(concurrency.limit(), 1, "one report must continue to notice the end of the throttling");
    }

    #[tokio::test(start_paused = true)]
    async fn no_slot_is_acquired_during_a_pause() {
        let concurrency = ConcurrencyLimit::new(2);
        concurrency.pause(Duration::from_secs(30));
        concurrency.pause(Duration::from_secs(10));
        let started = Instant::now();
        assert_eq!(concurrency.acquire(10).await.len(), 2);
        assert_eq!(started.elapsed().as_secs(), 30);
    }

    #[tokio::test]
    async fn slots_above_a_lowered_limit_are_not_replaced() {
        let concurrency = ConcurrencyLimit::new(4);
        let mut slots = concurrency.acquire(10).await;
        assert_eq!(slots.len(), 4);
        concurrency.record_throttle();
        slots.truncate(2);
        assert!(tokio::time::timeout(Duration::from_millis(20), concurrency.acquire(1)).await.is_err());
        slots.truncate(1);
        assert_eq!(concurrency.acquire(10).await.len(), 1);
    }
}
