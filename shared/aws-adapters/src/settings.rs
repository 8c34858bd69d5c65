//! The settings of the adapters and of the report lifecycle, which both services share.

use std::collections::BTreeMap;

use domain::{
    identity::{InvalidTenant, Tenant},
    lifecycle::Policy,
};
use service_runtime::{
    config::{Presence, Reader},
    settings,
};
use url::Url;

use crate::{bucket_encryption::EncryptionContext, retention::Retention};

settings! {
    /// The settings of the adapters to AWS and of the lifecycle, which both services share.
    AWS_SETTINGS:
    TABLE = "DOSSIER_TABLE", Presence::Default("dossier"), "name of the DynamoDB table of reports";
    ACCESS_TABLE = "DOSSIER_ACCESS_TABLE", Presence::Default("dossier-access"),
        "name of the DynamoDB table of API keys and webhook secrets";
    QUEUE_URL = "DOSSIER_QUEUE_URL", Presence::Required, "URL of the SQS queue of reports";
    WEBHOOK_QUEUE_URL = "DOSSIER_CALLBACK_QUEUE_URL", Presence::Required, "URL of the SQS queue of webhooks";
    BUCKET = "DOSSIER_BUCKET", Presence::Default("dossier-reports"), "name of the S3 bucket";
    KMS_KEY_ID = "DOSSIER_KMS_KEY_ID", Presence::Optional,
        "KMS key that encrypts objects; if not set, S3 uses its own keys (SSE-S3)";
    SECRETS_KMS_KEY_ID = "DOSSIER_SECRETS_KMS_KEY_ID", Presence::Optional,
        "KMS key that seals webhook secrets, DOSSIER_KMS_KEY_ID by default; a multi-Region key lets another Region open them; without either, webhook secrets have the encryption of their table alone";
    ENCRYPTION_CONTEXT = "DOSSIER_ENCRYPTION_CONTEXT", Presence::Default("bucket"),
        "encryption context of objects with DOSSIER_KMS_KEY_ID: bucket (one S3 bucket key for many objects, at the lowest cost) or tenant (each object names its tenant in dossier:tenant, with a request to KMS for each write and read)";
    COPY_BUCKET = "DOSSIER_COPY_BUCKET", Presence::Optional,
        "name or ARN of the bucket in another Region that holds copies of all files, from which erased reports are erased as well";
    COPY_REGION = "DOSSIER_COPY_REGION", Presence::Optional, "Region of that bucket";
    LINK_ENDPOINT = "DOSSIER_LINK_ENDPOINT", Presence::Optional,
        "base URL of S3 in the links for clients, if clients reach S3 under another address than the services, as with an emulator";
    DEADLINE_SECONDS = "DOSSIER_DEADLINE_SECONDS", Presence::Default("21600"),
        "seconds after the submission or resubmission of a report during which transient errors are retried, 0 to 604800; 0 means that nothing is retried";
    QUEUE_WAIT_SECONDS = "DOSSIER_QUEUE_WAIT_SECONDS", Presence::Default("60"),
        "maximum number of seconds that a message stays hidden in the queue while its report waits, 0 to 900; a report that waits longer has no message until its wait is over";
    ATTEMPTS = "DOSSIER_ATTEMPTS", Presence::Optional,
        "deprecated and without effect, because reports are retried until their deadline: use DOSSIER_DEADLINE_SECONDS";
    LEASE_SECONDS = "DOSSIER_LEASE_SECONDS", Presence::Default("60"),
        "seconds without a heartbeat after which another worker may take over a report, 5 to 3600";
    PICKUP_GRACE_SECONDS = "DOSSIER_PICKUP_GRACE_SECONDS", Presence::Default("120"),
        "seconds after which a report that no worker has claimed is checked, and its message is sent again if it was lost, 1 to 3600";
    RETENTION_DAYS = "DOSSIER_RETENTION_DAYS", Presence::Default("90"),
        "days that a report is kept after the last work on it, 1 to 3650; the bucket's lifecycle rules must delete files under reports/ and work/ after the same number of days";
    TENANT_RETENTION_DAYS = "DOSSIER_TENANT_RETENTION_DAYS", Presence::Optional,
        "retention periods of single tenants instead of DOSSIER_RETENTION_DAYS, in days, such as acme=3650,globex=30, each from 1 to DOSSIER_RETENTION_DAYS_MAX; workers erase their reports";
    RETENTION_DAYS_MAX = "DOSSIER_RETENTION_DAYS_MAX", Presence::Default("3650"),
        "longest retention period of a tenant in days, 1 to 36500; the bucket's lifecycle rule for kept/ must delete files after the same number of days";
}

/// The names of the tables that hold API keys and webhook secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTables {
    /// The table of keys and secrets.
    pub current: String,
    /// The table of reports, where version 0.2 keeps them. It is read for those that were not moved yet.
    pub former: String,
}

/// The bucket of copies in another Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyBucket {
    /// Name of the bucket.
    pub name: String,
    /// Its Region.
    pub region: String,
}

