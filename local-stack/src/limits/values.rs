//! The limits of AWS, each with the title of its page. All pages were read on 2026-11-28.

use std::time::Duration;

/// Write units per second that one partition serves, and so one partition key ("Designing partition keys to
/// distribute your workload in DynamoDB").
pub(super) const PARTITION_WRITE_UNITS: f64 = 1_000.0;
/// Read units per second that one partition serves, and so one partition key ("Designing partition keys to
/// distribute your workload in DynamoDB").
pub(super) const PARTITION_READ_UNITS: f64 = 3_000.0;
/// Longest time for which DynamoDB keeps unused units for a burst ("DynamoDB burst and adaptive capacity").
/// Bursts "can't alleviate partition-level throttling" ("How do I handle spiky workloads in short intervals in
/// DynamoDB?", AWS re:Post Knowledge Center), so the default is no burst.
pub(crate) const MAX_BURST: Duration = Duration::from_secs(300);
/// Write units per second of a new on-demand table ("DynamoDB on-demand capacity mode", Initial throughput and
/// scaling properties).
pub(super) const TABLE_WRITE_UNITS: f64 = 4_000.0;
/// Read units per second of a new on-demand table ("DynamoDB on-demand capacity mode", Initial throughput and
/// scaling properties).
pub(super) const TABLE_READ_UNITS: f64 = 12_000.0;
/// Factor of the previous peak that an on-demand table serves ("DynamoDB on-demand capacity mode", Initial
/// throughput and scaling properties).
pub(super) const PEAK_FACTOR: f64 = 2.0;
/// Time within which traffic above twice the previous peak may be throttled ("DynamoDB on-demand capacity
/// mode", Initial throughput and scaling properties).
pub(super) const PEAK_WINDOW: Duration = Duration::from_secs(30 * 60);
/// Default quota of read units, and of write units, per second and on-demand table ("Quotas in Amazon
/// DynamoDB", Throughput default quotas).
pub(super) const ACCOUNT_UNITS: f64 = 40_000.0;
/// Maximum size of an item, in bytes ("Quotas in Amazon DynamoDB", Items).
pub(crate) const ITEM_BYTES: u64 = 400 * 1024;
/// Maximum number of writes of BatchWriteItem ("BatchWriteItem", Amazon DynamoDB API Reference).
pub(crate) const BATCH_WRITES: usize = 25;
/// Maximum number of keys of BatchGetItem ("BatchGetItem", Amazon DynamoDB API Reference).
pub(crate) const BATCH_KEYS: usize = 100;
/// Maximum total size of the items of BatchGetItem, in bytes ("BatchGetItem", Amazon DynamoDB API Reference).
pub(crate) const BATCH_READ_BYTES: u64 = 16 * 1024 * 1024;

/// Messages in flight of a standard queue ("Amazon SQS standard queue quotas").
pub(super) const IN_FLIGHT_MESSAGES: u64 = 120_000;
/// Maximum size of a message with its attributes, and of all messages of a batch, in bytes ("Amazon SQS message
/// quotas" and "Amazon SQS batch actions").
pub(crate) const MESSAGE_BYTES: u64 = 1024 * 1024;
/// Maximum number of entries in a batch ("Amazon SQS message quotas").
pub(crate) const BATCH_MESSAGES: usize = 10;
/// Maximum number of attributes of a message ("Amazon SQS message quotas").
pub(crate) const MESSAGE_ATTRIBUTES: usize = 10;
/// Maximum visibility timeout, in seconds: twelve hours ("Amazon SQS message quotas").
pub(crate) const VISIBILITY_SECONDS: i64 = 12 * 60 * 60;
/// Maximum delay of a message, in seconds: fifteen minutes ("Amazon SQS standard queue quotas").
pub(crate) const DELAY_SECONDS: i64 = 900;
/// Maximum wait of a long poll, in seconds ("Amazon SQS standard queue quotas").
pub(crate) const WAIT_SECONDS: i64 = 20;
/// Maximum number of messages of one receive ("ReceiveMessage", Amazon SQS API Reference).
pub(crate) const RECEIVED_MESSAGES: i64 = 10;

/// PUT, COPY, POST and DELETE requests per second and partitioned prefix ("Best practices design patterns:
/// optimizing Amazon S3 performance").
pub(super) const S3_WRITES: f64 = 3_500.0;
/// GET and HEAD requests per second and partitioned prefix ("Best practices design patterns: optimizing Amazon
/// S3 performance").
pub(super) const S3_READS: f64 = 5_500.0;
/// Time of sustained load after which S3 has split a partition. S3 scales gradually and names no time ("Best
/// practices design patterns: optimizing Amazon S3 performance"); 30 minutes is the short end of what AWS
/// engineers state ("How can I scale my request rate to S3, to improve request rate performance?", AWS re:Post
/// Knowledge Center).
pub(super) const S3_SPLIT_AFTER: Duration = Duration::from_secs(30 * 60);

/// Tokens per minute of a model: the default quota of Claude Sonnet 4.5 through a cross-Region inference
/// profile ("Amazon Bedrock endpoints and quotas"). New accounts may have less.
pub(crate) const BEDROCK_TOKENS: u64 = 5_000_000;
/// Number of output tokens that Bedrock reserves for a request without a maximum: that of Claude Sonnet 4.5
/// ("How tokens are counted in Amazon Bedrock" and "Claude Sonnet 4.5", Amazon Bedrock User Guide).
pub(super) const BEDROCK_OUTPUT_TOKENS: u64 = 64_000;
