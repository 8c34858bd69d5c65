//! The limits of AWS, which `--aws-limits` makes the embedded AWS and the Bedrock stand-in enforce.
//! `values.rs` has every number with its source; docs/LIMITS.md describes the models.

pub(crate) mod bedrock;
mod bucket;
pub(crate) mod dynamodb;
pub(crate) mod s3;
pub(crate) mod sqs;
mod throughput;
pub(crate) mod values;

use std::time::Duration;

use service_runtime::clock::Clock;

use bedrock::BedrockQuotas;
use dynamodb::DynamoDbThrottle;
use s3::S3Throttle;

/// Rates that AWS enforces. The default has the values of AWS; tests lower some of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Write units per second of a partition key.
    pub partition_write_units: f64,
    /// Read units per second of a partition key.
    pub partition_read_units: f64,
    /// Time for which a partition key keeps its unused units. AWS gives no burst beyond a partition's own
    /// throughput, so the default is none.
    pub partition_burst: Duration,
    /// Write units per second of a new table or index.
    pub table_write_units: f64,
    /// Read units per second of a new table or index.
    pub table_read_units: f64,
    /// Messages in flight of a standard queue.
    pub in_flight_messages: u64,
    /// PUT, COPY, POST and DELETE requests per second of a partition of a bucket.
    pub s3_writes: f64,
    /// GET and HEAD requests per second of a partition of a bucket.
    pub s3_reads: f64,
    /// Time after which a partition of a bucket under too much load splits.
    pub s3_split_after: Duration,
    /// Requests per minute of a model; `None` for no limit, as AWS enforces none.
    pub bedrock_requests: Option<u64>,
    /// Tokens per minute of a model.
    pub bedrock_tokens: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            partition_write_units: values::PARTITION_WRITE_UNITS,
            partition_read_units: values::PARTITION_READ_UNITS,
            partition_burst: Duration::ZERO,
            table_write_units: values::TABLE_WRITE_UNITS,
            table_read_units: values::TABLE_READ_UNITS,
            in_flight_messages: values::IN_FLIGHT_MESSAGES,
            s3_writes: values::S3_WRITES,
            s3_reads: values::S3_READS,
            s3_split_after: values::S3_SPLIT_AFTER,
            bedrock_requests: None,
            bedrock_tokens: values::BEDROCK_TOKENS,
        }
    }
}

/// The limits in force, with what was used of them.
#[derive(Debug)]
pub(crate) struct Enforced {
    pub(crate) dynamodb: DynamoDbThrottle,
    pub(crate) s3: S3Throttle,
    pub(crate) bedrock: BedrockQuotas,
    pub(crate) in_flight_messages: u64,
}

impl Enforced {
    /// Returns `limits` with nothing used of them yet. They take the time from `clock`.
    pub(crate) fn new(limits: &Limits, clock: &Clock) -> Self {
        Self {
            dynamodb: DynamoDbThrottle::new(limits, clock.clone()),
            s3: S3Throttle::new(limits, clock.clone()),
            bedrock: BedrockQuotas::new(limits, clock.clone()),
            in_flight_messages: limits.in_flight_messages,
        }
    }
}
