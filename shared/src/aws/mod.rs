//! The adapters to AWS. The services know nothing else: where the endpoints point is the
//! environment's business (`AWS_ENDPOINT_URL` and its siblings).

pub mod bucket;
pub mod call;
pub mod error;
pub mod queue;
pub mod table;

use std::time::Duration;

pub use aws_config::SdkConfig;
use aws_config::{BehaviorVersion, ConfigLoader, retry::RetryConfig, timeout::TimeoutConfig};

use crate::{
    aws::{bucket::Bucket, queue::Queue, table::Table},
    config::AwsSettings,
};

/// The adapters that both services need, over one configuration and one pool of connections.
#[derive(Clone, Debug)]
pub struct Aws {
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

impl Aws {
    /// Makes the adapters over `sdk`. Sends nothing.
    pub fn new(sdk: &SdkConfig, settings: &AwsSettings) -> Self {
        let table = Table::new(aws_sdk_dynamodb::Client::new(sdk), settings.table.clone());
        let queue = Queue::new(aws_sdk_sqs::Client::new(sdk), settings.queue_url.clone());
        let bucket =
            Bucket::new(aws_sdk_s3::Client::new(sdk), settings.bucket.clone(), settings.kms_key_id.clone());
        Self { table, queue, bucket }
    }
}
