//! The settings of webhooks.

use reqwest::Url;
use service_runtime::{
    config::{Presence, Reader},
    settings,
};

use crate::list::comma_separated;

settings! {
    /// The settings of webhooks.
    WEBHOOK_SETTINGS:
    WEBHOOK_DLQ_URL = "DOSSIER_CALLBACK_DLQ_URL", Presence::Required, "URL of the SQS dead-letter queue of webhooks";
    PRIVATE_HOSTS = "DOSSIER_PRIVATE_CALLBACKS", Presence::Optional,
        "hosts that receive webhooks even if their names resolve to addresses in the private network, separated by commas; all other hosts there are refused";
}

/// The settings of webhooks.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// URL of the dead-letter queue of webhooks.
    pub dlq_url: String,
    /// Hosts in the private network that may receive webhooks.
    pub private_hosts: Vec<String>,
}

impl WebhookSettings {
    /// Reads the settings; errors are collected by `reader`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let dlq_url = reader.parse::<Url>(&WEBHOOK_DLQ_URL).map(String::from);
        let private_hosts = reader.text(&PRIVATE_HOSTS).unwrap_or_default();
        Some(Self { dlq_url: dlq_url?, private_hosts: comma_separated(&private_hosts) })
    }
}
