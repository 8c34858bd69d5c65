//! The environment variables of an API and a worker that run against a stack, whether in the stack's process
//! or started by hand.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use service_runtime::config::{Environment, Presence};

use crate::aws::KMS_KEY_ID;
use crate::feeds;

use super::infrastructure::Infrastructure;
use super::options::Options;
use super::service_endpoints::ServiceEndpoints;

/// The setting with the address that the API listens on.
pub(super) const API_BIND: &str = "DOSSIER_BIND";

/// Settings whose values only the stack knows. Values from outside do not override them.
pub(crate) const STACK_SETTINGS: [&str; 11] = [
    API_BIND,
    "DOSSIER_QUEUE_URL",
    "DOSSIER_DLQ_URL",
    "DOSSIER_CALLBACK_QUEUE_URL",
    "DOSSIER_CALLBACK_DLQ_URL",
    "DOSSIER_TABLE",
    "DOSSIER_ACCESS_TABLE",
    "DOSSIER_BUCKET",
    "DOSSIER_KMS_KEY_ID",
    "DOSSIER_SECRETS_KMS_KEY_ID",
    "DOSSIER_WORKER_CONCURRENCY",
];

/// Defaults of services that run in the stack's process. They drain only briefly, because no load balancer
/// needs notice and unfinished work is lost with the stack in any case.
pub(crate) const IN_PROCESS_DEFAULTS: [(&str, &str); 3] = [
    ("DOSSIER_API_DRAIN_NOTICE_SECONDS", "0"),
    ("DOSSIER_API_DRAIN_SECONDS", "3"),
    ("DOSSIER_WORKER_DRAIN_SECONDS", "3"),
];

