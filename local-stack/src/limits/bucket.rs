//! A token bucket over milliseconds of the injected clock.

/// Rate of a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate {
    /// Tokens per second.
    pub(super) per_second: f64,
    /// Most tokens that the bucket holds.
    pub(super) capacity: f64,
}

/// A bucket of tokens that fills over time. A request that turns out larger than expected leaves a debt, which
/// later requests wait for.
#[derive(Debug)]
pub(super) struct TokenBucket {
    tokens: f64,
    updated_millis: i64,
}

impl Rate {
    /// Returns a rate that keeps the tokens of one second.
    pub(super) fn per_second(tokens: f64) -> Self {
        Self { per_second: tokens, capacity: tokens }
    }

    /// Returns a rate that keeps the tokens of one minute.
    pub(super) fn per_minute(tokens: f64) -> Self {
        Self { per_second: tokens / 60.0, capacity: tokens }
    }
}

impl TokenBucket {
    /// Returns a full bucket.
    pub(super) fn full(rate: Rate, now_millis: i64) -> Self {
        Self { tokens: rate.capacity, updated_millis: now_millis }
    }

    /// Fills the bucket with the tokens of the time since the last call.
    pub(super) fn refill(&mut self, rate: Rate, now_millis: i64) {
        let elapsed = u32::try_from((now_millis - self.updated_millis).max(0)).unwrap_or(u32::MAX);
        self.tokens = (self.tokens + f64::from(elapsed) / 1000.0 * rate.per_second).min(rate.capacity);
        self.updated_millis = self.updated_millis.max(now_millis);
    }

    /// Returns whether the bucket has `tokens`. A request larger than the whole bucket needs a full one.
    pub(super) fn has(&self, tokens: f64, rate: Rate) -> bool {
        // Sums of fractions differ from whole numbers in the last digits.
        self.tokens + 1e-6 >= tokens.min(rate.capacity)
    }

    /// Takes `tokens`, or returns them if the number is negative.
    pub(super) fn take(&mut self, tokens: f64) {
        self.tokens -= tokens;
    }

    /// Returns whether the bucket is full, so that it need not be kept.
    pub(super) fn is_full(&self, rate: Rate) -> bool {
        self.tokens >= rate.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_serves_its_rate_and_keeps_no_more_than_its_capacity() {
        let rate = Rate::per_second(10.0);
        let mut bucket = TokenBucket::full(rate, 0);
        assert!(bucket.has(10.0, rate));
        bucket.take(10.0);
        assert!(!bucket.has(1.0, rate));
        bucket.refill(rate, 100);
        assert!(bucket.has(1.0, rate) && !bucket.has(1.1, rate));
        bucket.refill(rate, 60_000);
        assert!(bucket.has(10.0, rate) && bucket.is_full(rate));
        // A clock that goes back gives nothing and takes nothing.
        bucket.take(10.0);
        bucket.refill(rate, 0);
        assert!(!bucket.has(0.1, rate));
    }

    #[test]
    fn a_request_larger_than_expected_leaves_a_debt() {
        let rate = Rate::per_second(10.0);
        let mut bucket = TokenBucket::full(rate, 0);
        assert!(bucket.has(50.0, rate), "a full bucket serves a request of any size");
        bucket.take(50.0);
        bucket.refill(rate, 4_000);
        assert!(!bucket.has(0.5, rate));
        bucket.refill(rate, 4_100);
        assert!(bucket.has(0.5, rate));
    }

    #[test]
    fn a_burst_is_unused_capacity() {
        let rate = Rate { per_second: 10.0, capacity: 10.0 + 10.0 * 300.0 };
        let mut bucket = TokenBucket::full(rate, 0);
        bucket.take(3_010.0);
        bucket.refill(rate, 60_000);
        assert!(bucket.has(600.0, rate) && !bucket.has(601.0, rate));
    }
}
