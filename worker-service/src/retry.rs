//! Back-off between retries.

use std::time::Duration;

use rand::RngExt as _;

/// Returns an exponential back-off with full jitter: a random time up to `base` doubled for each earlier try,
/// capped at
/// `max` ("Exponential Backoff And Jitter", AWS Architecture Blog).
pub(crate) fn full_jitter(earlier_tries: u32, base: Duration, max: Duration) -> Duration {
    let ceiling = base.saturating_mul(2_u32.saturating_pow(earlier_tries)).min(max);
    ceiling.mul_f64(rand::rng().random_range(0.0..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_under_a_ceiling_that_doubles_up_to_the_maximum() {
        let (base, max) = (Duration::from_secs(1), Duration::from_secs(10));
        for (tries, ceiling) in [(0, 1), (1, 2), (3, 8), (4, 10), (40, 10)] {
            let waits: Vec<Duration> = (0..200).map(|_| full_jitter(tries, base, max)).collect();
            assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(ceiling)));
            assert!(waits.iter().any(|wait| *wait > Duration::from_secs(ceiling) / 4));
        }
    }
}
