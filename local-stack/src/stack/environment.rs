//! The variables that an API and a worker need to run against a stack, whether in its process or started by hand.

use std::net::SocketAddr;

use secrecy::ExposeSecret as _;
use service_runtime::config::Environment;

use super::Options;
use super::surroundings::{REGION, Surroundings};
use crate::feeds;

/// Where the API listens.
pub(super) const BIND: &str = "DOSSIER_BIND";

/// Settings that only the stack knows the value of; they do not come from outside.
pub const FIXED: [&str; 9] = [
    BIND,
    "DOSSIER_QUEUE_URL",
    "DOSSIER_DLQ_URL",
    "DOSSIER_CALLBACK_QUEUE_URL",
    "DOSSIER_CALLBACK_DLQ_URL",
    "DOSSIER_TABLE",
    "DOSSIER_BUCKET",
    "DOSSIER_KMS_KEY_ID",
    "DOSSIER_WORKER_CONCURRENCY",
];

/// Settings of the services inside a stack's process, where nothing else says how long they may take to stop: no load
/// balancer needs a notice, and what is not finished is gone with the stack.
pub const IN_PROCESS: [(&str, &str); 3] = [
    ("DOSSIER_API_DRAIN_NOTICE_SECONDS", "0"),
    ("DOSSIER_API_DRAIN_SECONDS", "3"),
    ("DOSSIER_WORKER_DRAIN_SECONDS", "3"),
];

/// What the worker is told of a model that is none of Bedrock's: prices to show how costs are reckoned, US dollars a million
/// tokens. Nobody is paid.
fn catalogue(model: &str) -> String {
    let id = model.replace(['"', '\\'], "");
    format!(r#"model=[{{id="{id}",temperature=0.0,price=[{{input=3,output=15}}]}}]"#)
}

/// The settings among `environment` that may replace those of a stack: whatever the services read, except for
/// [`FIXED`] and telemetry, which is the process's.
pub fn settings_from(environment: &Environment) -> Environment {
    let known = [worker_service::settings::ALL, api_service::settings::ALL].concat();
    let known = known.into_iter().flatten().filter(|setting| setting.name.starts_with("DOSSIER_"));
    known
        .filter(|setting| !FIXED.contains(&setting.name))
        .filter_map(|setting| Some((setting.name.to_owned(), environment.get(setting.name)?.clone())))
        .filter(|(_, value)| !value.trim().is_empty())
        .collect()
}

/// `environment` with `settings` over it.
pub(super) fn with(environment: &Environment, settings: &[(&str, &str)]) -> Environment {
    let mut environment = environment.clone();
    environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    environment
}

/// `environment` with [`IN_PROCESS`] under it.
pub(super) fn in_process(environment: &Environment) -> Environment {
    let mut all = with(&Environment::new(), &IN_PROCESS);
    all.extend(environment.clone());
    all
}

/// What the environment is made of.
pub(super) struct AtHand<'a> {
    pub(super) surroundings: &'a Surroundings,
    pub(super) options: &'a Options,
}

impl AtHand<'_> {
    /// The whole environment of a service, with the API at `api`.
    pub(super) fn environment(&self, api: SocketAddr) -> Environment {
        let Self { surroundings, options } = self;
        let credentials = surroundings.credentials();
        let (aws, bedrock) = match surroundings.rig() {
            Some(rig) => (rig.aws_url(), rig.bedrock_url()),
            None => (surroundings.aws().endpoint(), surroundings.bedrock().base_url()),
        };
        let model = options.forward.as_ref().map_or_else(
            || "dossier.stand-in-v1".to_owned(),
            |forward| format!("forwarded.{}", forward.model),
        );
        let mut environment = with(
            &Environment::new(),
            &[
                ("DOSSIER_MODEL_ID", &model),
                ("DOSSIER_MODELS", &catalogue(&model)),
                // The stand-ins are on this machine.
                ("DOSSIER_PRIVATE_SOURCES", "127.0.0.1"),
            ],
        );
        let feeds = feeds::environment(&surroundings.feeds().base_url());
        environment.extend(feeds.into_iter().map(|(name, value)| (name.to_owned(), value)));
        environment.extend(options.settings.clone());
        let names = surroundings.names();
        let fixed = [
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id.as_str()),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose_secret()),
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", &aws),
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &bedrock),
            // Without it an SDK that looks for more credentials asks an address that no laptop answers at.
            ("AWS_EC2_METADATA_DISABLED", "true"),
            (BIND, &api.to_string()),
            ("DOSSIER_QUEUE_URL", &surroundings.queues().queue_url),
            ("DOSSIER_DLQ_URL", &surroundings.queues().dlq_url),
            ("DOSSIER_CALLBACK_QUEUE_URL", &surroundings.queues().callback_queue_url),
            ("DOSSIER_CALLBACK_DLQ_URL", &surroundings.queues().callback_dlq_url),
            ("DOSSIER_TABLE", &names.table),
            ("DOSSIER_BUCKET", &names.bucket),
            ("DOSSIER_WORKER_CONCURRENCY", &options.workers.to_string()),
        ];
        with(&environment, &fixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        with(&Environment::new(), pairs)
    }

    #[test]
    fn settings_come_from_outside_unless_only_the_stack_knows_them() {
        let outside = environment(&[
            ("DOSSIER_SWEEP_SECONDS", "7"),
            ("DOSSIER_NEWS_URL", "https://news.example"),
            ("DOSSIER_NEWS_MONTHS", " "),
            ("DOSSIER_QUEUE_URL", "https://queue.example"),
            ("DOSSIER_NO_SUCH_SETTING", "1"),
            ("AWS_REGION", "eu-west-1"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector"),
        ]);
        let taken = settings_from(&outside);
        assert_eq!(
            taken,
            environment(&[("DOSSIER_SWEEP_SECONDS", "7"), ("DOSSIER_NEWS_URL", "https://news.example")])
        );
    }

    #[test]
    fn every_fixed_and_in_process_name_is_a_setting_of_a_service() {
        let all = [worker_service::settings::ALL, api_service::settings::ALL].concat();
        let known: Vec<_> = all.into_iter().flatten().map(|setting| setting.name).collect();
        for name in FIXED.into_iter().chain(IN_PROCESS.map(|(name, _)| name)) {
            assert!(known.contains(&name), "{name}");
        }
    }

    #[test]
    fn what_the_process_adds_gives_way_to_what_was_asked_for() {
        let asked = environment(&[("DOSSIER_API_DRAIN_SECONDS", "9")]);
        assert_eq!(in_process(&asked)["DOSSIER_API_DRAIN_SECONDS"], "9");
        assert_eq!(in_process(&asked)["DOSSIER_WORKER_DRAIN_SECONDS"], "3");
    }
}
