//! Percentiles of durations.

use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;
use serde::Serialize;

/// Significant decimal digits of the percentiles.
const DIGITS: u8 = 3;

/// Percentiles of durations, in milliseconds, to three significant digits. A percentile above which there is less than
/// one duration is none: it would be the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Percentiles {
    /// The number of durations.
    pub(super) count: u64,
    pub(super) p50: f64,
    pub(super) p90: Option<f64>,
    pub(super) p99: Option<f64>,
    pub(super) max: f64,
}

impl Percentiles {
    /// Returns the percentiles of `durations`, or `None` if there are none.
    ///
    /// # Errors
    /// Returns an error if a duration is too long for the histogram, which has 64 bits of microseconds.
    pub(super) fn of(durations: impl IntoIterator<Item = Duration>) -> anyhow::Result<Option<Self>> {
        let mut histogram: Histogram<u64> =
            Histogram::new(DIGITS).context("the histogram of latencies could not be created")?;
        for duration in durations {
            let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
            histogram.record(micros).with_context(|| format!("a latency of {micros} µs is too long"))?;
        }
        #[expect(clippy::cast_precision_loss, reason = "three digits of the value are significant")]
        let millis = |micros: u64| micros as f64 / 1000.0;
        let at = |quantile| millis(histogram.value_at_quantile(quantile));
        let count = histogram.len();
        Ok((count > 0).then(|| Self {
            count,
            p50: at(0.5),
            p90: (count >= 10).then(|| at(0.9)),
            p99: (count >= 100).then(|| at(0.99)),
            max: millis(histogram.max()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact_to_three_digits() {
        let percentiles =
            Percentiles::of((1..=1000).map(Duration::from_millis)).unwrap().expect("there are durations");
        for (actual, expected) in [
            (percentiles.p50, 500.0),
            (percentiles.p90.unwrap(), 900.0),
            (percentiles.p99.unwrap(), 990.0),
            (percentiles.max, 1000.0),
        ] {
            assert!((actual - expected).abs() <= expected / 1000.0, "{actual} instead of {expected}");
        }
    }

    #[test]
    fn a_maximum_is_no_percentile() {
        let of = |count| Percentiles::of((0..count).map(Duration::from_millis)).unwrap().unwrap();
        assert_eq!((of(9).count, of(9).p90, of(9).p99), (9, None, None));
        assert!(of(10).p90.is_some() && of(99).p99.is_none() && of(100).p99.is_some());
    }

    #[test]
    fn nothing_has_no_percentiles() {
        assert_eq!(Percentiles::of([]).unwrap(), None);
    }
}
