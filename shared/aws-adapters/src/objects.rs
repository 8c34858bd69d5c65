//! Objects in any bucket, for settings of the form `s3://bucket/key`.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use domain::time::UtcTime;

use crate::{clients, error::AwsError, request::send};

const S3: &str = "S3";

/// The content of an object.
#[derive(Clone, Debug)]
pub struct Object {
    /// The content.
    pub bytes: Vec<u8>,
    /// When the object was last stored.
    pub last_modified: Option<UtcTime>,
}

/// A reader of S3 objects.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
}

impl Objects {
    /// Creates a reader.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self { client: Client::from_conf(clients::s3(sdk).build()) }
    }

    /// Reads the object `key` of `bucket`.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the object cannot be read or has more than `max_bytes`.
    pub async fn read(&self, bucket: &str, key: &str, max_bytes: usize) -> Result<Object, AwsError> {
        const OPERATION: &str = "GetObject";
        let request = self.client.get_object().bucket(bucket).key(key);
        let mut object = send(S3, OPERATION, request.send()).await?;
        let modified = object.last_modified().and_then(|time| time.to_millis().ok());
        let last_modified = modified.map(UtcTime::from_epoch_millis);
        let mut bytes = Vec::new();
        while let Some(chunk) = object.body.next().await {
            let chunk = chunk.map_err(|error| AwsError::unusable(S3, OPERATION, error))?;
            if bytes.len() + chunk.len() > max_bytes {
                return Err(AwsError::unusable(
                    S3,
                    OPERATION,
                    format!("the object has more than {max_bytes} bytes"),
                ));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Object { bytes, last_modified })
    }
}
