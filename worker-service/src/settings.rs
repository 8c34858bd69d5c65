//! The settings of a worker: those of its parts, combined, and those of the worker as a whole.

use std::{net::SocketAddr, time::Duration};

use aws_adapters::settings::{AWS_SETTINGS, AwsSettings};
use domain::format::{self, Format};
use reqwest::Url;
use service_runtime::{
    config::{ConfigErrors, Environment, Presence, Reader, Setting, parts},
    settings,
};
use telemetry::{TELEMETRY_SETTINGS, TelemetrySettings};

use crate::{
    assess::{MODEL_SETTINGS, ModelSettings},
    back_off::{BACK_OFF_SETTINGS, BackOff},
    ecs_task_protection::{self, ECS_SETTINGS},
    health::{self, HEALTH_SETTINGS},
    slots::Concurrency,
    webhooks::{WEBHOOK_SETTINGS, WebhookSettings},
};

settings! {
    /// The settings of the worker as a whole.
    RUN_SETTINGS:
    CONCURRENCY = "DOSSIER_WORKER_CONCURRENCY", Presence::Default("auto"),
        "maximum number of reports that one worker processes at a time: a number from 1 to 10000, or auto, which derives 4 to 256 from the memory that the process may use (limit of its cgroup, else memory of the machine): 1 MiB for each report, beyond 192 MiB and 64 MiB for each core";
    TENANT_MAX = "DOSSIER_TENANT_MAX_IN_PROGRESS", Presence::Default("0"),
        "maximum number of reports of one tenant that all workers together process at a time, so that one tenant's thousand reports do not delay another tenant's one; 0 means no limit";
    DRAIN_SECONDS = "DOSSIER_WORKER_DRAIN_SECONDS", Presence::Default("60"),
        "seconds that reports in progress have to finish after SIGTERM before their leases are released, 0 to 3600";
    SWEEP_SECONDS = "DOSSIER_SWEEP_SECONDS", Presence::Default("30"),
        "seconds between two sweeps for reports that no worker processes, 1 to 3600; about six times as long while nothing is due and no message arrives";
    FORMATS = "DOSSIER_REPORT_FORMATS", Presence::Default("html,pdf,md"),
        "formats that a report is rendered in if its request names none, separated by commas: html, pdf, md; the JSON document and the evidence bundle are always written";
    DLQ_URL = "DOSSIER_DLQ_URL", Presence::Required, "URL of the SQS dead-letter queue of reports";
}

/// The settings that only a worker has.
pub const WORKER_SETTINGS: &[&[Setting]] = &[
    RUN_SETTINGS,
    BACK_OFF_SETTINGS,
    WEBHOOK_SETTINGS,
    ECS_SETTINGS,
    HEALTH_SETTINGS,
    MODEL_SETTINGS,
    sources::SETTINGS,
];

/// Every setting that a worker reads.
pub const ALL: &[&[Setting]] = &[
    RUN_SETTINGS,
    BACK_OFF_SETTINGS,
    WEBHOOK_SETTINGS,
    ECS_SETTINGS,
    HEALTH_SETTINGS,
    MODEL_SETTINGS,
    sources::SETTINGS,
    AWS_SETTINGS,
    TELEMETRY_SETTINGS,
];

/// The settings of a worker.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Maximum number of reports in progress on this worker.
    pub concurrency: Concurrency,
    /// Maximum number of reports of one tenant in progress on all workers together; `None` means no limit.
    pub tenant_max: Option<usize>,
    /// Time that reports in progress have to finish when the worker is stopped, before they are released.
    pub drain: Duration,
    /// Average time between two sweeps while there is work.
    pub sweep_interval: Duration,
    /// How long reports wait before another attempt.
    pub back_off: BackOff,
    /// The formats of a report whose request names none.
    pub formats: Vec<Format>,
    /// URL of the dead-letter queue of reports.
    pub dlq_url: String,
    /// Settings of webhooks.
    pub webhooks: WebhookSettings,
    /// URL of the ECS agent; `None` outside of ECS.
    pub ecs_agent: Option<Url>,
    /// Address on which the worker answers health checks.
    pub health_bind: Option<SocketAddr>,
    /// Settings of models, prompt and budgets.
    pub model: ModelSettings,
    /// Settings of the sources of evidence.
    pub sources: sources::Settings,
    /// Settings of AWS and of the lifecycle of reports.
    pub aws: AwsSettings,
    /// Settings of logs, traces and metrics.
    pub telemetry: TelemetrySettings,
}

impl Settings {
    /// Reads the settings from `environment`.
    ///
    /// # Errors
    /// Returns [`ConfigErrors`] with every error if any setting cannot be used.
    pub fn read(environment: &Environment) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(environment);
        let concurrency = reader.parse(&CONCURRENCY);
        let tenant_max = reader.number(&TENANT_MAX, 0, 100_000);
        let drain = reader.seconds(&DRAIN_SECONDS, 0, 3600);
        let sweep_interval = reader.seconds(&SWEEP_SECONDS, 1, 3600);
        let back_off = BackOff::read(&mut reader);
        let formats = reader.text(&FORMATS).and_then(|text| reader.convert(&FORMATS, formats(&text)));
        let dlq_url = reader.parse::<Url>(&DLQ_URL).map(String::from);
        let webhooks = WebhookSettings::read(&mut reader);
        let ecs_agent = ecs_task_protection::read_agent_url(&mut reader);
        let health_bind = health::read_bind_address(&mut reader);
        let model = ModelSettings::read(&mut reader);
        let sources = sources::Settings::read(&mut reader);
        let aws = AwsSettings::read(&mut reader);
        let telemetry = TelemetrySettings::read(&mut reader);
        let settings = || {
            Some(Self {
                concurrency: concurrency?,
                tenant_max: usize::try_from(tenant_max?).ok().filter(|max| *max > 0),
                drain: drain?,
                sweep_interval: sweep_interval?,
                back_off: back_off?,
                formats: formats?,
                dlq_url: dlq_url?,
                webhooks: webhooks?,
                ecs_agent,
                health_bind,
                model: model?,
                sources: sources?,
                aws: aws?,
                telemetry: telemetry?,
            })
        };
        reader.finish(settings())
    }
}

/// Returns the formats in `text`, which is a list separated by commas.
///
/// # Errors
/// Returns what is wrong with the list.
fn formats(text: &str) -> Result<Vec<Format>, String> {
    match format::choose(parts(text, ',')) {
        Ok(formats) if formats.is_empty() => Err("it names no format: use html, pdf or md".to_owned()),
        Ok(formats) => Ok(formats),
        Err(invalid) => {
            let errors: Vec<String> =
                invalid.iter().map(|(index, error)| format!("name {} {error}", index + 1)).collect();
            Err(errors.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formats_are_a_list_without_repetitions() {
        assert_eq!(formats(" pdf, html,"), Ok(vec![Format::Html, Format::Pdf]));
        for (text, expected) in
            [(",", "names no format"), ("pdf,docx", "name 2 is not"), ("md,md", "name 2 is named twice")]
        {
            let error = formats(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
