//! The schedule of kills: each process is killed after a random time within bounds. The same seed repeats the
//! schedule.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::faults::parse_latency;

/// The lifetime of a process before it is killed: random between two durations, or unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KillInterval(Option<(Duration, Duration)>);

/// The reason why a text is not a valid lifetime.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{given:?}: {problem}: give the shortest and the longest lifetime of a process, such as 2s..5s, or never"
)]
pub(crate) struct KillIntervalError {
    given: String,
    problem: String,
}

impl FromStr for KillInterval {
    type Err = KillIntervalError;

    fn from_str(given: &str) -> Result<Self, KillIntervalError> {
        let invalid = |problem: String| KillIntervalError { given: given.to_owned(), problem };
        if given == "never" {
            return Ok(Self(None));
        }
        let (min, max) = given.split_once("..").ok_or_else(|| invalid("there is no ..".to_owned()))?;
        let (min, max) = (parse_latency(min).map_err(invalid)?, parse_latency(max).map_err(invalid)?);
        if min.is_zero() || min > max {
            return Err(invalid(
                "the shortest lifetime must be longer than zero and not longer than the longest".to_owned(),
            ));
        }
        Ok(Self(Some((min, max))))
    }
}

impl fmt::Display for KillInterval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => formatter.write_str("never"),
            Some((min, max)) => write!(formatter, "{min:?}..{max:?}"),
        }
    }
}

impl KillInterval {
    /// Returns the successive lifetimes of the process `name`. The iterator is empty if processes are never
    /// killed.
    pub(super) fn lifetimes(self, seed: u64, name: &str) -> impl Iterator<Item = Duration> + Send + use<> {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(name);
        let mut generator = StdRng::from_seed(hash.finalize().into());
        std::iter::from_fn(move || {
            let (min, max) = self.0?;
            Some(min + (max - min).mul_f64(generator.random::<f64>()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_repeats_the_lifetimes_of_each_process() {
        let interval: KillInterval = "2s..5s".parse().unwrap();
        let lifetimes = |seed, name| interval.lifetimes(seed, name).take(50).collect::<Vec<_>>();
        assert_eq!(lifetimes(7, "worker-1"), lifetimes(7, "worker-1"));
        assert_ne!(lifetimes(7, "worker-1"), lifetimes(8, "worker-1"));
        assert_ne!(lifetimes(7, "worker-1"), lifetimes(7, "worker-2"));
        let within = Duration::from_secs(2)..=Duration::from_secs(5);
        assert!(lifetimes(7, "api-1").iter().all(|lifetime| within.contains(lifetime)));
        assert_eq!("never".parse::<KillInterval>().unwrap().lifetimes(7, "api-1").next(), None);
    }

    #[test]
    fn invalid_bounds_are_rejected() {
        for given in ["", "2s", "5s..2s", "0s..2s", "2..5", "..", "always"] {
            assert!(given.parse::<KillInterval>().unwrap_err().to_string().contains("2s..5s"), "{given}");
        }
        assert_eq!("250ms..1.5s".parse::<KillInterval>().unwrap().to_string(), "250ms..1.5s");
    }
}
