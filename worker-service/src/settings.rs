//! The settings of a worker.

use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use shared::{
    config::{AWS_SETTINGS, AwsSettings, ConfigErrors, Environment, Presence, Reader, Setting},
    domain::evidence::SourceName,
    settings,
    telemetry::{TELEMETRY_SETTINGS, TelemetrySettings},
};

settings! {
    /// The settings that only a worker has.
    WORKER_SETTINGS:
    CONCURRENCY = "DOSSIER_WORKER_CONCURRENCY", Presence::Default("4"), "reports that one worker works on at a time, 1 to 256";
    TENANT_MAX = "DOSSIER_TENANT_MAX_IN_PROGRESS", Presence::Default("0"),
        "reports of one tenant that all workers together work on at a time, so that one tenant's thousand do not hold up another's one; 0 sets no bound";
    DRAIN_SECONDS = "DOSSIER_WORKER_DRAIN_SECONDS", Presence::Default("60"),
        "seconds that reports in work get after SIGTERM before they are given back, 0 to 3600";
    SWEEP_SECONDS = "DOSSIER_SWEEP_SECONDS", Presence::Default("30"),
        "seconds between two looks for reports that nobody works on, 1 to 3600";
    DLQ_URL = "DOSSIER_DLQ_URL", Presence::Required, "URL of the SQS dead-letter queue of reports";
    ECS_AGENT = "ECS_AGENT_URI", Presence::Optional,
        "URL of the ECS agent, which ECS sets: with it the worker asks not to be scaled in while it works on reports";
    MODEL_ID = "DOSSIER_MODEL_ID", Presence::Required, "id or inference profile of the Bedrock model that assesses";
    MODEL_MAX_TOKENS = "DOSSIER_MODEL_MAX_TOKENS", Presence::Default("4096"), "tokens that one answer of the model may have, 256 to 64000";
    MODEL_SECONDS = "DOSSIER_MODEL_SECONDS", Presence::Default("120"), "seconds that one answer of the model may take, 1 to 3600";
    MODEL_INPUT_USD = "DOSSIER_MODEL_INPUT_USD_PER_MTOK", Presence::Default("0"),
        "price of a million tokens sent to the model, in US dollars, for costUsd";
    MODEL_OUTPUT_USD = "DOSSIER_MODEL_OUTPUT_USD_PER_MTOK", Presence::Default("0"),
        "price of a million tokens written by the model, in US dollars, for costUsd";
    SANCTIONS_URL = "DOSSIER_SANCTIONS_URL", Presence::Optional,
        "base URL of a yente-compatible match service; without it the source is skipped";
    SANCTIONS_DATASET = "DOSSIER_SANCTIONS_DATASET", Presence::Default("default"), "dataset that the match service searches";
    SANCTIONS_API_KEY = "DOSSIER_SANCTIONS_API_KEY", Presence::Optional, "key for the match service, sent as Authorization: ApiKey";
    NEWS_URL = "DOSSIER_NEWS_URL", Presence::Optional, "base URL of a GDELT DOC 2.0 service; without it the source is skipped";
    NEWS_MONTHS = "DOSSIER_NEWS_MONTHS", Presence::Default("12"), "months that news are searched back, 1 to 36";
    REGISTRY_URL = "DOSSIER_REGISTRY_URL", Presence::Optional, "base URL of a GLEIF LEI service; without it the source is skipped";
    SOURCE_SECONDS = "DOSSIER_SOURCE_SECONDS", Presence::Default("10"), "seconds that one answer of a source may take, 1 to 120";
    MANDATORY = "DOSSIER_MANDATORY_SOURCES", Presence::Default("sanctions"),
        "sources without which no report is LOW, of sanctions, news and registry, separated by commas, or none";
}

/// Every setting that a worker reads.
pub const ALL: &[&[Setting]] = &[WORKER_SETTINGS, AWS_SETTINGS, TELEMETRY_SETTINGS];

/// How a worker is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Reports in work at a time.
    pub concurrency: usize,
    /// Reports of one tenant in work at a time, on all workers together; none sets no bound.
    pub tenant_max: Option<usize>,
    /// How long reports in work get when the worker stops.
    pub drain: Duration,
    /// How often to look for reports that nobody works on.
    pub sweep_interval: Duration,
    /// URL of the dead-letter queue.
    pub dlq_url: String,
    /// URL of the ECS agent.
    pub ecs_agent: Option<Url>,
    /// The model.
    pub model: ModelSettings,
    /// The sources.
    pub sources: SourceSettings,
    /// The adapters and the lifecycle.
    pub aws: AwsSettings,
    /// Logs, traces and metrics.
    pub telemetry: TelemetrySettings,
}

/// Which model assesses, and how.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// Id or inference profile, as Bedrock names it.
    pub id: String,
    /// Longest answer, in tokens.
    pub max_tokens: i32,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Price of a million tokens sent, in US dollars.
    pub input_usd: f64,
    /// Price of a million tokens written, in US dollars.
    pub output_usd: f64,
}

