//! Proportions with their confidence intervals.

use serde::Serialize;

/// The 97.5th percentile of the standard normal distribution: both tails of a 95 % interval leave 5 %.
const Z: f64 = 1.959_963_984_540_054;

/// A proportion of queries with its 95 % confidence interval by Wilson's score method (E. B. Wilson, "Probable
/// inference, the law of succession, and statistical inference", 1927). Unlike the normal approximation, the
/// interval stays within 0 and 1 and is usable near both ends, where the figures of a screening engine are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Proportion {
    /// The number of queries to which it applies.
    pub(crate) count: usize,
    /// The number of all queries.
    pub(crate) of: usize,
    /// `count` divided by `of`, from 0 to 1; absent without queries.
    pub(crate) share: Option<f64>,
    /// The lower end of the interval; absent without queries.
    pub(crate) low: Option<f64>,
    /// The upper end of the interval; absent without queries.
    pub(crate) high: Option<f64>,
}

impl Proportion {
    pub(crate) fn new(count: usize, of: usize) -> Self {
        if of == 0 {
            return Self { count, of, share: None, low: None, high: None };
        }
        let n = of as f64;
        let share = count as f64 / n;
        let divisor = 1.0 + Z * Z / n;
        let center = (share + Z * Z / (2.0 * n)) / divisor;
        let margin = Z / divisor * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        // At the ends, the exact bound is 0 or 1, and rounding must not move it.
        let low = if count == 0 { 0.0 } else { center - margin };
        let high = if count == of { 1.0 } else { center + margin };
        Self { count, of, share: Some(rounded(share)), low: Some(rounded(low)), high: Some(rounded(high)) }
    }
}

/// Rounds to six decimal places, more than any sample supports.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The intervals of R. G. Newcombe, "Two-sided confidence intervals for the single proportion: comparison of
    /// seven methods" (1998), for the score method without continuity correction.
    #[test]
    fn the_intervals_are_the_published_ones() {
        for (count, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let interval = Proportion::new(count, of);
            assert!((interval.low.unwrap() - low).abs() < 5e-5, "{interval:?}");
            assert!((interval.high.unwrap() - high).abs() < 5e-5, "{interval:?}");
        }
    }

    #[test]
    fn the_interval_contains_the_share_and_stays_within_bounds() {
        for of in [1, 2, 10, 1_000] {
            for count in 0..=of {
                let Proportion { share, low, high, .. } = Proportion::new(count, of);
                let (share, low, high) = (share.unwrap(), low.unwrap(), high.unwrap());
                assert!(0.0 <= low && low <= share && share <= high && high <= 1.0, "{count} of {of}");
            }
        }
    }

    #[test]
    fn without_queries_there_is_no_share() {
        let none = Proportion::new(0, 0);
        assert_eq!((none.share, none.low, none.high), (None, None, None));
    }
}
