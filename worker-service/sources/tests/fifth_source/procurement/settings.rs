//! The settings of the source `procurement`.

use reqwest::Url;
use service_runtime::{
    config::{Presence, Reader},
    settings,
};
use sources::base_url;

settings! {
    /// The settings of the source `procurement`.
    SETTINGS:
    URL = "DOSSIER_PROCUREMENT_URL", Presence::Optional,
        "base URL of the register of exclusions from procurement; without it the source is skipped";
}

/// The settings of the source `procurement`.
#[derive(Clone, Debug)]
pub(super) struct ProcurementSettings {
    /// The base URL of the register.
    pub(super) url: Option<Url>,
}

impl ProcurementSettings {
    /// Reads the settings.
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { url: base_url(reader, &URL) }
    }
}
