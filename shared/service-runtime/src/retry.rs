//! The delay before a retry.

use std::time::Duration;

use domain::time::UtcTime;
use rand::RngExt as _;

/// Returns a random delay by exponential back-off with full jitter ("Exponential Backoff And Jitter", AWS
/// Architecture Blog): from zero up to `base`, doubled for each earlier try, but at most `maximum`.
pub fn full_jitter(earlier_tries: u32, base: Duration, maximum: Duration) -> Duration {
    let ceiling = base.saturating_mul(2_u32.saturating_pow(earlier_tries)).min(maximum);
    ceiling.mul_f64(rand::rng().random_range(0.0..=1.0))
}

/// Returns the delay that the value of a `Retry-After` header asks for at `now`: whole seconds, or the time
/// until a date in one of the three forms that recipients must accept (RFC 9110, sections 5.6.7 and 10.2.3).
/// Returns `None` if the value is neither. A date that has passed is no delay.
pub fn retry_after(value: &str, now: UtcTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    Some(UtcTime::from(httpdate::parse_http_date(value).ok()?).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: UtcTime = "1994-11-06T08:49:07Z".parse().unwrap();
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30)),
            ("Sun Nov  6 08:49:37 1994", Some(30)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value}");
        }
    }

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
