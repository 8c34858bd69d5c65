//! The delay before a retry.

use std::time::Duration;

use rand::RngExt as _;

/// Returns a random delay by exponential back-off with full jitter ("Exponential Backoff And Jitter", AWS
/// Architecture Blog): from zero up to `base`, doubled for each earlier try, but at most `maximum`.
pub fn full_jitter(earlier_tries: u32, base: Duration, maximum: Duration) -> Duration {
    let ceiling = base.saturating_mul(2_u32.saturating_pow(earlier_tries)).min(maximum);
    ceiling.mul_f64(rand::rng().random_range(0.0..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_under_a_ceiling_that_doubles_up_to_the_maximum() {
        let (base, maximum) = (Duration::from_secs(1), Duration::from_secs(10));
        for (tries, ceiling) in [(0, 1), (1, 2), (3, 8), (4, 10), (40, 10)] {
            let delays: Vec<Duration> = (0..200).map(|_| full_jitter(tries, base, maximum)).collect();
            assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(ceiling)));
            assert!(delays.iter().any(|delay| *delay > Duration::from_secs(ceiling) / 4));
        }
    }
}
