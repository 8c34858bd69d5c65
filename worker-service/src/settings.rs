//! The settings of a worker: the settings of its parts put together, and those of the worker as a whole.

use std::{net::SocketAddr, time::Duration};

use aws_adapters::settings::{AWS_SETTINGS, AwsSettings};
use domain::evidence::SourceName;
use reqwest::Url;
use secrecy::SecretString;
use service_runtime::{
    config::{ConfigErrors, Environment, Presence, Reader, Setting},
    settings,
};
use telemetry::{TELEMETRY_SETTINGS, TelemetrySettings};

use crate::{
    assess::{MODEL_SETTINGS, ModelSettings},
    ecs_task_protection::{self, ECS_SETTINGS},
    evidence::{news::QUERY, sanctions::Location},
    health::{self, HEALTH_SETTINGS},
    webhooks::{WEBHOOK_SETTINGS, WebhookSettings},
};

settings! {
    /// The settings of the worker as a whole.
    RUN_SETTINGS:
    CONCURRENCY = "DOSSIER_WORKER_CONCURRENCY", Presence::Default("4"), "maximum number of reports that one worker processes at a time, 1 to 256";
    TENANT_MAX = "DOSSIER_TENANT_MAX_IN_PROGRESS", Presence::Default("0"),
        "maximum number of reports of one tenant that all workers together process at a time, so that one tenant's thousand reports do not delay another tenant's one; 0 means no limit";
    DRAIN_SECONDS = "DOSSIER_WORKER_DRAIN_SECONDS", Presence::Default("60"),
        "seconds that reports in progress have to finish after SIGTERM before their leases are released, 0 to 3600";
    SWEEP_SECONDS = "DOSSIER_SWEEP_SECONDS", Presence::Default("30"),
        "seconds between two sweeps for reports that no worker processes, 1 to 3600";
    DLQ_URL = "DOSSIER_DLQ_URL", Presence::Required, "URL of the SQS dead-letter queue of reports";
}

settings! {
    /// The settings of the sources of evidence.
    SOURCE_SETTINGS:
    SANCTIONS_LISTS = "DOSSIER_SANCTIONS_LISTS", Presence::Optional,
        "lists of sanctions to screen against, separated by commas: paths, https URLs or s3://bucket/key of OFAC's SDN.CSV (ALT.CSV and ADD.CSV beside it), the UK's CSV, the UN's XML, the EU's XML or CSV, OpenSanctions' targets.simple.csv, or JSON lines";
    SANCTIONS_REFRESH = "DOSSIER_SANCTIONS_REFRESH_SECONDS", Presence::Default("21600"),
        "seconds after which lists of sanctions are loaded again, 60 to 604800";
    SANCTIONS_URL = "DOSSIER_SANCTIONS_URL", Presence::Optional,
        "base URL of a yente-compatible match service: the alternative to lists, or a second opinion beside them; without either the source is skipped";
    SANCTIONS_DATASET = "DOSSIER_SANCTIONS_DATASET", Presence::Default("default"), "dataset that the match service searches";
    SANCTIONS_API_KEY = "DOSSIER_SANCTIONS_API_KEY", Presence::Optional, "key for the match service, sent as Authorization: ApiKey";
    NEWS_URL = "DOSSIER_NEWS_URL", Presence::Optional, "base URL of a GDELT DOC 2.0 service";
    NEWS_PAUSE = "DOSSIER_NEWS_PAUSE_SECONDS", Presence::Default("6"),
        "least seconds between two questions of one worker to the GDELT service, which takes one in five seconds, 0 to 60";
    NEWS_FEEDS = "DOSSIER_NEWS_FEEDS", Presence::Optional,
        "RSS or Atom feeds that are searched, separated by spaces: URLs with {query} where the company's name goes; without feeds and service the source is skipped";
    NEWS_MONTHS = "DOSSIER_NEWS_MONTHS", Presence::Default("12"), "months that news are searched back, 1 to 36";
    REGISTRY_URL = "DOSSIER_REGISTRY_URL", Presence::Optional, "base URL of a GLEIF LEI service; without it and a key for Companies House the source is skipped";
    COMPANIES_HOUSE_KEY = "DOSSIER_COMPANIES_HOUSE_KEY", Presence::Optional, "key for the UK's Companies House, which is asked with it";
    COMPANIES_HOUSE_URL = "DOSSIER_COMPANIES_HOUSE_URL", Presence::Default("https://api.company-information.service.gov.uk/"),
        "base URL of the Companies House Public Data API";
    SOURCE_SECONDS = "DOSSIER_SOURCE_SECONDS", Presence::Default("10"), "seconds that one answer of a source may take, 1 to 120";
    SOURCE_KEEP = "DOSSIER_SOURCE_KEEP_SECONDS", Presence::Default("86400"),
        "seconds for which the last answer of a source is used, as stale, when it does not answer, 0 to 2592000";
    PRIVATE_SOURCES = "DOSSIER_PRIVATE_SOURCES", Presence::Optional,
        "hosts of sources that may be in the private network, separated by commas; all others are refused there, redirects included";
    MANDATORY = "DOSSIER_MANDATORY_SOURCES", Presence::Default("sanctions"),
        "sources without which no report is LOW, of sanctions, news, registry and country_risk, separated by commas, or none";
}

