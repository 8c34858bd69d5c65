//! Settings of the services in a soak. The timeouts and intervals are so short that each of them expires many
//! times.

use service_runtime::config::Environment;

/// The setting of the budget of a tenant for one day, in US dollars.
pub(super) const BUDGET: &str = "DOSSIER_BUDGET_TENANT_DAY_USD";

/// Defaults that the environment of the soak can override.
const DEFAULTS: [(&str, &str); 15] = [
    ("DOSSIER_LEASE_SECONDS", "5"),
    ("DOSSIER_PICKUP_GRACE_SECONDS", "5"),
    ("DOSSIER_SWEEP_SECONDS", "2"),
    ("DOSSIER_DEADLINE_SECONDS", "1800"),
    ("DOSSIER_QUEUE_WAIT_SECONDS", "4"),
    ("DOSSIER_RETRY_MAX_SECONDS", "8"),
    ("DOSSIER_TENANT_WAIT_MAX_SECONDS", "8"),
    ("DOSSIER_MODEL_SECONDS", "5"),
    ("DOSSIER_SOURCE_SECONDS", "5"),
    ("DOSSIER_REQUEST_SECONDS", "10"),
    ("DOSSIER_READINESS_SECONDS", "5"),
    ("DOSSIER_API_DRAIN_SECONDS", "0"),
    ("DOSSIER_API_DRAIN_NOTICE_SECONDS", "0"),
    // Never exhausted: a worker that is killed leaves a part of it reserved.
    (BUDGET, "10000"),
    ("DOSSIER_LOG", "warn"),
];

/// Returns the settings of a soak, overridden by `overrides`.
pub(super) fn with_overrides(overrides: Environment) -> Environment {
    let mut settings: Environment =
        DEFAULTS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    settings.extend(overrides);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_setting_of_a_service_and_can_be_overridden() {
        let all = [worker_service::settings::ALL, api_service::settings::ALL].concat();
        let known: Vec<_> = all.into_iter().flatten().map(|setting| setting.name).collect();
        for (name, _) in DEFAULTS {
            assert!(known.contains(&name), "{name}");
            let overrides = Environment::from([(name.to_owned(), "9".to_owned())]);
            assert_eq!(with_overrides(overrides)[name], "9");
        }
    }
}
