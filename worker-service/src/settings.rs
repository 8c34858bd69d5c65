//! The settings of a worker.

use std::{net::SocketAddr, time::Duration};

use aws_adapters::settings::{AWS_SETTINGS, AwsSettings};
use domain::{evidence::SourceName, usage::MicroUsd};
use reqwest::Url;
use secrecy::SecretString;
use service_runtime::{
    config::{ConfigErrors, Environment, Presence, Reader, Setting},
    settings,
};
use telemetry::{TELEMETRY_SETTINGS, TelemetrySettings};

use crate::{
    assess::{
        catalogue::{Catalogue, Tier},
        model_budget::Budgets,
        prompt::Prompt,
    },
    evidence::{news::QUERY, sanctions::Location},
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
    CALLBACK_DLQ_URL = "DOSSIER_CALLBACK_DLQ_URL", Presence::Required, "URL of the SQS dead-letter queue of call-backs";
    PRIVATE_CALLBACKS = "DOSSIER_PRIVATE_CALLBACKS", Presence::Optional,
        "hosts that may get call-backs although their names lead into the private network, separated by commas; all others are refused there";
    DLQ_URL = "DOSSIER_DLQ_URL", Presence::Required, "URL of the SQS dead-letter queue of reports";
    ECS_AGENT = "ECS_AGENT_URI", Presence::Optional,
        "URL of the ECS agent, which ECS sets: with it the worker asks not to be scaled in while it works on reports";
    HEALTH_BIND = "DOSSIER_HEALTH_BIND", Presence::Optional,
        "address and port at which the worker tells whether it is alive, for worker-service healthcheck; container images set it";
    MODEL_ID = "DOSSIER_MODEL_ID", Presence::Required,
        "ids or inference profiles of the Bedrock models that assess, separated by commas: the first answers, the next one where it declines, fails the checks twice or is out of order";
    MODELS = "DOSSIER_MODELS", Presence::Optional,
        "what is to be known of models beside what is built in, as TOML in the form of models.toml: a file's path, or the text itself, which is told from a path by an equals sign";
    MODEL_MAX_TOKENS = "DOSSIER_MODEL_MAX_TOKENS", Presence::Default("4096"), "tokens that one answer of the model may have, 256 to 64000";
    MODEL_SECONDS = "DOSSIER_MODEL_SECONDS", Presence::Default("120"), "seconds that one answer of the model may take, 1 to 3600";
    MODEL_TIER = "DOSSIER_MODEL_SERVICE_TIER", Presence::Default("default"), "service tier of Bedrock: default, priority, flex or reserved";
    GUARDRAIL_ID = "DOSSIER_GUARDRAIL_ID", Presence::Optional, "id or ARN of the guardrail of Bedrock that question and answer go through";
    GUARDRAIL_VERSION = "DOSSIER_GUARDRAIL_VERSION", Presence::Optional, "version of that guardrail, a number or DRAFT";
    PROMPT = "DOSSIER_PROMPT", Presence::Optional, "version of the prompt; without it the newest";
    BUDGET_REPORT = "DOSSIER_BUDGET_REPORT_USD", Presence::Default("1"),
        "US dollars that the model may cost for one report; over it the report ends as budget_exceeded; 0 sets no bound";
    BUDGET_TENANT_DAY = "DOSSIER_BUDGET_TENANT_DAY_USD", Presence::Default("0"),
        "US dollars that the model may cost for all reports of a tenant on one day (UTC); 0 sets no bound";
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
    /// URL of the dead-letter queue of call-backs.
    pub callback_dlq_url: String,
    /// Hosts that may get call-backs in the private network.
    pub private_callbacks: Vec<String>,
    /// URL of the ECS agent.
    pub ecs_agent: Option<Url>,
    /// Where to tell whether the worker is alive.
    pub health_bind: Option<SocketAddr>,
    /// The models.
    pub model: ModelSettings,
    /// The sources.
    pub sources: SourceSettings,
    /// The adapters and the lifecycle.
    pub aws: AwsSettings,
    /// Logs, traces and metrics.
    pub telemetry: TelemetrySettings,
}