/// The settings that only a worker has.
pub const WORKER_SETTINGS: &[&[Setting]] =
    &[RUN_SETTINGS, WEBHOOK_SETTINGS, ECS_SETTINGS, HEALTH_SETTINGS, MODEL_SETTINGS, SOURCE_SETTINGS];

/// Every setting that a worker reads.
pub const ALL: &[&[Setting]] = &[
    RUN_SETTINGS,
    WEBHOOK_SETTINGS,
    ECS_SETTINGS,
    HEALTH_SETTINGS,
    MODEL_SETTINGS,
    SOURCE_SETTINGS,
    AWS_SETTINGS,
    TELEMETRY_SETTINGS,
];

/// The settings of a worker.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Maximum number of reports in progress on this worker.
    pub concurrency: usize,
    /// Maximum number of reports of one tenant in progress on all workers together; `None` means no limit.
    pub tenant_max: Option<usize>,
    /// Time that reports in progress have to finish when the worker stops.
    pub drain: Duration,
    /// Time between two sweeps.
    pub sweep_interval: Duration,
    /// URL of the dead-letter queue of reports.
    pub dlq_url: String,
    /// Webhooks.
    pub webhooks: WebhookSettings,
    /// URL of the ECS agent.
    pub ecs_agent: Option<Url>,
    /// Address on which the worker answers health checks.
    pub health_bind: Option<SocketAddr>,
    /// Models, prompt and budgets.
    pub model: ModelSettings,
    /// Sources of evidence.
    pub sources: SourceSettings,
    /// AWS and the lifecycle.
    pub aws: AwsSettings,
    /// Logs, traces and metrics.
    pub telemetry: TelemetrySettings,
}

/// Where evidence comes from.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// Where the lists of sanctions are.
    pub lists: Vec<Location>,
    /// After how long they are loaded again.
    pub lists_refresh: Duration,
    /// Base URL of the match service.
    pub sanctions_url: Option<Url>,
    /// Dataset that it searches.
    pub sanctions_dataset: String,
    /// Key for it.
    pub sanctions_api_key: Option<SecretString>,
    /// Base URL of the news service.
    pub news_url: Option<Url>,
    /// The least time between two questions to the news service.
    pub news_pause: Duration,
    /// Feeds that are searched, with `{query}` in their URLs.
    pub news_feeds: Vec<String>,
    /// How far back news are searched, in months.
    pub news_months: u64,
    /// Base URL of the registry.
    pub registry_url: Option<Url>,
    /// Key for Companies House.
    pub companies_house_key: Option<SecretString>,
    /// Base URL of Companies House.
    pub companies_house_url: Url,
    /// For how long the last answer of a source is used when it does not answer.
    pub keep: Duration,
    /// Hosts of sources that may be in the private network.
    pub private_hosts: Vec<String>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Sources without which no report is LOW.
    pub mandatory: Vec<SourceName>,
}

