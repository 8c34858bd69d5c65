//! The settings of the source `sanctions`.

use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use service_runtime::{
    config::{Presence, Reader, parts},
    settings,
};

use super::location::Location;
use crate::reader::base_url;

settings! {
    /// The settings of the source `sanctions`.
    SETTINGS:
    LISTS = "DOSSIER_SANCTIONS_LISTS", Presence::Optional,
        "lists of sanctions to screen against, separated by commas: paths, https URLs or s3://bucket/key of files in the formats that docs/EVIDENCE.md names, such as OFAC's SDN.CSV with its other files beside it, or of JSON lines";
    REFRESH = "DOSSIER_SANCTIONS_REFRESH_SECONDS", Presence::Default("21600"),
        "interval at which lists of sanctions are loaded again, in seconds, 60 to 604800";
    MAX_AGE = "DOSSIER_SANCTIONS_MAX_AGE_SECONDS", Presence::Default("2592000"),
        "maximum age of a list, in seconds, by the date that it states or else by the date of its file, 3600 to 31536000; the source is stale with an older or undated list";
    SERVICE_URL = "DOSSIER_SANCTIONS_URL", Presence::Optional,
        "base URL of a yente-compatible match service: the alternative to lists, or a second opinion beside them; without either the source is skipped";
    DATASET = "DOSSIER_SANCTIONS_DATASET", Presence::Default("default"), "dataset that the match service searches";
    API_KEY = "DOSSIER_SANCTIONS_API_KEY", Presence::Optional, "key for the match service, sent as Authorization: ApiKey";
}

/// The settings of the source `sanctions`.
#[derive(Clone, Debug)]
pub struct SanctionsSettings {
    /// The locations of the lists.
    pub lists: Vec<Location>,
    /// The interval at which the lists are loaded again.
    pub refresh_interval: Duration,
    /// The age from which on a list is out of date.
    pub max_age: Duration,
    /// The base URL of the match service.
    pub service_url: Option<Url>,
    /// The name of the dataset that the match service searches.
    pub dataset: String,
    /// The key for the match service.
    pub api_key: Option<SecretString>,
}

impl SanctionsSettings {
    /// Reads the settings. Returns `None` if the reader noted an error.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let locations = reader.text(&LISTS).unwrap_or_default();
        let lists = reader.convert(&LISTS, parts(&locations, ',').map(str::parse).collect());
        let refresh_interval = reader.seconds(&REFRESH, 60, 604_800);
        let max_age = reader.seconds(&MAX_AGE, 3600, 31_536_000);
        let service_url = base_url(reader, &SERVICE_URL);
        let dataset = reader.text(&DATASET);
        let api_key = reader.text(&API_KEY).map(SecretString::from);
        Some(Self {
            lists: lists?,
            refresh_interval: refresh_interval?,
            max_age: max_age?,
            service_url,
            dataset: dataset?,
            api_key,
        })
    }
}
