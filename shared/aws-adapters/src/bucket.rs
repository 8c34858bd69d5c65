//! The private bucket of artifacts and work files.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::{
    Client,
    config::{Builder, retry::RetryConfig},
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::ServerSideEncryption,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::artifact::{ArtifactKind, StoredArtifact};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::{
    error::{AwsError, ErrorClass, chain},
    request::{instrumented, send},
    settings::AwsSettings,
};

const S3: &str = "S3";

/// Lifetime of a signed link to an artifact.
pub const LINK_LIFETIME: Duration = Duration::from_secs(600);

/// The bucket of artifacts and work files.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    /// Signs links with the endpoint that clients use. Sends no requests.
    signer: Client,
    name: String,
    kms_key_id: Option<String>,
}

/// The outcome of [`Bucket::put_new`].
#[derive(Debug)]
pub enum Stored {
    /// The bytes were stored.
    Now,
    /// An object existed already and was kept; these are its bytes.
    Before(Vec<u8>),
}

impl Bucket {
    /// Returns the bucket that `settings` name.
    pub fn new(sdk: &SdkConfig, settings: &AwsSettings) -> Self {
        // Host names that contain the bucket resolve only on AWS itself. Other endpoints need the bucket in
        // the path.
        let client =
            Client::from_conf(Builder::from(sdk).force_path_style(sdk.endpoint_url().is_some()).build());
        let signer = settings.link_endpoint.as_ref().map_or_else(
            || client.clone(),
            |endpoint| {
                Client::from_conf(Builder::from(sdk).endpoint_url(endpoint).force_path_style(true).build())
            },
        );
        Self { client, signer, name: settings.bucket.clone(), kms_key_id: settings.kms_key_id.clone() }
    }

    /// Stores `bytes` under `key`, replacing an existing object. S3 verifies the SHA-256 on receipt.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the object is stored.
    pub async fn put(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
    ) -> Result<StoredArtifact, AwsError> {
        self.put_object(key, bytes, content_type, false).await
    }

    async fn put_object(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
        only_new: bool,
    ) -> Result<StoredArtifact, AwsError> {
        let sha256 = Sha256::digest(&bytes);
        let length = bytes.len() as u64;
        let encryption = match self.kms_key_id {
            Some(_) => ServerSideEncryption::AwsKms,
            None => ServerSideEncryption::Aes256,
        };
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .server_side_encryption(encryption)
            .set_ssekms_key_id(self.kms_key_id.clone())
            .set_if_none_match(only_new.then(|| "*".to_owned()))
            .checksum_sha256(STANDARD.encode(sha256))
            .body(ByteStream::from(bytes));
        let mut overrides = Builder::new();
        if only_new {
            overrides = overrides.retry_config(RetryConfig::disabled());
        }
        send(S3, "PutObject", request.customize().config_override(overrides).send()).await?;
        Ok(StoredArtifact { key: key.to_owned(), sha256: hex::encode(sha256), bytes: length })
    }

    /// Stores `bytes` under `key`, or returns the existing object if there is one. The request is sent
    /// without retries, because the caller knows for how long a retry is useful.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the object is stored, or the existing one cannot be
    /// read.
    pub async fn put_new(&self, key: &str, bytes: Vec<u8>, content_type: &str) -> Result<Stored, AwsError> {
        match self.put_object(key, bytes, content_type, true).await {
            Ok(_) => Ok(Stored::Now),
            Err(error) if error.code == "PreconditionFailed" => match self.get(key).await? {
                Some(existing) => Ok(Stored::Before(existing)),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Reads the object `key`. Returns `None` if it does not exist.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the object cannot be read.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, AwsError> {
        let request = self.client.get_object().bucket(&self.name).key(key);
        let answer = match instrumented(S3, "GetObject", request.send()).await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => {
                return Ok(None);
            }
            Err(error) => return Err(AwsError::from_sdk(S3, "GetObject", &error)),
        };
        let body = answer.body.collect().await;
        let bytes = body.map_err(|error| AwsError {
            class: ErrorClass::Transient,
            ..AwsError::unusable(S3, "GetObject", error)
        })?;
        Ok(Some(bytes.to_vec()))
    }

    /// Returns a signed link with which anybody can read the artifact for [`LINK_LIFETIME`]. The link is
    /// secret, because it grants access. No request is sent.
    ///
    /// # Errors
    /// Returns [`AwsError`] if there are no credentials to sign with.
    pub async fn link(&self, key: &str, kind: ArtifactKind) -> Result<SecretString, AwsError> {
        let signing = PresigningConfig::expires_in(LINK_LIFETIME)
            .map_err(|error| AwsError::unusable(S3, "PresignGetObject", error))?;
        // Only the web page opens in the browser; all other files are downloaded.
        let disposition = match kind {
            ArtifactKind::Html => "inline",
            _ => "attachment",
        };
        let request = self
            .signer
            .get_object()
            .bucket(&self.name)
            .key(key)
            .response_content_type(kind.content_type())
            .response_content_disposition(format!("{disposition}; filename=\"{}\"", kind.file_name()))
            .presigned(signing)
            .await
            .map_err(|error| AwsError::unusable(S3, "PresignGetObject", chain(&error)))?;
        Ok(SecretString::from(request.uri().to_owned()))
    }
}