impl Settings {
    /// Reads the settings from `environment`.
    ///
    /// # Errors
    /// Returns [`ConfigErrors`] with every mistake if any setting cannot be used.
    pub fn read(environment: &Environment) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(environment);
        let concurrency = reader.number(&CONCURRENCY, 1, 256);
        let tenant_max = reader.number(&TENANT_MAX, 0, 100_000);
        let drain = reader.seconds(&DRAIN_SECONDS, 0, 3600);
        let sweep_interval = reader.seconds(&SWEEP_SECONDS, 1, 3600);
        let dlq_url = reader.parse::<Url>(&DLQ_URL).map(String::from);
        let webhooks = WebhookSettings::read(&mut reader);
        let ecs_agent = ecs_task_protection::read_agent_url(&mut reader);
        let health_bind = health::read_bind_address(&mut reader);
        let model = ModelSettings::read(&mut reader);
        let sources = SourceSettings::read(&mut reader);
        let aws = AwsSettings::read(&mut reader);
        let telemetry = TelemetrySettings::read(&mut reader);
        let settings = || {
            Some(Self {
                concurrency: usize::try_from(concurrency?).ok()?,
                tenant_max: usize::try_from(tenant_max?).ok().filter(|max| *max > 0),
                drain: drain?,
                sweep_interval: sweep_interval?,
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

impl SourceSettings {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let listed = reader.text(&SANCTIONS_LISTS).unwrap_or_default();
        let lists = reader.convert(&SANCTIONS_LISTS, parts(&listed, ',').map(str::parse).collect());
        let lists_refresh = reader.seconds(&SANCTIONS_REFRESH, 60, 604_800);
        let sanctions_url = base_url(reader, &SANCTIONS_URL);
        let sanctions_dataset = reader.text(&SANCTIONS_DATASET);
        let sanctions_api_key = reader.text(&SANCTIONS_API_KEY).map(SecretString::from);
        let news_url = base_url(reader, &NEWS_URL);
        let news_pause = reader.seconds(&NEWS_PAUSE, 0, 60);
        let feeds = reader.text(&NEWS_FEEDS).unwrap_or_default();
        let news_feeds = reader.convert(&NEWS_FEEDS, parts(&feeds, ' ').map(feed).collect());
        let news_months = reader.number(&NEWS_MONTHS, 1, 36);
        let registry_url = base_url(reader, &REGISTRY_URL);
        let companies_house_key = reader.text(&COMPANIES_HOUSE_KEY).map(SecretString::from);
        let companies_house_url = base_url(reader, &COMPANIES_HOUSE_URL);
        let timeout = reader.seconds(&SOURCE_SECONDS, 1, 120);
        let keep = reader.seconds(&SOURCE_KEEP, 0, 2_592_000);
        let private = reader.text(&PRIVATE_SOURCES).unwrap_or_default();
        let names = reader.text(&MANDATORY).unwrap_or_default();
        let names = if names == "none" { "" } else { &names };
        let mandatory: Option<Vec<SourceName>> =
            reader.convert(&MANDATORY, parts(names, ',').map(source).collect());
        let settings = Self {
            lists: lists?,
            lists_refresh: lists_refresh?,
            sanctions_url,
            sanctions_dataset: sanctions_dataset?,
            sanctions_api_key,
            news_url,
            news_pause: news_pause?,
            news_feeds: news_feeds?,
            news_months: news_months?,
            registry_url,
            companies_house_key,
            companies_house_url: companies_house_url?,
            timeout: timeout?,
            keep: keep?,
            private_hosts: parts(&private, ',').map(str::to_owned).collect(),
            mandatory: mandatory?,
        };
        for source in settings.mandatory.iter().filter(|source| !settings.has(**source)) {
            let name = source.as_str();
            reader.fail(
                &MANDATORY,
                format_args!("names {name}, which is not configured: every report would be UNDETERMINED"),
            );
        }
        Some(settings)
    }

    /// Whether anything is configured that `source` can ask.
    fn has(&self, source: SourceName) -> bool {
        match source {
            SourceName::Sanctions => self.sanctions_url.is_some() || !self.lists.is_empty(),
            SourceName::News => self.news_url.is_some() || !self.news_feeds.is_empty(),
            SourceName::Registry => self.registry_url.is_some() || self.companies_house_key.is_some(),
            SourceName::CountryRisk => true,
        }
    }
}

/// The parts of a list, without spaces around them.
fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    text.split(separator).map(str::trim).filter(|part| !part.is_empty())
}

fn feed(template: &str) -> Result<String, String> {
    let url: Url = template.replace(QUERY, "x").parse().map_err(|_| "it holds what is no URL".to_owned())?;
    let searches = template.contains(QUERY) && matches!(url.scheme(), "http" | "https");
    searches.then(|| template.to_owned()).ok_or_else(|| format!("a feed is a web address with {QUERY} in it"))
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