/// The names and addresses of the AWS resources, and the lifecycle policy.
#[derive(Clone, Debug)]
pub struct AwsSettings {
    /// Name of the table of reports.
    pub table: String,
    /// Names of the tables of API keys and webhook secrets.
    pub access_tables: AccessTables,
    /// URL of the report queue.
    pub queue_url: String,
    /// URL of the webhook queue.
    pub webhook_queue_url: String,
    /// Name of the bucket.
    pub bucket: String,
    /// The bucket of copies in another Region.
    pub copy_bucket: Option<CopyBucket>,
    /// KMS key that encrypts objects.
    pub kms_key_id: Option<String>,
    /// KMS key that seals webhook secrets.
    pub secrets_key_id: Option<String>,
    /// The encryption context of objects.
    pub encryption_context: EncryptionContext,
    /// Base URL of links to artifacts, if it differs from the services' S3 endpoint.
    pub link_endpoint: Option<String>,
    /// The limits and durations of the lifecycle.
    pub policy: Policy,
    /// How long reports are kept.
    pub retention: Retention,
    /// Names of settings that are set and have no effect.
    pub ignored: Vec<&'static str>,
}

/// Reads the names of the tables of keys and secrets, for commands that need no other setting of AWS.
pub fn access_tables(reader: &mut Reader<'_>) -> Option<AccessTables> {
    let (current, former) = (reader.text(&ACCESS_TABLE), reader.text(&TABLE));
    Some(AccessTables { current: current?, former: former? })
}

/// Reads the KMS key that seals webhook secrets, for commands that need no other setting of AWS.
pub fn secrets_key_id(reader: &mut Reader<'_>) -> Option<String> {
    let otherwise = reader.text(&KMS_KEY_ID);
    reader.text(&SECRETS_KMS_KEY_ID).or(otherwise)
}

/// Reads the bucket of copies. Returns `None` if there is none, or if `reader` recorded an error.
fn copy_bucket(reader: &mut Reader<'_>) -> Option<CopyBucket> {
    match (reader.text(&COPY_BUCKET), reader.text(&COPY_REGION)) {
        (Some(bucket), Some(region)) => {
            // An example of an ARN: arn:aws:s3:::dossier-reports
            let name = bucket.rsplit(':').next().unwrap_or(&bucket).to_owned();
            Some(CopyBucket { name, region })
        }
        (Some(_), None) => {
            reader.fail(&COPY_REGION, format!("is not set, but {} is", COPY_BUCKET.name));
            None
        }
        (None, _) => None,
    }
}

/// Reads the number of days that reports are kept, for commands that need no other setting of AWS.
pub fn retention_days(reader: &mut Reader<'_>) -> Option<u32> {
    u32::try_from(reader.number(&RETENTION_DAYS, 1, 3650)?).ok()
}

/// Reads the number of days after which the bucket deletes files that are kept for longer than the default.
pub fn retention_days_max(reader: &mut Reader<'_>) -> Option<u32> {
    u32::try_from(reader.number(&RETENTION_DAYS_MAX, 1, 36_500)?).ok()
}

fn retention(reader: &mut Reader<'_>) -> Option<Retention> {
    let (days, days_max) = (retention_days(reader), retention_days_max(reader));
    let text = reader.text(&TENANT_RETENTION_DAYS).unwrap_or_default();
    let days_max = days_max?;
    let tenants = reader.convert(&TENANT_RETENTION_DAYS, tenant_days(&text, days_max));
    Some(Retention::from_days(days?).with_tenants(tenants?))
}

/// Parses the retention periods of tenants, such as `acme=3650,globex=30`.
fn tenant_days(text: &str, days_max: u32) -> Result<BTreeMap<Tenant, u32>, String> {
    let mut tenants = BTreeMap::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (tenant, days) = part.split_once('=').ok_or("each part must have the form TENANT=DAYS")?;
        let tenant: Tenant = tenant.trim().parse().map_err(|error: InvalidTenant| error.to_string())?;
        let days: u32 = days.trim().parse().map_err(|_| format!("the days of {tenant} are not a number"))?;
        if days == 0 {
            return Err(format!("the reports of {tenant} must be kept for at least a day"));
        }
        if days > days_max {
            return Err(format!(
                "it gives {tenant} {days} days, but the bucket deletes every file after {days_max}: raise DOSSIER_RETENTION_DAYS_MAX together with the lifecycle rule for kept/"
            ));
        }
        if tenants.insert(tenant.clone(), days).is_some() {
            return Err(format!("it names {tenant} twice"));
        }
    }
    Ok(tenants)
}

