//! The private bucket of artifacts and work files.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_s3::{
    Client,
    config::{Builder, Credentials, IdentityCache, Region, SharedCredentialsProvider, retry::RetryConfig},
    presigning::PresigningConfig,
    primitives::ByteStream,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    artifact::{ArtifactKind, StoredArtifact},
    time::UtcTime,
};
use secrecy::SecretString;
use service_runtime::clock::Clock;
use sha2::{Digest, Sha256};

use crate::{
    bucket_encryption::ObjectEncryption,
    clients,
    credentials::{system_time, time_left},
    error::{AwsError, ErrorClass, chain},
    request::{instrumented, send},
    settings::AwsSettings,
};

pub(crate) const S3: &str = "S3";

/// Name of the signing of a link, for errors.
const PRESIGN: &str = "PresignGetObject";

/// Lifetime of a signed link to an artifact, unless the credentials that sign it end earlier.
pub const LINK_LIFETIME: Duration = Duration::from_secs(600);

/// How long before the end of its credentials a link ends, so that a difference between the clocks of the
/// service and of S3 does not matter.
const CREDENTIALS_MARGIN: Duration = Duration::from_secs(2);

/// The bucket of artifacts and work files.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub(crate) client: Client,
    /// Signs links with the endpoint that clients use. Sends no requests.
    signer: Client,
    /// The credentials that sign links.
    credentials: Option<SharedCredentialsProvider>,
    clock: Clock,
    pub(crate) name: String,
    /// A client of another Region, and the name of the bucket there that holds copies.
    pub(crate) copies: Option<(Client, String)>,
    pub(crate) encryption: ObjectEncryption,
}

/// Signs links to artifacts with the same credentials and until the same time.
#[derive(Debug)]
pub struct LinkSigner<'a> {
    bucket: &'a Bucket,
    credentials: Credentials,
    signed_at: UtcTime,
    lifetime: Duration,
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
    pub fn new(sdk: &SdkConfig, settings: &AwsSettings, clock: Clock) -> Self {
        // Host names that contain the bucket resolve only on AWS itself. Other endpoints need the bucket in
        // the path.
        let client =
            Client::from_conf(clients::s3(sdk).force_path_style(sdk.endpoint_url().is_some()).build());
        let mut signer = Builder::from(sdk).force_path_style(sdk.endpoint_url().is_some());
        if let Some(endpoint) = &settings.link_endpoint {
            signer = signer.endpoint_url(endpoint).force_path_style(true);
        }
        let copies = settings.copy_bucket.as_ref().map(|copies| {
            let builder = clients::s3(sdk).force_path_style(sdk.endpoint_url().is_some());
            let client = Client::from_conf(builder.region(Region::new(copies.region.clone())).build());
            (client, copies.name.clone())
        });
        // Links are signed with the credentials of their `LinkSigner`.
        let signer = Client::from_conf(signer.identity_cache(IdentityCache::no_cache()).build());
        Self {
            client,
            signer,
            credentials: sdk.credentials_provider(),
            clock,
            name: settings.bucket.clone(),
            copies,
            encryption: ObjectEncryption {
                kms_key_id: settings.kms_key_id.clone(),
                context: settings.encryption_context,
            },
        }
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
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .server_side_encryption(self.encryption.algorithm())
            .set_ssekms_key_id(self.encryption.kms_key_id.clone())
            .set_ssekms_encryption_context(self.encryption.context_of(key))
            .set_bucket_key_enabled(self.encryption.bucket_key())
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

    /// Returns a signer of links that are valid for [`LINK_LIFETIME`], or until shortly before the end of the
    /// credentials if that is earlier.
    ///
    /// # Errors
    /// Returns [`AwsError`] if there are no credentials to sign with, or if they end within seconds.
    pub async fn link_signer(&self) -> Result<LinkSigner<'_>, AwsError> {
        let no_credentials = |detail: String| AwsError {
            class: ErrorClass::Transient,
            ..AwsError::unusable(S3, PRESIGN, detail)
        };
        let provider = self.credentials.as_ref();
        let provider =
            provider.ok_or_else(|| no_credentials("there is no credentials provider".to_owned()))?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| no_credentials(chain(&error)))?;
        let signed_at = self.clock.now();
        let valid = time_left(&credentials, signed_at)
            .map_or(LINK_LIFETIME, |left| left.saturating_sub(CREDENTIALS_MARGIN).min(LINK_LIFETIME));
        // Links have a resolution of one second.
        match Duration::from_secs(valid.as_secs()) {
            Duration::ZERO => Err(no_credentials("the credentials end within seconds".to_owned())),
            lifetime => Ok(LinkSigner { bucket: self, credentials, signed_at, lifetime }),
        }
    }
}

