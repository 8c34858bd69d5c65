//! All adapters together, built from one configuration.

use aws_config::SdkConfig;
use domain::{message::ReportMessage, report::Report};
use service_runtime::clock::Clock;

use crate::{
    bucket::Bucket,
    clients,
    keys::Keys,
    queue::Queue,
    quota::{Limits, Quota},
    settings::AwsSettings,
    spending::Spending,
    table::Table,
    webhook_secrets::WebhookSecrets,
};

/// The adapters that both services use. They share one configuration and one connection pool.
#[derive(Clone, Debug)]
pub struct Aws {
    /// The table of reports.
    pub table: Table,
    /// The queue of reports to process.
    pub queue: Queue,
    /// The bucket of artifacts and work files.
    pub bucket: Bucket,
    /// The budgets and usage of tenants.
    pub spending: Spending,
    /// The API keys.
    pub keys: Keys,
    /// The queue of webhooks to deliver.
    pub webhooks: Queue,
    /// The secrets that sign webhooks.
    pub webhook_secrets: WebhookSecrets,
}

impl Aws {
    /// Creates the adapters. `clock` decides which reports have expired, and until when links can be signed.
    /// Sends no request.
    pub fn new(sdk: &SdkConfig, settings: &AwsSettings, clock: &Clock) -> Self {
        let dynamodb = clients::dynamodb(sdk);
        let table = Table::new(dynamodb.clone(), settings.table.clone(), settings.retention, clock.clone());
        let spending = Spending::new(dynamodb.clone(), settings.table.clone());
        let keys = Keys::new(dynamodb.clone(), settings.table.clone());
        let webhook_secrets = WebhookSecrets::new(dynamodb, settings.table.clone());
        let sqs = clients::sqs(sdk);
        let queue = Queue::new(sqs.clone(), settings.queue_url.clone());
        let webhooks = Queue::new(sqs, settings.webhook_queue_url.clone());
        let bucket = Bucket::new(sdk, settings, clock.clone());
        Self { table, queue, bucket, spending, keys, webhooks, webhook_secrets }
    }

    /// Queues the webhook of a report that has just ended, if it has one. An error is only logged, because
    /// the sweeper queues due webhooks again.
    pub async fn queue_webhook(&self, report: &Report, traceparent: Option<String>) {
        if report.webhook.as_ref().is_none_or(|webhook| webhook.due_at.is_none()) {
            return;
        }
        let message = ReportMessage::new(report.tenant.clone(), report.id);
        if let Err(error) = self.webhooks.send(&message, traceparent).await {
            tracing::warn!(report = %report.id, error = %error, "could not queue a webhook; the sweeper will queue it");
        }
    }

    /// Returns the quota of `model` that all workers share, stored in the same table.
    pub fn quota(sdk: &SdkConfig, settings: &AwsSettings, model: String, limits: Limits) -> Quota {
        Quota::new(clients::dynamodb(sdk), settings.table.clone(), model, limits)
    }
}
