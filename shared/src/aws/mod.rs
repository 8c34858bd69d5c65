//! The adapters to AWS. The services know nothing else: where the endpoints point is the
//! environment's business (`AWS_ENDPOINT_URL` and its siblings).

pub mod bucket;
pub mod call;
pub mod error;
pub mod queue;
pub mod table;

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

use crate::{
    aws::{bucket::Bucket, queue::Queue, table::Table},
    config::AwsSettings,
};

/// The adapters that both services need, over one configuration and one pool of connections.
#[derive(Clone, Debug)]
pub struct Aws {
    /// Shared by every client, those of a service's own included.
    pub sdk: SdkConfig,
    /// The reports.
    pub table: Table,
    /// What workers are to do.
    pub queue: Queue,
    /// The artifacts.
    pub bucket: Bucket,
}

/// Tries of one request, the first included, where the SDK owns the retry: all of DynamoDB, S3 and
/// SQS. Conditional writes that were applied although their answer was lost are recognised by the
/// table adapter.
const ATTEMPTS: u32 = 3;

impl Aws {
    /// Reads region, credentials and endpoints as every AWS SDK does (environment, container role)
    /// and makes the adapters. Sends nothing except what the credentials' provider needs.
    pub async fn connect(settings: &AwsSettings) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(5))
            .operation_timeout(Duration::from_secs(15))
            .build();
        let sdk = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts)
            .load()
            .await;
        let table = Table::new(aws_sdk_dynamodb::Client::new(&sdk), settings.table.clone());
        let queue = Queue::new(aws_sdk_sqs::Client::new(&sdk), settings.queue_url.clone());
        let bucket =
            Bucket::new(aws_sdk_s3::Client::new(&sdk), settings.bucket.clone(), settings.kms_key_id.clone());
        Self { sdk, table, queue, bucket }
    }
}