/// Which models assess, and how.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// Ids or inference profiles, as Bedrock names them, in the order in which they are asked.
    pub ids: Vec<String>,
    /// What is known of models.
    pub catalogue: Catalogue,
    /// Longest answer, in tokens.
    pub max_tokens: u32,
    /// How long one answer may take.
    pub timeout: Duration,
    /// The service tier.
    pub tier: Tier,
    /// Id and version of the guardrail.
    pub guardrail: Option<(String, String)>,
    /// The prompt.
    pub prompt: &'static Prompt,
    /// What may be spent.
    pub budgets: Budgets,
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
        let callback_dlq_url = reader.parse::<Url>(&CALLBACK_DLQ_URL).map(String::from);
        let private_callbacks = reader.text(&PRIVATE_CALLBACKS).unwrap_or_default();
        let ecs_agent = reader.parse(&ECS_AGENT);
        let health_bind = reader.parse(&HEALTH_BIND);
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
                callback_dlq_url: callback_dlq_url?,
                private_callbacks: parts(&private_callbacks, ',').map(str::to_owned).collect(),
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

impl ModelSettings {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let listed = reader.text(&MODEL_ID);
        let ids: Vec<String> = parts(listed.as_deref().unwrap_or_default(), ',').map(str::to_owned).collect();
        if listed.is_some() && ids.is_empty() {
            reader.fail(&MODEL_ID, "names no model");
        }
        let catalogue = match reader.text(&MODELS) {
            Some(text) => reader.convert(&MODELS, text.parse()),
            None => Some(Catalogue::built_in().clone()),
        };
        let max_tokens = reader.number(&MODEL_MAX_TOKENS, 256, 64_000);
        let timeout = reader.seconds(&MODEL_SECONDS, 1, 3600);
        let tier = reader.parse(&MODEL_TIER);
        let guardrail = match (reader.text(&GUARDRAIL_ID), reader.text(&GUARDRAIL_VERSION)) {
            (Some(_), None) => {
                reader.fail(&GUARDRAIL_VERSION, "is not set, and DOSSIER_GUARDRAIL_ID is");
                None
            }
            (id, version) => id.zip(version),
        };
        let prompt = match reader.text(&PROMPT) {
            Some(version) => reader.convert(&PROMPT, Prompt::find(&version)),
            None => Some(Prompt::current()),
        };
        let report = budget(reader, &BUDGET_REPORT);
        let tenant_day = budget(reader, &BUDGET_TENANT_DAY);
        Some(Self {
            ids,
            catalogue: catalogue?,
            max_tokens: u32::try_from(max_tokens?).ok()?,
            timeout: timeout?,
            tier: tier?,
            guardrail,
            prompt: prompt?,
            budgets: Budgets { report: report?, tenant_day: tenant_day? },
        })
    }
}

/// A budget in US dollars; zero sets no bound.
fn budget(reader: &mut Reader<'_>, setting: &Setting) -> Option<Option<MicroUsd>> {
    let usd: f64 = reader.parse(setting)?;
    if (0.0..=1_000_000.0).contains(&usd) {
        return Some(Some(MicroUsd::from_usd(usd)).filter(|budget| *budget > MicroUsd::default()));
    }
    reader.fail(setting, "is no amount: use a number from 0 to 1000000");
    None
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

/// Where a worker with the settings in `environment` tells whether it is alive; its other settings are not looked at.
///
/// # Errors
/// When the setting is no address.
pub fn health_bind(environment: &Environment) -> Result<Option<SocketAddr>, ConfigErrors> {
    let mut reader = Reader::new(environment);
    let bind = reader.parse(&HEALTH_BIND);
    reader.finish(Some(bind))
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
