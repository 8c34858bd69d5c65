//! The arrival times of an open loop: a constant rate, which begins with a ramp if one is given.

use std::time::Duration;

/// When each submission of an open loop is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Arrivals {
    /// Submissions per second after the ramp.
    pub(crate) rate: f64,
    /// Time in which the rate grows from zero to [`rate`](Self::rate), linearly.
    pub(crate) ramp: Duration,
}

impl Arrivals {
    /// Returns when the submission `number` is due, counted from zero, as the time since the start.
    pub(crate) fn due(self, number: u64) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "no load test has 2^52 reports")]
        let number = number as f64;
        let ramp = self.ramp.as_secs_f64();
        // Until the time t within the ramp, rate * t² / (2 * ramp) submissions are due.
        let within_ramp = self.rate * ramp / 2.0;
        let seconds = if number < within_ramp {
            (2.0 * ramp * number / self.rate).sqrt()
        } else {
            ramp / 2.0 + number / self.rate
        };
        Duration::from_secs_f64(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(rate: f64, ramp_seconds: u64, number: u64) -> f64 {
        Arrivals { rate, ramp: Duration::from_secs(ramp_seconds) }.due(number).as_secs_f64()
    }

    #[test]
    fn without_a_ramp_submissions_are_due_at_equal_distances() {
        for (number, expected) in [(0, 0.0), (1, 0.25), (2, 0.5), (400, 100.0)] {
            assert!((due(4.0, 0, number) - expected).abs() < 1e-9, "{number}");
        }
    }

    #[test]
    fn during_the_ramp_the_distances_shrink_to_that_of_the_rate() {
        // In a ramp of 10 s to 4 per second, 20 submissions are due: half of those at the full rate.
        assert!((due(4.0, 10, 5) - 5.0).abs() < 1e-9, "a quarter of them in half of the time");
        assert!((due(4.0, 10, 20) - 10.0).abs() < 1e-9);
        assert!((due(4.0, 10, 24) - 11.0).abs() < 1e-9);
        let distances: Vec<f64> =
            (0..30).map(|number| due(4.0, 10, number + 1) - due(4.0, 10, number)).collect();
        assert!(distances.windows(2).all(|pair| pair[1] <= pair[0] + 1e-9), "{distances:?}");
        assert!((distances[29] - 0.25).abs() < 1e-9);
    }
}
