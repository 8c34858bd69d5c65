//! The waits outside the queue that a process has begun and that are not over.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The ends of waits, the earliest on top.
#[derive(Debug)]
pub(crate) struct Waits(Mutex<BinaryHeap<Reverse<Instant>>>);

impl Waits {
    /// Returns no waits.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BinaryHeap::new()))
    }

    /// Adds a wait that begins at `now`.
    pub(crate) fn begin(&self, now: Instant, duration: Duration) {
        let Some(end) = now.checked_add(duration) else { return };
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forget_ended(&mut ends, now);
        ends.push(Reverse(end));
    }

    /// Returns the number of waits that are not over at `now`.
    pub(crate) fn count(&self, now: Instant) -> usize {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forget_ended(&mut ends, now);
        ends.len()
    }
}

fn forget_ended(ends: &mut BinaryHeap<Reverse<Instant>>, now: Instant) {
    while ends.peek().is_some_and(|Reverse(end)| *end <= now) {
        ends.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_counts_until_it_is_over() {
        let (waits, now) = (Waits::new(), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(waits.count(now), 0);
        waits.begin(now, Duration::from_secs(60));
        waits.begin(now, Duration::from_secs(20));
        waits.begin(after(10), Duration::from_secs(20));
        assert_eq!([10, 20, 30, 60].map(|seconds| waits.count(after(seconds))), [3, 2, 1, 0]);
        waits.begin(now, Duration::MAX);
    }
}
