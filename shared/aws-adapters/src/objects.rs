//! Objects of any bucket, for what is configured as `s3://bucket/key`.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;

use super::{error::AwsError, request::send};

const S3: &str = "S3";

/// Reads objects.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
}

impl Objects {
    /// Reads with `sdk`.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self { client: Client::new(sdk) }
    }

    /// The object `key` of `bucket`.
    ///
    /// # Errors
    /// [`AwsError`] when it cannot be read or has more than `most` bytes.
    pub async fn read(&self, bucket: &str, key: &str, most: usize) -> Result<Vec<u8>, AwsError> {
        const OPERATION: &str = "GetObject";
        let request = self.client.get_object().bucket(bucket).key(key);
        let mut object = send(S3, OPERATION, request.send()).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = object.body.next().await {
            let chunk = chunk.map_err(|error| AwsError::unusable(S3, OPERATION, error))?;
            if bytes.len() + chunk.len() > most {
                return Err(AwsError::unusable(S3, OPERATION, format!("it has more than {most} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}
