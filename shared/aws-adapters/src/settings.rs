//! The settings of the adapters and of the report lifecycle, the same for both services.

use domain::lifecycle::Policy;
use service_runtime::{
    config::{Presence, Reader, Setting},
    settings,
};
use url::Url;

settings! {
    /// The settings of the adapters to AWS and of the lifecycle, the same for both services.
    AWS_SETTINGS:
    TABLE = "DOSSIER_TABLE", Presence::Default("dossier"), "name of the DynamoDB table";
    QUEUE_URL = "DOSSIER_QUEUE_URL", Presence::Required, "URL of the SQS queue of reports";
    CALLBACK_QUEUE_URL = "DOSSIER_CALLBACK_QUEUE_URL", Presence::Required, "URL of the SQS queue of call-backs";
    BUCKET = "DOSSIER_BUCKET", Presence::Default("dossier-reports"), "name of the S3 bucket";
    KMS_KEY_ID = "DOSSIER_KMS_KEY_ID", Presence::Optional, "KMS key that encrypts objects; without it S3's own keys do (SSE-S3)";
    LINK_ENDPOINT = "DOSSIER_LINK_ENDPOINT", Presence::Optional,
        "base URL of S3 in the links that clients get, where clients reach it by another name than the services do, as behind an emulator";
    ATTEMPTS = "DOSSIER_ATTEMPTS", Presence::Default("3"), "attempts that one submission of a report is worth, 1 to 20";
    LEASE_SECONDS = "DOSSIER_LEASE_SECONDS", Presence::Default("60"),
        "seconds after which a report whose worker is silent may be taken over, 5 to 3600";
    PICKUP_GRACE_SECONDS = "DOSSIER_PICKUP_GRACE_SECONDS", Presence::Default("120"),
        "seconds after which a report that no worker took is sent to the queue again, 1 to 3600";
}

/// Where the adapters find what they adapt.
#[derive(Clone, Debug)]
pub struct AwsSettings {
    /// Name of the table.
    pub table: String,
    /// URL of the queue.
    pub queue_url: String,
    /// URL of the queue of call-backs.
    pub callback_queue_url: String,
    /// Name of the bucket.
    pub bucket: String,
    /// Key that encrypts objects.
    pub kms_key_id: Option<String>,
    /// Where links to artifacts lead, if not to where the services reach S3.
    pub link_endpoint: Option<String>,
    /// The numbers of the lifecycle.
    pub policy: Policy,
}

/// The settings of commands that work on the table alone.
pub const TABLE_SETTINGS: &[Setting] = &[TABLE];

/// The name of the table, for commands that work on it alone.
pub fn table(reader: &mut Reader<'_>) -> Option<String> {
    reader.text(&TABLE)
}

impl AwsSettings {
    /// Reads [`AWS_SETTINGS`]; none when `reader` noted an error.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.text(&TABLE);
        let queue_url = reader.parse::<Url>(&QUEUE_URL).map(String::from);
        let callback_queue_url = reader.parse::<Url>(&CALLBACK_QUEUE_URL).map(String::from);
        let bucket = reader.text(&BUCKET);
        let kms_key_id = reader.text(&KMS_KEY_ID);
        let link_endpoint = reader.parse::<Url>(&LINK_ENDPOINT).map(String::from);
        let attempts = reader.number(&ATTEMPTS, 1, 20);
        let lease = reader.seconds(&LEASE_SECONDS, 5, 3600);
        let pickup_grace = reader.seconds(&PICKUP_GRACE_SECONDS, 1, 3600);
        Some(Self {
            table: table?,
            queue_url: queue_url?,
            callback_queue_url: callback_queue_url?,
            bucket: bucket?,
            kms_key_id,
            link_endpoint,
            policy: Policy {
                attempts: u32::try_from(attempts?).ok()?,
                lease: lease?,
                pickup_grace: pickup_grace?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use service_runtime::config::Environment;

    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn defaults_hold_where_nothing_is_set() {
        let environment = environment(&[
            ("DOSSIER_QUEUE_URL", "http://q"),
            ("DOSSIER_CALLBACK_QUEUE_URL", "http://c"),
            ("DOSSIER_TABLE", "  "),
        ]);
        let mut reader = Reader::new(&environment);
        let read = AwsSettings::read(&mut reader);
        let settings = reader.finish(read).unwrap();
        assert_eq!(settings.queue_url, "http://q/");
        assert_eq!((settings.table.as_str(), settings.policy), ("dossier", Policy::default()));
    }

    #[test]
    fn every_mistake_is_reported_at_once_without_its_value() {
        let environment = environment(&[("DOSSIER_ATTEMPTS", "s3cret"), ("DOSSIER_LEASE_SECONDS", "1")]);
        let mut reader = Reader::new(&environment);
        let read = AwsSettings::read(&mut reader);
        let text = reader.finish(read).unwrap_err().to_string();
        for name in
            ["DOSSIER_QUEUE_URL is not set", "DOSSIER_ATTEMPTS cannot be read", "DOSSIER_LEASE_SECONDS is 1"]
        {
            assert!(text.contains(name), "{text}");
        }
        assert!(!text.contains("s3cret"));
    }
}
