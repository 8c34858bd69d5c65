//! All adapters together, built from one configuration.

use std::time::Duration;

use aws_config::SdkConfig;
use domain::{
    lifecycle::{Command, Policy},
    message::ReportMessage,
    report::{Report, Stage},
    time::UtcTime,
};
use service_runtime::clock::Clock;
use telemetry::metrics::{Wait, metrics};

use crate::{
    bucket::Bucket,
    clients,
    error::AwsError,
    keys::Keys,
    queue::Queue,
    quota::{Limits, Quota},
    sealer::Sealer,
    settings::AwsSettings,
    spending::Spending,
    table::{Details, Executed, Table},
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
        let table =
            Table::new(dynamodb.clone(), settings.table.clone(), settings.retention.clone(), clock.clone());
        let spending = Spending::new(dynamodb.clone(), settings.table.clone());
        let keys = Keys::new(dynamodb.clone(), settings.access_tables.clone());
        let sealer = settings.secrets_key_id.clone().map(|key_id| Sealer::new(sdk, key_id));
        let webhook_secrets = WebhookSecrets::new(dynamodb, settings.access_tables.clone(), sealer);
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

    /// Sends the message of the open `report`. If SQS does not accept it, the report waits outside the queue:
    /// it must not seem to have a message, because then nobody would send one until the queue has passed it.
    ///
    /// # Errors
    /// Returns the [`AwsError`] of the queue, or that of the table if it does not confirm the wait.
    pub async fn queue_report(
        &self,
        report: &Report,
        traceparent: Option<String>,
        now: UtcTime,
        policy: &Policy,
    ) -> Result<(), AwsError> {
        let message = ReportMessage::new(report.tenant.clone(), report.id);
        let Err(error) = self.queue.send(&message, traceparent).await else { return Ok(()) };
        self.wait_outside_queue(report, Wait::NotQueued, now, policy).await?;
        Err(error)
    }

    /// Records that the open `report` has no message in the queue, so that the sweeper sends one in about a
    /// minute. The table rejects it if a worker holds the report, or if it has ended.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer.
    pub async fn wait_outside_queue(
        &self,
        report: &Report,
        reason: Wait,
        now: UtcTime,
        policy: &Policy,
    ) -> Result<Executed, AwsError> {
        let delay = policy.queue_wait_max + Duration::from_secs(1);
        let details = Details { progress: Some(Stage::Queued.progress()), ..Details::default() };
        let wait = Command::Wait { delay };
        let executed = self.table.execute(&report.tenant, report.id, &wait, &details, now, policy).await?;
        if matches!(executed, Executed::Done(_)) {
            metrics().report_waits(reason, delay);
        }
        Ok(executed)
    }

    /// Returns the quota of `model` that all workers share, stored in the same table.
    pub fn quota(sdk: &SdkConfig, settings: &AwsSettings, model: String, limits: Limits) -> Quota {
        Quota::new(clients::dynamodb(sdk), settings.table.clone(), model, limits)
    }
}
