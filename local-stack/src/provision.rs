//! Makes the table, the queues and the bucket of Dossier as the deployment templates do, so that local runs and tests
//! work on the same shapes. Running it again on the same account changes nothing.

mod bucket;
mod queues;
mod table;

use anyhow::Context as _;

/// The names of what is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The table of reports.
    pub table: String,
    /// The queue of reports to be written.
    pub queue: String,
    /// Its dead-letter queue.
    pub dlq: String,
    /// The queue of call-backs.
    pub callbacks: String,
    /// Its dead-letter queue.
    pub callbacks_dlq: String,
    /// The bucket of artifacts and work in progress.
    pub bucket: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            table: "dossier".to_owned(),
            queue: "dossier-reports".to_owned(),
            dlq: "dossier-reports-dlq".to_owned(),
            callbacks: "dossier-callbacks".to_owned(),
            callbacks_dlq: "dossier-callbacks-dlq".to_owned(),
            bucket: "dossier-reports".to_owned(),
        }
    }
}

/// The clients to make it with; they carry endpoint, region and credentials.
#[derive(Debug, Clone)]
pub struct Clients {
    /// For the table.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For the queues.
    pub sqs: aws_sdk_sqs::Client,
    /// For the bucket.
    pub s3: aws_sdk_s3::Client,
}

/// Where the queues are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// URL of the queue.
    pub queue_url: String,
    /// URL of the dead-letter queue.
    pub dlq_url: String,
    /// URL of the queue of call-backs.
    pub callback_queue_url: String,
    /// URL of its dead-letter queue.
    pub callback_dlq_url: String,
}

/// Makes what is missing and brings settings up to date.
///
/// # Errors
/// When AWS refuses a call, with the name of the thing that could not be made.
pub async fn provision(clients: &Clients, names: &Names) -> anyhow::Result<Provisioned> {
    let (table, queues, callbacks, bucket) = tokio::join!(
        table::provision(&clients.dynamodb, &names.table),
        queues::provision(&clients.sqs, &names.queue, &names.dlq),
        queues::provision(&clients.sqs, &names.callbacks, &names.callbacks_dlq),
        bucket::provision(&clients.s3, &names.bucket),
    );
    table.with_context(|| format!("the table {} could not be provisioned", names.table))?;
    bucket.with_context(|| format!("the bucket {} could not be provisioned", names.bucket))?;
    let (queue_url, dlq_url) = queues
        .with_context(|| format!("the queues {} and {} could not be provisioned", names.queue, names.dlq))?;
    let (callback_queue_url, callback_dlq_url) = callbacks.with_context(|| {
        format!("the queues {} and {} could not be provisioned", names.callbacks, names.callbacks_dlq)
    })?;
    Ok(Provisioned { queue_url, dlq_url, callback_queue_url, callback_dlq_url })
}
