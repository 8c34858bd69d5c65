//! Settings of the services in a soak: waits so short that everything that can run out does run out, again and again.

use service_runtime::config::Environment;

/// What holds unless the environment of the soak says otherwise. Attempts are more than in production, where no worker
/// dies every few seconds: a soak in which most reports fail would show little of those that complete.
const SETTINGS: [(&str, &str); 11] = [
    ("DOSSIER_LEASE_SECONDS", "5"),
    ("DOSSIER_PICKUP_GRACE_SECONDS", "15"),
    ("DOSSIER_SWEEP_SECONDS", "2"),
    ("DOSSIER_ATTEMPTS", "6"),
    ("DOSSIER_MODEL_SECONDS", "5"),
    ("DOSSIER_SOURCE_SECONDS", "5"),
    ("DOSSIER_REQUEST_SECONDS", "10"),
    ("DOSSIER_READINESS_SECONDS", "5"),
    ("DOSSIER_API_DRAIN_SECONDS", "0"),
    ("DOSSIER_API_DRAIN_NOTICE_SECONDS", "0"),
    ("DOSSIER_LOG", "warn"),
];

/// The settings of a soak with `given` over them.
pub(super) fn settings(given: Environment) -> Environment {
    let mut settings: Environment =
        SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    settings.extend(given);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_setting_of_a_service_and_gives_way_to_what_was_asked_for() {
        let all = [worker_service::settings::ALL, api_service::settings::ALL].concat();
        let known: Vec<_> = all.into_iter().flatten().map(|setting| setting.name).collect();
        for (name, _) in SETTINGS {
            assert!(known.contains(&name), "{name}");
            let asked = Environment::from([(name.to_owned(), "9".to_owned())]);
            assert_eq!(settings(asked)[name], "9");
        }
    }
}
