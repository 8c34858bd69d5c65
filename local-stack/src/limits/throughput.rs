//! The throughput of an on-demand table or index: it serves its initial throughput, or twice the peak of
//! earlier half hours if that is more.

use super::bucket::{Rate, TokenBucket};
use super::values::{PEAK_FACTOR, PEAK_WINDOW};

/// The throughput of one table or index. Units are shares: 1 is the initial throughput of one second, in any
/// combination of reads and writes.
#[derive(Debug)]
pub(super) struct Throughput {
    bucket: TokenBucket,
    /// Highest consumption of one second before the current window.
    previous_peak: f64,
    /// Highest consumption of one second in the current window.
    window_peak: f64,
    window_started_millis: i64,
    second: i64,
    in_second: f64,
}

impl Throughput {
    /// Returns the throughput of a new table.
    pub(super) fn new(now_millis: i64) -> Self {
        Self {
            bucket: TokenBucket::full(Rate::per_second(1.0), now_millis),
            previous_peak: 0.0,
            window_peak: 0.0,
            window_started_millis: now_millis,
            second: now_millis.div_euclid(1000),
            in_second: 0.0,
        }
    }

    fn rate(&self) -> Rate {
        Rate::per_second((self.previous_peak * PEAK_FACTOR).max(1.0))
    }

    /// Returns whether the table serves `share` now.
    pub(super) fn has(&mut self, share: f64, now_millis: i64) -> bool {
        let window = i64::try_from(PEAK_WINDOW.as_millis()).unwrap_or(i64::MAX);
        if now_millis - self.window_started_millis >= window {
            self.previous_peak = self.previous_peak.max(self.window_peak);
            self.window_peak = 0.0;
            self.window_started_millis = now_millis;
        }
        let rate = self.rate();
        self.bucket.refill(rate, now_millis);
        self.bucket.has(share, rate)
    }

    /// Takes `share`.
    pub(super) fn take(&mut self, share: f64, now_millis: i64) {
        self.bucket.take(share);
        let second = now_millis.div_euclid(1000);
        if second != self.second {
            self.second = second;
            self.in_second = 0.0;
        }
        self.in_second += share;
        self.window_peak = self.window_peak.max(self.in_second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes shares of 0.01 in the second `second` until the table refuses one, and returns their sum.
    fn served(table: &mut Throughput, second: i64) -> f64 {
        let mut sum = 0.0;
        while table.has(0.01, second * 1000) {
            table.take(0.01, second * 1000);
            sum += 0.01;
        }
        (sum * 100.0_f64).round() / 100.0
    }

    #[test]
    fn a_table_serves_its_initial_throughput_then_twice_the_peak_of_earlier_half_hours() {
        let mut table = Throughput::new(0);
        assert_eq!(served(&mut table, 0), 1.0);
        assert_eq!(served(&mut table, 1), 1.0);
        assert_eq!(served(&mut table, 1_799), 1.0, "the window of the peak has not ended");
        assert_eq!(served(&mut table, 1_801), 2.0);
        assert_eq!(served(&mut table, 1_802), 2.0);
        assert_eq!(served(&mut table, 4_000), 4.0);
    }
}
