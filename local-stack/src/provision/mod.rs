//! Creates Dossier's tables, queues and bucket with the settings of the deployment templates, so that local
//! runs and tests use the same infrastructure. Provisioning is idempotent.

mod access_table;
mod bucket;
mod queues;
mod table;

pub use self::bucket::RetentionDays;

use anyhow::Context as _;
use aws_adapters::settings::AccessTables;

/// Names of the resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The table of reports.
    pub table: String,
    /// The table of API keys and webhook secrets.
    pub access_table: String,
    /// The queue of report messages.
    pub queue: String,
    /// The dead-letter queue of `queue`.
    pub dlq: String,
    /// The queue of webhook messages.
    pub callbacks: String,
    /// The dead-letter queue of `callbacks`.
    pub callbacks_dlq: String,
    /// The bucket of artifacts and work in progress.
    pub bucket: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            table: "dossier".to_owned(),
            access_table: "dossier-access".to_owned(),
            queue: "dossier-reports".to_owned(),
            dlq: "dossier-reports-dlq".to_owned(),
            callbacks: "dossier-callbacks".to_owned(),
            callbacks_dlq: "dossier-callbacks-dlq".to_owned(),
            bucket: "dossier-reports".to_owned(),
        }
    }
}

impl Names {
    /// Returns the names of the tables that hold keys and secrets.
    pub fn access_tables(&self) -> AccessTables {
        AccessTables { current: self.access_table.clone(), former: self.table.clone() }
    }
}

/// AWS clients, which carry endpoint, region and credentials.
#[derive(Debug, Clone)]
pub struct AwsClients {
    /// For the tables.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For the queues.
    pub sqs: aws_sdk_sqs::Client,
    /// For the bucket.
    pub s3: aws_sdk_s3::Client,
}

/// URLs of the queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrls {
    /// URL of the report queue.
    pub queue_url: String,
    /// URL of the report queue's dead-letter queue.
    pub dlq_url: String,
    /// URL of the webhook queue.
    pub callback_queue_url: String,
    /// URL of the webhook queue's dead-letter queue.
    pub callback_dlq_url: String,
}

/// Creates missing resources and updates the settings of existing ones. The bucket deletes objects after
/// `days`.
///
/// # Errors
/// Returns an error with the name of the resource if AWS rejects a call.
pub async fn provision(
    clients: &AwsClients,
    names: &Names,
    days: RetentionDays,
) -> anyhow::Result<QueueUrls> {
    let (table, access, queues, callbacks, bucket) = tokio::join!(
        table::provision(&clients.dynamodb, &names.table),
        access_table::provision(&clients.dynamodb, &names.access_table),
        queues::provision(&clients.sqs, &names.queue, &names.dlq),
        queues::provision(&clients.sqs, &names.callbacks, &names.callbacks_dlq),
        bucket::provision(&clients.s3, &names.bucket, days),
    );
    table.with_context(|| format!("the table {} could not be provisioned", names.table))?;
    access.with_context(|| format!("the table {} could not be provisioned", names.access_table))?;
    bucket.with_context(|| format!("the bucket {} could not be provisioned", names.bucket))?;
    let (queue_url, dlq_url) = queues
        .with_context(|| format!("the queues {} and {} could not be provisioned", names.queue, names.dlq))?;
    let (callback_queue_url, callback_dlq_url) = callbacks.with_context(|| {
        format!("the queues {} and {} could not be provisioned", names.callbacks, names.callbacks_dlq)
    })?;
    Ok(QueueUrls { queue_url, dlq_url, callback_queue_url, callback_dlq_url })
}
