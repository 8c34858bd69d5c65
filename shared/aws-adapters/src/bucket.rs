//! The private bucket of artifacts and work files.

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::{Builder, retry::RetryConfig},
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::ServerSideEncryption,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::{
    SdkConfig,
    error::{AwsError, chain},
    request::{instrumented, send},
};
use crate::settings::AwsSettings;
use domain::artifact::{ArtifactKind, StoredArtifact};

const S3: &str = "S3";

/// How long a link to an artifact works.
pub const LINK_LIFETIME: Duration = Duration::from_secs(600);

/// The bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    /// Signs links; sends nothing.
    signer: Client,
    name: String,
    kms_key_id: Option<String>,
}

/// The outcome of [`Bucket::put_new`].
#[derive(Debug)]
pub enum Stored {
    /// The bytes are stored now.
    Now,
    /// These bytes were there before, and still are.
    Before(Vec<u8>),
}

impl Bucket {
    /// The bucket that `settings` name, reached as `sdk` says.
    pub fn new(sdk: &SdkConfig, settings: &AwsSettings) -> Self {
        // Hosts named after buckets exist at AWS alone.
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

    /// Stores `bytes` under `key`, over what may be there. S3 checks the SHA-256 on arrival.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known to be stored.
    pub async fn put(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
    ) -> Result<StoredArtifact, AwsError> {
        self.send(key, bytes, content_type, false).await
    }

    async fn send(
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
        let mut changes = Builder::new();
        if only_new {
            changes = changes.retry_config(RetryConfig::disabled());
        }
        send(S3, "PutObject", request.customize().config_override(changes).send()).await?;
        Ok(StoredArtifact { key: key.to_owned(), sha256: hex::encode(sha256), bytes: length })
    }

    /// Stores `bytes` under `key` unless something is there already; then gives that. Tried once:
    /// the caller knows how long it is worth trying again.
    ///
    /// # Errors
    /// [`AwsError`] when neither is known.
    pub async fn put_new(&self, key: &str, bytes: Vec<u8>, content_type: &str) -> Result<Stored, AwsError> {
        match self.send(key, bytes, content_type, true).await {
            Ok(_) => Ok(Stored::Now),
            Err(error) if error.code == "PreconditionFailed" => match self.get(key).await? {
                Some(before) => Ok(Stored::Before(before)),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// What is stored under `key`; none when there is nothing.
    ///
    /// # Errors
    /// [`AwsError`] when it cannot be read.
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
            class: super::error::ErrorClass::Transient,
            ..AwsError::unusable(S3, "GetObject", error)
        })?;
        Ok(Some(bytes.to_vec()))
    }

    /// A link by which anybody can read the artifact for [`LINK_LIFETIME`] from now. Asks nobody:
    /// it is signed here. Secret, because it opens the artifact.
    ///
    /// # Errors
    /// [`AwsError`] when there are no credentials to sign with.
    pub async fn link(&self, key: &str, kind: ArtifactKind) -> Result<SecretString, AwsError> {
        let signing = PresigningConfig::expires_in(LINK_LIFETIME)
            .map_err(|error| AwsError::unusable(S3, "PresignGetObject", error))?;
        // Only the page opens in the browser; everything else is saved.
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
