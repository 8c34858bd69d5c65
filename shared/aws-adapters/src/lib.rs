//! The adapters to AWS. The services know nothing else: where the endpoints point is the
//! environment's business (`AWS_ENDPOINT_URL` and its siblings).

pub mod bucket;
mod dynamodb;
pub mod error;
pub mod keys;
pub mod objects;
pub mod queue;
pub mod quota;
pub mod request;
pub mod settings;
pub mod spending;
pub mod table;
pub mod webhook_secrets;

use std::time::Duration;

pub use aws_config::SdkConfig;
use aws_config::{BehaviorVersion, ConfigLoader, retry::RetryConfig, timeout::TimeoutConfig};

use aws_credential_types::provider::ProvideCredentials;
use thiserror::Error;

use crate::settings::AwsSettings;
use crate::{
    bucket::Bucket,
    keys::Keys,
    queue::Queue,
    quota::{Limits, Quota},
    spending::Spending,
    table::Table,
    webhook_secrets::WebhookSecrets,
};
use domain::{message::ReportMessage, report::Report};

/// The adapters that both services need, over one configuration and one pool of connections.
#[derive(Clone, Debug)]
pub struct Aws {
    /// The reports.
    pub table: Table,
    /// What workers are to do.
    pub queue: Queue,
    /// The artifacts.
    pub bucket: Bucket,
    /// What tenants spend on the model.
    pub spending: Spending,
    /// Who may call the API.
    pub keys: Keys,
    /// Reports that have ended, of which word is to be sent.
    pub callbacks: Queue,
    /// What call-backs are signed with.
    pub webhook_secrets: WebhookSecrets,
}

/// Tries of one request, the first included, where the SDK owns the retry: all of DynamoDB, S3 and
/// SQS. Conditional writes that were applied although their answer was lost are recognised by the
/// table adapter.
const ATTEMPTS: u32 = 3;

/// How every request to AWS is sent: region, credentials and endpoints as every AWS SDK reads them
/// (environment, container role), with our time-outs and tries.
pub fn sdk_config_loader() -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(15))
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts)
}

/// Why requests to AWS cannot be sent.
#[derive(Debug, Error)]
pub enum SdkError {
    /// No region is configured.
    #[error("no AWS region is configured: set AWS_REGION")]
    Region,
    /// There are no credentials.
    #[error(
        "no AWS credentials can be had: give the task a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ({0})"
    )]
    Credentials(String),
}

/// [`sdk_config_loader`]'s configuration, once it is known that there are a region and credentials:
/// a service that lacks them does not start, instead of failing at its first request.
///
/// # Errors
/// [`SdkError`] names what lacks.
pub async fn load_sdk_config() -> Result<SdkConfig, SdkError> {
    let sdk = sdk_config_loader().load().await;
    if sdk.region().is_none() {
        return Err(SdkError::Region);
    }
    let none = || SdkError::Credentials("no provider".to_owned());
    let provider = sdk.credentials_provider().ok_or_else(none)?;
    let given = provider.provide_credentials().await;
    given.map_err(|error| SdkError::Credentials(error::chain(&error)))?;
    Ok(sdk)
}

impl Aws {
    /// Makes the adapters over `sdk`. Sends nothing.
    pub fn new(sdk: &SdkConfig, settings: &AwsSettings) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
        let table = Table::new(dynamodb.clone(), settings.table.clone());
        let spending = Spending::new(dynamodb.clone(), settings.table.clone());
        let keys = Keys::new(dynamodb.clone(), settings.table.clone());
        let webhook_secrets = WebhookSecrets::new(dynamodb, settings.table.clone());
        let sqs = aws_sdk_sqs::Client::new(sdk);
        let queue = Queue::new(sqs.clone(), settings.queue_url.clone());
        let callbacks = Queue::new(sqs, settings.callback_queue_url.clone());
        let bucket = Bucket::new(sdk, settings);
        Self { table, queue, bucket, spending, keys, callbacks, webhook_secrets }
    }

    /// Queues the call-back of a report that has just ended, if it has one. A failure here loses nothing: the sweeper finds
    /// it and queues it again.
    pub async fn call_back(&self, report: &Report, traceparent: Option<String>) {
        if report.callback.as_ref().is_none_or(|callback| callback.due_at.is_none()) {
            return;
        }
        let message = ReportMessage::new(report.tenant.clone(), report.id);
        if let Err(error) = self.callbacks.send(&message, traceparent).await {
            tracing::warn!(report = %report.id, error = %error, "a call-back is recorded but not queued; the sweeper will queue it");
        }
    }

    /// The shared view of what `model` allows, in the same table.
    pub fn quota(sdk: &SdkConfig, settings: &AwsSettings, model: String, limits: Limits) -> Quota {
        Quota::new(aws_sdk_dynamodb::Client::new(sdk), settings.table.clone(), model, limits)
    }
}
