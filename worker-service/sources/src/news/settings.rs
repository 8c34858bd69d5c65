//! The settings of the source `news`.

use std::time::Duration;

use reqwest::Url;
use service_runtime::{
    config::{Presence, Reader, parts},
    settings,
};

use crate::reader::base_url;

/// The placeholder for the query in the URL of a feed.
pub(super) const QUERY: &str = "{query}";

settings! {
    /// The settings of the source `news`.
    SETTINGS:
    SERVICE_URL = "DOSSIER_NEWS_URL", Presence::Optional, "base URL of a GDELT DOC 2.0 service";
    PAUSE = "DOSSIER_NEWS_PAUSE_SECONDS", Presence::Default("6"),
        "minimum time between two requests of all workers together to the GDELT service, which accepts one in five seconds from one address, in seconds, 0 to 60; with 0, requests are not paced";
    WAIT = "DOSSIER_NEWS_WAIT_SECONDS", Presence::Default("600"),
        "maximum time that a report waits for its turn at the GDELT service, in seconds, 0 to 3600; if more reports wait than turns come in this time, the last ones go without news and need a review";
    FEEDS = "DOSSIER_NEWS_FEEDS", Presence::Optional,
        "RSS or Atom feeds that are searched, separated by spaces: URLs with {query} where the company's name goes; without feeds and service the source is skipped";
    MONTHS = "DOSSIER_NEWS_MONTHS", Presence::Default("12"), "months for which news is searched, 1 to 36";
}

/// The settings of the source `news`.
#[derive(Clone, Debug)]
pub(super) struct NewsSettings {
    /// The base URL of the GDELT service.
    pub(super) service_url: Option<Url>,
    /// The minimum time between two requests of all workers to the GDELT service.
    pub(super) pause: Duration,
    /// The maximum time that a report waits for its turn.
    pub(super) patience: Duration,
    /// The URLs of the feeds, each with [`QUERY`] in it.
    pub(super) feeds: Vec<String>,
    /// The number of months for which news is searched.
    pub(super) months: u64,
}

impl NewsSettings {
    /// Reads the settings. Returns `None` if the reader noted an error.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let service_url = base_url(reader, &SERVICE_URL);
        let pause = reader.seconds(&PAUSE, 0, 60);
        let patience = reader.seconds(&WAIT, 0, 3600);
        let templates = reader.text(&FEEDS).unwrap_or_default();
        let feeds = reader.convert(&FEEDS, parts(&templates, ' ').map(feed).collect());
        let months = reader.number(&MONTHS, 1, 36);
        Some(Self { service_url, pause: pause?, patience: patience?, feeds: feeds?, months: months? })
    }
}

/// Checks the URL of a feed.
fn feed(template: &str) -> Result<String, String> {
    let url: Url =
        template.replace(QUERY, "x").parse().map_err(|_| "it holds a text that is not a URL".to_owned())?;
    let valid = template.contains(QUERY) && matches!(url.scheme(), "http" | "https");
    valid
        .then(|| template.to_owned())
        .ok_or_else(|| format!("a feed is an http or https URL with {QUERY} in it"))
}