/// Returns the value of `DOSSIER_MODELS` for a model that is not one of Bedrock's. The prices (US dollars per
/// million tokens) only show how costs are computed; nobody is charged.
fn model_catalogue(model: &str) -> String {
    let id = model.replace(['"', '\\'], "");
    format!(r#"model=[{{id="{id}",temperature=0.0,price=[{{input=3,output=15}}]}}]"#)
}

/// Returns the entries of `environment` that override a stack's settings: every setting that the services
/// read, except [`STACK_SETTINGS`] and telemetry, which belongs to the process.
pub(crate) fn settings_from(environment: &Environment) -> Environment {
    let known = [worker_service::settings::ALL, api_service::settings::ALL].concat();
    let known = known.into_iter().flatten().filter(|setting| setting.name.starts_with("DOSSIER_"));
    known
        .filter(|setting| !STACK_SETTINGS.contains(&setting.name))
        .filter_map(|setting| Some((setting.name.to_owned(), environment.get(setting.name)?.clone())))
        .filter(|(_, value)| !value.trim().is_empty())
        .collect()
}

/// Returns the time after its submission until which a report is retried.
///
/// # Errors
/// Returns an error if the setting is not a number.
pub(crate) fn deadline(settings: &Environment) -> anyhow::Result<Duration> {
    seconds(settings, "DOSSIER_DEADLINE_SECONDS").map(Duration::from_secs)
}

/// Returns the value in seconds of the setting `name` of a service, or its default.
///
/// # Errors
/// Returns an error if no service has such a setting, or its value is not a number.
pub(crate) fn seconds(settings: &Environment, name: &str) -> anyhow::Result<u64> {
    number(settings, name)
}

/// Returns the value of the setting `name` of a service, or its default.
///
/// # Errors
/// Returns an error if no service has such a setting, or its value is not a number.
pub(crate) fn number<T: FromStr>(settings: &Environment, name: &str) -> anyhow::Result<T> {
    let all = [worker_service::settings::ALL, api_service::settings::ALL].concat();
    let setting = all.into_iter().flatten().find(|setting| setting.name == name);
    let default = match setting.with_context(|| format!("no service has a setting {name}"))?.default {
        Presence::Default(default) => Some(default),
        _ => None,
    };
    let value = settings.get(name).map(String::as_str).or(default);
    value.and_then(|value| value.trim().parse().ok()).with_context(|| format!("{name} is not a number"))
}

/// Returns `environment`, overridden by `settings`.
pub(super) fn with(environment: &Environment, settings: &[(&str, &str)]) -> Environment {
    let mut environment = environment.clone();
    environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    environment
}

/// Returns [`IN_PROCESS_DEFAULTS`], overridden by `environment`.
pub(super) fn in_process(environment: &Environment) -> Environment {
    let mut all = with(&Environment::new(), &IN_PROCESS_DEFAULTS);
    all.extend(environment.clone());
    all
}

/// Returns the whole environment of a service, with the API at `api_address`.
pub(super) fn service_environment(
    infrastructure: &Infrastructure,
    options: &Options,
    api_address: SocketAddr,
) -> Environment {
    let credentials = infrastructure.credentials();
    let (aws, bedrock) = match infrastructure.fault_proxy() {
        Some(proxy) => (proxy.aws_url(), proxy.bedrock_url()),
        None => (infrastructure.aws().endpoint(), infrastructure.bedrock().base_url()),
    };
    let model = options
        .forward
        .as_ref()
        .map_or_else(|| "dossier.stand-in-v1".to_owned(), |forward| format!("forwarded.{}", forward.model));
    let mut environment = with(
        &Environment::new(),
        &[
            ("DOSSIER_MODEL_ID", &model),
            ("DOSSIER_MODELS", &model_catalogue(&model)),
            // The stand-ins listen on loopback.
            ("DOSSIER_PRIVATE_SOURCES", "127.0.0.1"),
        ],
    );
    let feeds = feeds::environment(&infrastructure.feeds().base_url());
    environment.extend(feeds.into_iter().map(|(name, value)| (name.to_owned(), value)));
    environment.extend(options.settings.clone());
    let names = infrastructure.names();
    let fixed = [
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose_secret()),
        ("AWS_REGION", infrastructure.region()),
        ("AWS_ENDPOINT_URL", &aws),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &bedrock),
        // Otherwise an SDK that searches for credentials calls the instance metadata address, which a
        // laptop does not have.
        ("AWS_EC2_METADATA_DISABLED", "true"),
        (API_BIND, &api_address.to_string()),
        ("DOSSIER_QUEUE_URL", &infrastructure.queues().queue_url),
        ("DOSSIER_DLQ_URL", &infrastructure.queues().dlq_url),
        ("DOSSIER_CALLBACK_QUEUE_URL", &infrastructure.queues().callback_queue_url),
        ("DOSSIER_CALLBACK_DLQ_URL", &infrastructure.queues().callback_dlq_url),
        ("DOSSIER_TABLE", &names.table),
        ("DOSSIER_ACCESS_TABLE", &names.access_table),
        ("DOSSIER_KMS_KEY_ID", KMS_KEY_ID),
        ("DOSSIER_BUCKET", &names.bucket),
        ("DOSSIER_WORKER_CONCURRENCY", &options.slots.to_string()),
    ];
    let mut environment = with(&environment, &fixed);
    let endpoints = infrastructure.fault_proxy().map(ServiceEndpoints::behind).unwrap_or_default();
    environment.extend(endpoints.variables());
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        with(&Environment::new(), pairs)
    }

    #[test]
    fn settings_from_outside_apply_unless_only_the_stack_knows_them() {
        let outside = environment(&[
            ("DOSSIER_SWEEP_SECONDS", "7"),
            ("DOSSIER_NEWS_URL", "https://news.example"),
            ("DOSSIER_NEWS_MONTHS", " "),
            ("DOSSIER_QUEUE_URL", "https://queue.example"),
            ("DOSSIER_NO_SUCH_SETTING", "1"),
            ("AWS_REGION", "eu-west-1"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector"),
        ]);
        assert_eq!(
            settings_from(&outside),
            environment(&[("DOSSIER_SWEEP_SECONDS", "7"), ("DOSSIER_NEWS_URL", "https://news.example")])
        );
    }

    #[test]
    fn every_name_here_is_a_setting_of_a_service() {
        let all = [worker_service::settings::ALL, api_service::settings::ALL].concat();
        let known: Vec<_> = all.into_iter().flatten().map(|setting| setting.name).collect();
        for name in STACK_SETTINGS.into_iter().chain(IN_PROCESS_DEFAULTS.map(|(name, _)| name)) {
            assert!(known.contains(&name), "{name}");
        }
    }

    #[test]
    fn in_process_defaults_do_not_override_the_environment() {
        let given = environment(&[("DOSSIER_API_DRAIN_SECONDS", "9")]);
        assert_eq!(in_process(&given)["DOSSIER_API_DRAIN_SECONDS"], "9");
        assert_eq!(in_process(&given)["DOSSIER_WORKER_DRAIN_SECONDS"], "3");
    }
}