impl AwsSettings {
    /// Reads [`AWS_SETTINGS`]. Returns `None` if `reader` recorded an error.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let access_tables = access_tables(reader);
        let queue_url = reader.parse::<Url>(&QUEUE_URL).map(String::from);
        let webhook_queue_url = reader.parse::<Url>(&WEBHOOK_QUEUE_URL).map(String::from);
        let bucket = reader.text(&BUCKET);
        let copy_bucket = copy_bucket(reader);
        let kms_key_id = reader.text(&KMS_KEY_ID);
        let secrets_key_id = secrets_key_id(reader);
        let encryption_context = reader.parse(&ENCRYPTION_CONTEXT);
        if encryption_context == Some(EncryptionContext::Tenant) && kms_key_id.is_none() {
            reader.fail(
                &ENCRYPTION_CONTEXT,
                "is tenant, but only a KMS key has a context: set DOSSIER_KMS_KEY_ID",
            );
        }
        let link_endpoint = reader.parse::<Url>(&LINK_ENDPOINT).map(String::from);
        let deadline = reader.seconds(&DEADLINE_SECONDS, 0, 604_800);
        let queue_wait_max = reader.seconds(&QUEUE_WAIT_SECONDS, 0, 900);
        let lease = reader.seconds(&LEASE_SECONDS, 5, 3600);
        let pickup_grace = reader.seconds(&PICKUP_GRACE_SECONDS, 1, 3600);
        let retention = retention(reader);
        let ignored = reader.text(&ATTEMPTS).map(|_| ATTEMPTS.name);
        let access_tables = access_tables?;
        Some(Self {
            table: access_tables.former.clone(),
            access_tables,
            queue_url: queue_url?,
            webhook_queue_url: webhook_queue_url?,
            bucket: bucket?,
            copy_bucket,
            kms_key_id,
            secrets_key_id,
            encryption_context: encryption_context?,
            link_endpoint,
            policy: Policy {
                deadline: deadline?,
                queue_wait_max: queue_wait_max?,
                lease: lease?,
                pickup_grace: pickup_grace?,
                ..Policy::default()
            },
            retention: retention?,
            ignored: ignored.into_iter().collect(),
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
    fn defaults_apply_where_nothing_is_set() {
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
        let tables = AccessTables { current: "dossier-access".to_owned(), former: "dossier".to_owned() };
        assert_eq!(settings.access_tables, tables);
        assert_eq!(settings.retention, Retention::from_days(90));
        assert_eq!((settings.kms_key_id, settings.secrets_key_id), (None, None));
    }

    #[test]
    fn the_bucket_of_copies_needs_its_region() {
        let read = |pairs: &[(&str, &str)]| {
            let environment = environment(pairs);
            let mut reader = Reader::new(&environment);
            let read = copy_bucket(&mut reader);
            reader.finish(Some(read)).map_err(|error| error.to_string())
        };
        let region = ("DOSSIER_COPY_REGION", "eu-west-1");
        let expected = CopyBucket { name: "copies".to_owned(), region: "eu-west-1".to_owned() };
        for bucket in ["copies", "arn:aws:s3:::copies"] {
            assert_eq!(read(&[("DOSSIER_COPY_BUCKET", bucket), region]), Ok(Some(expected.clone())));
        }
        assert_eq!(read(&[region]), Ok(None));
        let error = read(&[("DOSSIER_COPY_BUCKET", "copies")]).unwrap_err();
        assert!(error.contains("DOSSIER_COPY_REGION"), "{error}");
    }

    #[test]
    fn secrets_have_the_key_of_objects_unless_they_have_their_own() {
        let read = |pairs: &[(&str, &str)]| secrets_key_id(&mut Reader::new(&environment(pairs)));
        let objects = ("DOSSIER_KMS_KEY_ID", "alias/objects");
        assert_eq!(read(&[objects]).as_deref(), Some("alias/objects"));
        let own = ("DOSSIER_SECRETS_KMS_KEY_ID", "alias/secrets");
        assert_eq!(read(&[objects, own]).as_deref(), Some("alias/secrets"));
    }

    #[test]
    fn tenants_have_periods_of_their_own_that_the_bucket_allows() {
        let acme: Tenant = "acme".parse().unwrap();
        let expected = BTreeMap::from([(acme, 3650), ("globex".parse().unwrap(), 30)]);
        assert_eq!(tenant_days(" acme=3650, globex = 30,", 3650), Ok(expected));
        assert_eq!(tenant_days("", 3650), Ok(BTreeMap::new()));
        for (text, error) in [
            ("acme", "TENANT=DAYS"),
            ("Acme=30", "not a tenant name"),
            ("acme=x", "the days of acme"),
            ("acme=0", "at least a day"),
            ("acme=3651", "deletes every file after 3650"),
            ("acme=30,acme=40", "twice"),
        ] {
            let found = tenant_days(text, 3650).unwrap_err();
            assert!(found.contains(error), "{text}: {found}");
        }
    }

    #[test]
    fn all_errors_are_reported_together_without_values() {
        let environment =
            environment(&[("DOSSIER_DEADLINE_SECONDS", "s3cret"), ("DOSSIER_LEASE_SECONDS", "1")]);
        let mut reader = Reader::new(&environment);
        let read = AwsSettings::read(&mut reader);
        let text = reader.finish(read).unwrap_err().to_string();
        for name in [
            "DOSSIER_QUEUE_URL is not set",
            "DOSSIER_DEADLINE_SECONDS cannot be parsed",
            "DOSSIER_LEASE_SECONDS is 1",
        ] {
            assert!(text.contains(name), "{text}");
        }
        assert!(!text.contains("s3cret"));
    }
}