/// Where evidence comes from.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// Base URL of the match service.
    pub sanctions_url: Option<Url>,
    /// Dataset that it searches.
    pub sanctions_dataset: String,
    /// Key for it.
    pub sanctions_api_key: Option<SecretString>,
    /// Base URL of the news service.
    pub news_url: Option<Url>,
    /// How far back news are searched, in months.
    pub news_months: u64,
    /// Base URL of the registry.
    pub registry_url: Option<Url>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Sources without which no report is LOW.
    pub mandatory: Vec<SourceName>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(environment);
        let concurrency = reader.number(&CONCURRENCY, 1, 256);
        let tenant_max = reader.number(&TENANT_MAX, 0, 100_000);
        let drain = reader.seconds(&DRAIN_SECONDS, 0, 3600);
        let sweep_interval = reader.seconds(&SWEEP_SECONDS, 1, 3600);
        let dlq_url = reader.parse::<Url>(&DLQ_URL).map(String::from);
        let ecs_agent = reader.parse(&ECS_AGENT);
        let model = ModelSettings::read(&mut reader);
        let sources = SourceSettings::read(&mut reader);
        let aws = AwsSettings::read(&mut reader);
        let telemetry = TelemetrySettings::read(&mut reader);
        let settings = || {
            Some(Self {
                concurrency: usize::try_from(concurrency?).ok()?,
                tenant_max: usize::try_from(tenant_max?).ok().filter(|most| *most > 0),
                drain: drain?,
                sweep_interval: sweep_interval?,
                dlq_url: dlq_url?,
                ecs_agent,
                model: model?,
                sources: sources?,
                aws: aws?,
                telemetry: telemetry?,
            })
        };
        reader.finish(settings())
    }
}

impl ModelSettings {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let id = reader.text(&MODEL_ID);
        let max_tokens = reader.number(&MODEL_MAX_TOKENS, 256, 64_000);
        let timeout = reader.seconds(&MODEL_SECONDS, 1, 3600);
        let input_usd = price(reader, &MODEL_INPUT_USD);
        let output_usd = price(reader, &MODEL_OUTPUT_USD);
        Some(Self {
            id: id?,
            max_tokens: i32::try_from(max_tokens?).ok()?,
            timeout: timeout?,
            input_usd: input_usd?,
            output_usd: output_usd?,
        })
    }
}

fn price(reader: &mut Reader<'_>, setting: &Setting) -> Option<f64> {
    let price: f64 = reader.parse(setting)?;
    if (0.0..=100_000.0).contains(&price) {
        return Some(price);
    }
    reader.fail(setting, "is no price: use a number from 0 to 100000");
    None
}

impl SourceSettings {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let sanctions_url = base_url(reader, &SANCTIONS_URL);
        let sanctions_dataset = reader.text(&SANCTIONS_DATASET);
        let sanctions_api_key = reader.text(&SANCTIONS_API_KEY).map(SecretString::from);
        let news_url = base_url(reader, &NEWS_URL);
        let news_months = reader.number(&NEWS_MONTHS, 1, 36);
        let registry_url = base_url(reader, &REGISTRY_URL);
        let timeout = reader.seconds(&SOURCE_SECONDS, 1, 120);
        let names = reader.text(&MANDATORY).unwrap_or_default();
        let names = if names == "none" { "" } else { &names };
        let mandatory: Option<Vec<SourceName>> = reader.convert(
            &MANDATORY,
            names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(source).collect(),
        );
        let configured = |source: &SourceName| match source {
            SourceName::Sanctions => sanctions_url.is_some(),
            SourceName::News => news_url.is_some(),
            SourceName::Registry => registry_url.is_some(),
        };
        for source in mandatory.iter().flatten().filter(|source| !configured(source)) {
            let name = source.as_str();
            reader.fail(
                &MANDATORY,
                format_args!("names {name}, for which no URL is set: every report would be UNDETERMINED"),
            );
        }
        Some(Self {
            sanctions_url,
            sanctions_dataset: sanctions_dataset?,
            sanctions_api_key,
            news_url,
            news_months: news_months?,
            registry_url,
            timeout: timeout?,
            mandatory: mandatory?,
        })
    }
}

fn source(name: &str) -> Result<SourceName, String> {
    let known = SourceName::ALL.into_iter().find(|source| source.as_str() == name);
    known.ok_or_else(|| "it names a source that does not exist".to_owned())
}

fn base_url(reader: &mut Reader<'_>, setting: &Setting) -> Option<Url> {
    let mut url: Url = reader.parse(setting)?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
        reader.fail(setting, "must be an http or https URL without a query");
        return None;
    }
    // Paths are joined to it, which would replace a last part without a slash.
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
}
