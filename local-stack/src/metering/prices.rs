//! On-demand prices in us-east-1, in US dollars, without free tiers and volume discounts. Prices of models are
//! those of the worker's catalogue.

/// Date on which the prices were read.
pub(super) const PRICES_AS_OF: &str = "2026-11-28";
/// Region of the prices.
pub(super) const PRICES_REGION: &str = "us-east-1";

/// Price of a write request unit of a standard table ("Pricing for On-Demand Capacity", Amazon DynamoDB
/// pricing).
pub(super) const DYNAMODB_WRITE_UNIT: f64 = 0.625e-6;
/// Price of a read request unit of a standard table ("Pricing for On-Demand Capacity", Amazon DynamoDB
/// pricing).
pub(super) const DYNAMODB_READ_UNIT: f64 = 0.125e-6;

/// Price of a request to a standard queue ("Amazon SQS pricing").
pub(super) const SQS_REQUEST: f64 = 0.40e-6;
/// Additional price of a request that sends messages with a message group to a standard queue, which makes it a
/// fair queue ("Amazon SQS pricing").
pub(super) const SQS_FAIR_REQUEST: f64 = 0.10e-6;

/// Price of a PUT, COPY, POST or LIST request to S3 Standard ("Amazon S3 pricing").
pub(super) const S3_WRITE_REQUEST: f64 = 0.005e-3;
/// Price of a GET or any other request to S3 Standard ("Amazon S3 pricing"). DELETE requests are free.
pub(super) const S3_READ_REQUEST: f64 = 0.0004e-3;

/// Price of a text unit of a contextual grounding check ("Amazon Bedrock pricing", Guardrails).
pub(super) const GROUNDING_UNIT: f64 = 0.1e-3;

/// Model whose price applies to models that Bedrock does not have, such as the stand-in's own.
pub(super) const REFERENCE_MODEL: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
