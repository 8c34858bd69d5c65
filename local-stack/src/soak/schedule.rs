//! When a process is killed: after a time that is random within bounds, and the same again for the same seed.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::faults::parse_latency;

/// How long a process lives before it is killed: between two durations, or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KillEvery(Option<(Duration, Duration)>);

/// Why a text does not say how long a process lives.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{given:?}: {problem}: give the shortest and the longest life of a process, such as 2s..5s, or never"
)]
pub struct KillEveryError {
    given: String,
    problem: String,
}

impl FromStr for KillEvery {
    type Err = KillEveryError;

    fn from_str(given: &str) -> Result<Self, KillEveryError> {
        let wrong = |problem: String| KillEveryError { given: given.to_owned(), problem };
        if given == "never" {
            return Ok(Self(None));
        }
        let (least, most) = given.split_once("..").ok_or_else(|| wrong("there is no ..".to_owned()))?;
        let (least, most) = (parse_latency(least).map_err(wrong)?, parse_latency(most).map_err(wrong)?);
        if least.is_zero() || least > most {
            return Err(wrong(
                "the shortest life must be more than nothing and not more than the longest".to_owned(),
            ));
        }
        Ok(Self(Some((least, most))))
    }
}

impl fmt::Display for KillEvery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => formatter.write_str("never"),
            Some((least, most)) => write!(formatter, "{least:?}..{most:?}"),
        }
    }
}

impl KillEvery {
    /// The lives of the process `name`, one after the other; none when it is never killed.
    pub(super) fn lives(self, seed: u64, name: &str) -> impl Iterator<Item = Duration> + Send + use<> {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(name);
        let mut generator = StdRng::from_seed(hash.finalize().into());
        std::iter::from_fn(move || {
            let (least, most) = self.0?;
            Some(least + (most - least).mul_f64(generator.random::<f64>()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_repeats_the_lives_of_each_process() {
        let every: KillEvery = "2s..5s".parse().unwrap();
        let lives = |seed, name| every.lives(seed, name).take(50).collect::<Vec<_>>();
        assert_eq!(lives(7, "worker-1"), lives(7, "worker-1"));
        assert_ne!(lives(7, "worker-1"), lives(8, "worker-1"));
        assert_ne!(lives(7, "worker-1"), lives(7, "worker-2"));
        let within = Duration::from_secs(2)..=Duration::from_secs(5);
        assert!(lives(7, "api-1").iter().all(|life| within.contains(life)));
        assert_eq!("never".parse::<KillEvery>().unwrap().lives(7, "api-1").next(), None);
    }

    #[test]
    fn bounds_that_mean_nothing_are_refused() {
        for given in ["", "2s", "5s..2s", "0s..2s", "2..5", "..", "always"] {
            assert!(given.parse::<KillEvery>().unwrap_err().to_string().contains("2s..5s"), "{given}");
        }
        assert_eq!("250ms..1.5s".parse::<KillEvery>().unwrap().to_string(), "250ms..1.5s");
    }
}