impl LinkSigner<'_> {
    /// Returns when the links expire.
    pub fn expires_at(&self) -> UtcTime {
        self.signed_at.plus(self.lifetime)
    }

    /// Returns a signed link with which anybody can read the artifact until [`Self::expires_at`]. The link is
    /// secret, because it grants access. No request is sent.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the link cannot be signed.
    pub async fn link(&self, key: &str, kind: ArtifactKind) -> Result<SecretString, AwsError> {
        let signing = PresigningConfig::builder()
            .start_time(system_time(self.signed_at))
            .expires_in(self.lifetime)
            .build()
            .map_err(|error| AwsError::unusable(S3, PRESIGN, error))?;
        // Only the web page opens in the browser; all other files are downloaded.
        let disposition = match kind {
            ArtifactKind::Html => "inline",
            _ => "attachment",
        };
        let signer = Builder::new().credentials_provider(self.credentials.clone());
        let request = self
            .bucket
            .signer
            .get_object()
            .bucket(&self.bucket.name)
            .key(key)
            .response_content_type(kind.content_type())
            .response_content_disposition(format!("{disposition}; filename=\"{}\"", kind.file_name()))
            .customize()
            .config_override(signer)
            .presigned(signing)
            .await
            .map_err(|error| AwsError::unusable(S3, PRESIGN, chain(&error)))?;
        Ok(SecretString::from(request.uri().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use service_runtime::config::{Environment, Reader};

    use super::*;

    fn at(seconds: u64) -> UtcTime {
        UtcTime::from_epoch_millis(1_767_614_400_000).plus(Duration::from_secs(seconds))
    }

    /// Returns a bucket whose credentials end `left` seconds after the time of its clock; `None` if they do not
    /// end.
    fn bucket(left: Option<u64>) -> Bucket {
        let pairs = [("DOSSIER_QUEUE_URL", "http://q"), ("DOSSIER_CALLBACK_QUEUE_URL", "http://c")];
        let environment: Environment =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut reader = Reader::new(&environment);
        let settings = AwsSettings::read(&mut reader);
        let end = left.map(|left| system_time(at(left)));
        let keys = Credentials::new("id", "secret", Some("token".to_owned()), end, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .build();
        Bucket::new(&sdk, &reader.finish(settings).unwrap(), Clock::fixed(at(0)))
    }

    /// Returns the number of seconds that links promise, and the number that their signature is valid.
    async fn promised(left: Option<u64>) -> Option<(u64, String)> {
        let bucket = bucket(left);
        let signer = bucket.link_signer().await.ok()?;
        let link = signer.link("reports/a/b/1/report.pdf", ArtifactKind::Pdf).await.unwrap();
        let link: url::Url = link.expose_secret().parse().unwrap();
        let parameter =
            |name: &str| link.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
        assert_eq!(parameter("X-Amz-Date"), "20260105T120000Z");
        assert_eq!(parameter("X-Amz-Security-Token"), "token");
        Some((signer.expires_at().since(at(0)).as_secs(), parameter("X-Amz-Expires")))
    }

    #[tokio::test]
    async fn a_link_ends_before_the_credentials_that_signed_it() {
        for (left, promised_seconds) in
            [(None, 600), (Some(3_600), 600), (Some(602), 600), (Some(601), 599), (Some(8), 6), (Some(3), 1)]
        {
            let expected = Some((promised_seconds, promised_seconds.to_string()));
            assert_eq!(promised(left).await, expected, "credentials of {left:?} seconds");
        }
        for left in [2, 0] {
            assert_eq!(promised(Some(left)).await, None, "credentials of {left} seconds sign nothing");
        }
    }
}
