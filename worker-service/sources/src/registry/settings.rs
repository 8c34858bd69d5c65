//! The settings of the source `registry`.

use reqwest::Url;
use secrecy::SecretString;
use service_runtime::{
    config::{Presence, Reader},
    settings,
};

use crate::reader::base_url;

settings! {
    /// The settings of the source `registry`.
    SETTINGS:
    GLEIF_URL = "DOSSIER_REGISTRY_URL", Presence::Optional, "base URL of a GLEIF LEI service; without it and a key for Companies House the source is skipped";
    COMPANIES_HOUSE_KEY = "DOSSIER_COMPANIES_HOUSE_KEY", Presence::Optional, "key for the UK's Companies House, which is queried if the key is set";
    COMPANIES_HOUSE_URL = "DOSSIER_COMPANIES_HOUSE_URL", Presence::Default("https://api.company-information.service.gov.uk/"),
        "base URL of the Companies House Public Data API";
}

/// The settings of the source `registry`.
#[derive(Clone, Debug)]
pub(super) struct RegistrySettings {
    /// The base URL of the GLEIF service.
    pub(super) gleif_url: Option<Url>,
    /// The key for Companies House.
    pub(super) companies_house_key: Option<SecretString>,
    /// The base URL of Companies House.
    pub(super) companies_house_url: Url,
}

impl RegistrySettings {
    /// Reads the settings. Returns `None` if the reader noted an error.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let gleif_url = base_url(reader, &GLEIF_URL);
        let companies_house_key = reader.text(&COMPANIES_HOUSE_KEY).map(SecretString::from);
        let companies_house_url = base_url(reader, &COMPANIES_HOUSE_URL);
        Some(Self { gleif_url, companies_house_key, companies_house_url: companies_house_url? })
    }
}
