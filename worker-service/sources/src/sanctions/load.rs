//! Fetches the files of a list from a path, by https, or from S3.

use std::time::Duration;

use aws_adapters::{error::AwsError, objects::Objects};
use aws_config::SdkConfig;
use domain::artifact::sha256_hex;
use egress_guard::Guard;
use screening::lists::{self, Files, List, ListError};
use service_runtime::clock::Clock;
use thiserror::Error;

use super::location::Location;
use crate::{error::SourceError, http::Http};

/// Maximum size of a file of a list, in bytes. The largest published one has about 50 MB.
const FILE_MAX: usize = 256 * 1024 * 1024;

/// Time limit of a download.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(300);

/// The reason why a list could not be loaded.
#[derive(Debug, Error)]
pub(super) enum LoadError {
    #[error("it cannot be read: {0}")]
    File(#[from] std::io::Error),
    #[error("it could not be fetched: {0}")]
    Fetch(#[from] SourceError),
    #[error("it could not be read from S3: {0}")]
    Object(Box<AwsError>),
    #[error(transparent)]
    List(#[from] ListError),
    #[error(
        "it has only {entries} entries with {names} names, after {previous_entries} with {previous_names}; if that is right, \
         restart the workers"
    )]
    Shrunk { entries: usize, names: usize, previous_entries: usize, previous_names: usize },
    #[error("it has more than {FILE_MAX} bytes")]
    TooLarge,
    #[error(
        "it is not fetched over https; to allow http from its host, add the host to DOSSIER_PRIVATE_SOURCES"
    )]
    NotHttps,
    #[error("it has no entry")]
    Empty,
    #[error("it could not be prepared: {0}")]
    Prepare(#[from] tokio::task::JoinError),
}

/// A list and the digest of its main file.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) list: List,
    /// SHA-256 of its main file, in hexadecimal.
    pub(super) sha256: String,
}

/// A client that fetches the files of lists.
#[derive(Debug)]
pub(super) struct Fetcher {
    http: Http,
    guard: Guard,
    objects: Objects,
}

impl Fetcher {
    /// Creates a fetcher that downloads through `guard` and reads S3 with `sdk`.
    ///
    /// # Errors
    /// Returns an error if the HTTP client cannot be built.
    pub(super) fn new(guard: Guard, sdk: &SdkConfig) -> Result<Self, reqwest::Error> {
        let http = Http::for_downloads(DOWNLOAD_TIMEOUT, guard.clone(), Clock::system())?;
        Ok(Self { http, guard, objects: Objects::new(sdk) })
    }

    /// Fetches and parses the list at `location`. OFAC's list consists of three files, which are fetched
    /// together.
    ///
    /// # Errors
    /// Returns [`LoadError`] if a file cannot be fetched or is too large, or if the list cannot be parsed.
    pub(super) async fn list(&self, location: &Location) -> Result<Fetched, LoadError> {
        let main = self.bytes(location).await?;
        let (other_names, addresses) = match location.siblings() {
            Some([other_names, addresses]) => {
                let (other_names, addresses) =
                    tokio::try_join!(self.bytes(&other_names), self.bytes(&addresses))?;
                (Some(other_names), Some(addresses))
            }
            None => (None, None),
        };
        let parsed = tokio::task::spawn_blocking(move || {
            let list = lists::read(Files {
                main: &main,
                other_names: other_names.as_deref(),
                addresses: addresses.as_deref(),
            })?;
            Ok(Fetched { list, sha256: sha256_hex(&main) })
        });
        parsed.await?
    }

    async fn bytes(&self, location: &Location) -> Result<Vec<u8>, LoadError> {
        Ok(match location {
            Location::File(path) => {
                let bytes = tokio::fs::metadata(path).await?.len();
                if bytes > FILE_MAX as u64 {
                    return Err(LoadError::TooLarge);
                }
                tokio::fs::read(path).await?
            }
            // Without TLS, anyone on the network path could remove entries.
            Location::Url(url) if url.scheme() != "https" && !self.guard.is_listed(url) => {
                return Err(LoadError::NotHttps);
            }
            Location::Url(url) => self.http.bytes(self.http.client().get(url.clone()), FILE_MAX).await?,
            Location::Object(bucket, key) => {
                let object = self.objects.read(bucket, key, FILE_MAX).await;
                object.map_err(|error| LoadError::Object(Box::new(error)))?
            }
        })
    }
}
