//! The adapters to AWS: DynamoDB, SQS, S3 and KMS.
//!
//! The services use AWS only through this crate, except for Bedrock. Endpoints come from the environment
//! (`AWS_ENDPOINT_URL` and its variants for single services), as in every AWS SDK.

mod adapters;
pub mod answer_schemas;
mod batcher;
pub mod bucket;
mod bucket_encryption;
mod bucket_erasure;
mod bucket_hold;
mod bucket_versions;
mod clients;
mod credentials;
pub mod dead_letters;
mod dynamodb;
pub mod error;
pub mod keys;
pub mod objects;
pub mod queue;
pub mod quota;
pub mod request;
pub mod retention;
mod sdk;
pub mod sealer;
pub mod settings;
pub mod spending;
pub mod table;
pub mod turns;
pub mod webhook_secrets;

pub use self::{
    adapters::Aws,
    bucket_encryption::EncryptionContext,
    sdk::{SdkConfig, SdkError, load_sdk_config, sdk_config_loader},
};
