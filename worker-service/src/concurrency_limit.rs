//! How many reports a worker works on at a time: as many as it was told, fewer while the model
//! throttles.
//!
//! Additive increase, multiplicative decrease, as in TCP's congestion avoidance (RFC 5681): each
//! throttle halves the limit, at most once a second; each answer raises it by its inverse.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use telemetry::metrics::metrics;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// Throttles of calls that were under way together say the same thing once.
const CUT_PAUSE: Duration = Duration::from_secs(1);

/// The slots of a worker.
#[derive(Debug)]
pub struct ConcurrencyLimit {
    most: f64,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limit: f64,
    used: usize,
    last_cut: Option<Instant>,
    /// Nothing is begun before this time.
    paused_until: Option<Instant>,
}

/// A slot in use; free again when dropped.
#[derive(Debug)]
pub struct Slot(Arc<ConcurrencyLimit>);

impl ConcurrencyLimit {
    /// `most` slots.
    pub fn new(most: usize) -> Arc<Self> {
        #[expect(clippy::cast_precision_loss, reason = "no worker has 2^52 slots")]
        let most = most.max(1) as f64;
        let state = Mutex::new(State { limit: most, used: 0, last_cut: None, paused_until: None });
        let slots = Self { most, state, changed: Notify::new() };
        metrics().slots(slots.limit());
        Arc::new(slots)
    }

    /// Waits for a free slot and takes as many as are free, `most` at most.
    pub async fn take(self: &Arc<Self>, most: usize) -> Vec<Slot> {
        loop {
            let changed = self.changed.notified();
            let (free, paused_until) = {
                let mut state = self.state();
                let paused_until = state.paused_until.filter(|until| *until > Instant::now());
                let free = state.limit().saturating_sub(state.used).min(most);
                let free = if paused_until.is_none() { free } else { 0 };
                state.used += free;
                (free, paused_until)
            };
            match paused_until {
                _ if free > 0 => return (0..free).map(|_| Slot(Arc::clone(self))).collect(),
                Some(until) => sleep_until(until).await,
                None => changed.await,
            }
        }
    }

    /// The model throttled a call: fewer reports from now on.
    pub fn throttled(&self) {
        let mut state = self.state();
        let now = Instant::now();
        if state.last_cut.is_none_or(|cut| now.duration_since(cut) >= CUT_PAUSE) {
            state.limit = (state.limit / 2.0).max(1.0);
            state.last_cut = Some(now);
            metrics().slots(state.limit());
            tracing::warn!(limit = state.limit(), "the model throttles: taking fewer reports");
        }
    }

    /// The model answered a call: a little more from now on.
    pub fn answered(&self) {
        let mut state = self.state();
        state.limit = (state.limit + 1.0 / state.limit).min(self.most);
        metrics().slots(state.limit());
        drop(state);
        self.changed.notify_waiters();
    }

    /// The model has no room for this long: nothing is begun meanwhile.
    pub fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state();
        state.paused_until = Some(state.paused_until.map_or(until, |before| before.max(until)));
    }

    /// The slots that may be used now.
    pub fn limit(&self) -> usize {
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
        reason = "between 1 and the slots of a worker"
    )]
    fn limit(&self) -> usize {
        self.limit as usize
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.state().used -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn throttles_halve_the_limit_once_a_second_and_answers_raise_it_slowly() {
        let slots = ConcurrencyLimit::new(16);
        slots.throttled();
        slots.throttled();
        assert_eq!(slots.limit(), 8);
        tokio::time::advance(CUT_PAUSE).await;
        slots.throttled();
        assert_eq!(slots.limit(), 4);
        // About as many answers as slots raise it by one.
        (0..5).for_each(|_| slots.answered());
        assert_eq!(slots.limit(), 5);
        (0..1_000).for_each(|_| slots.answered());
        assert_eq!(slots.limit(), 16);
        for _ in 0..20 {
            tokio::time::advance(CUT_PAUSE).await;
            slots.throttled();
        }
        assert_eq!(slots.limit(), 1, "one report always goes on, or nothing would tell that it is over");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_begun_while_the_model_has_no_room() {
        let slots = ConcurrencyLimit::new(2);
        slots.pause(Duration::from_secs(30));
        slots.pause(Duration::from_secs(10));
        let began = Instant::now();
        assert_eq!(slots.take(10).await.len(), 2);
        assert_eq!(began.elapsed().as_secs(), 30);
    }

    #[tokio::test]
    async fn what_is_in_use_above_a_lowered_limit_is_not_replaced() {
        let slots = ConcurrencyLimit::new(4);
        let mut held = slots.take(10).await;
        assert_eq!(held.len(), 4);
        slots.throttled();
        held.truncate(2);
        assert!(tokio::time::timeout(Duration::from_millis(20), slots.take(1)).await.is_err());
        held.truncate(1);
        assert_eq!(slots.take(10).await.len(), 1);
    }
}
