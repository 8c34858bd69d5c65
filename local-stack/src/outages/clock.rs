//! The compressed clock: durations of outages and the services' own intervals shrink by one factor.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use service_runtime::config::Environment;

use crate::stack::environment;

/// Settings that are divided by the factor, with the shortest value in seconds that leaves the services room
/// to work on a busy machine. The time-outs of single requests to AWS and the first steps of the back-off are
/// constants of the services and stay as they are, which makes an outage harder to survive.
const SCALED: [(&str, u64); 10] = [
    ("DOSSIER_DEADLINE_SECONDS", 1),
    ("DOSSIER_LEASE_SECONDS", 5),
    ("DOSSIER_PICKUP_GRACE_SECONDS", 5),
    ("DOSSIER_SWEEP_SECONDS", 1),
    ("DOSSIER_QUEUE_WAIT_SECONDS", 1),
    ("DOSSIER_RETRY_MAX_SECONDS", 1),
    ("DOSSIER_TENANT_WAIT_MAX_SECONDS", 1),
    ("DOSSIER_MODEL_SECONDS", 5),
    ("DOSSIER_MODEL_FIRST_SECONDS", 5),
    ("DOSSIER_REQUEST_SECONDS", 5),
];

/// The factor of the compression, from 1 to 600.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compression(u32);

impl Compression {
    /// Returns how long `duration` lasts on the compressed clock.
    pub(super) fn duration(self, duration: Duration) -> Duration {
        duration / self.0
    }

    /// Returns the services' settings on the compressed clock, overridden by `overrides`.
    ///
    /// # Errors
    /// Returns an error if a scaled setting has no number as its default.
    pub(super) fn settings(self, overrides: &Environment) -> anyhow::Result<Environment> {
        let mut settings = Environment::new();
        for (name, min) in SCALED {
            let seconds = environment::seconds(&Environment::new(), name)?;
            settings.insert(name.to_owned(), (seconds / u64::from(self.0)).max(min).to_string());
        }
        settings.extend(overrides.clone());
        Ok(settings)
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let factor = given.parse().ok().filter(|factor| (1..=600).contains(factor));
        factor.map(Self).ok_or_else(|| format!("{given:?} is not a whole number from 1 to 600"))
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_shrink_by_the_factor_down_to_their_minimum() {
        let settings = |factor: &str| {
            let outside = [("DOSSIER_SWEEP_SECONDS".to_owned(), "9".to_owned())].into();
            factor.parse::<Compression>().unwrap().settings(&outside).unwrap()
        };
        let (compressed, real) = (settings("60"), settings("1"));
        assert_eq!(real["DOSSIER_DEADLINE_SECONDS"], "21600");
        assert_eq!(compressed["DOSSIER_DEADLINE_SECONDS"], "360");
        assert_eq!(compressed["DOSSIER_LEASE_SECONDS"], "5");
        assert_eq!(compressed["DOSSIER_SWEEP_SECONDS"], "9", "a setting from outside wins");
        for (name, min) in SCALED {
            assert!(compressed[name].parse::<u64>().unwrap() >= min, "{name}");
        }
    }

    #[test]
    fn durations_shrink_by_the_factor() {
        let compression: Compression = "60".parse().unwrap();
        assert_eq!(compression.duration(Duration::from_secs(30)), Duration::from_millis(500));
        for given in ["0", "601", "1.5", "", "-1"] {
            assert!(given.parse::<Compression>().unwrap_err().contains("1 to 600"), "{given}");
        }
    }
}
