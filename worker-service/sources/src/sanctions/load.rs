//! Fetches the files of a list from a path, by https, or from S3.

use std::time::Duration;

use aws_adapters::{error::AwsError, objects::Objects};
use aws_config::SdkConfig;
use domain::{artifact::sha256_hex, time::UtcTime};
use egress_guard::Guard;
use screening::{
    EntityKind, ListedEntity, ScreenerBuilder,
    lists::{self, Files, List, ListError},
};
use service_runtime::clock::Clock;
use thiserror::Error;

use super::location::Location;
use crate::{
    error::SourceError,
    http::{Answer, Http},
};

/// Maximum size of a file of a list, in bytes. OFAC's advanced XML has about 120 MB.
const FILE_MAX: usize = 512 * 1024 * 1024;

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
    #[error("it could not be prepared: {0}")]
    Prepare(#[from] tokio::task::JoinError),
}

/// A list that was read, and the digest of its main file.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Its name and date, without its entries.
    pub(super) list: List,
    /// Its bodies, of which there is at least one.
    pub(super) bodies: ScreenerBuilder,
    /// Its persons, if it has any.
    pub(super) persons: Vec<ListedEntity>,
    /// SHA-256 of its main file, in hexadecimal.
    pub(super) sha256: String,
    /// When the oldest of its files was last modified, or `None` if that is not known of each of them.
    pub(super) modified: Option<UtcTime>,
}

/// A file of a list.
#[derive(Debug)]
struct File {
    bytes: Vec<u8>,
    /// When it was last modified, if its place knows.
    modified: Option<UtcTime>,
}

/// Returns the content of a file, if there is one.
fn bytes_of(file: &Option<File>) -> Option<&[u8]> {
    file.as_ref().map(|file| file.bytes.as_slice())
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

    /// Fetches and parses the list at `location`. OFAC's lists as CSV consist of several files, which are fetched
    /// together.
    ///
    /// # Errors
    /// Returns [`LoadError`] if a file cannot be fetched or is too large, or if the list cannot be parsed.
    pub(super) async fn list(&self, location: &Location) -> Result<Fetched, LoadError> {
        let main = self.file(location).await?;
        let (other_names, addresses, remarks) = match location.siblings() {
            Some([other_names, addresses, remarks]) => {
                let (other_names, addresses) =
                    tokio::try_join!(self.file(&other_names), self.file(&addresses))?;
                // Without this file, the list is refused if a remark goes on there.
                (Some(other_names), Some(addresses), self.file(&remarks).await.ok())
            }
            None => (None, None, None),
        };
        let files = [Some(&main), other_names.as_ref(), addresses.as_ref(), remarks.as_ref()];
        let dates: Option<Vec<_>> = files.into_iter().flatten().map(|file| file.modified).collect();
        let modified = dates.and_then(|dates| dates.into_iter().min());
        let name = location.file_name();
        let parsed = tokio::task::spawn_blocking(move || {
            let files = Files {
                main: &main.bytes,
                path: &name,
                other_names: bytes_of(&other_names),
                addresses: bytes_of(&addresses),
                remarks: bytes_of(&remarks),
            };
            // The entries are added one by one, so that those of a large list are not in memory next to its file.
            let (mut bodies, mut persons) = (ScreenerBuilder::default(), Vec::new());
            let list = lists::read_each(files, |entry| match entry.kind {
                EntityKind::Organization => bodies.add(&entry),
                EntityKind::Person => persons.push(entry),
            })?;
            if bodies.is_empty() {
                return Err(ListError::no_entry(EntityKind::Organization, persons.len()).into());
            }
            Ok(Fetched { list, bodies, persons, sha256: sha256_hex(&main.bytes), modified })
        });
        parsed.await?
    }

    async fn file(&self, location: &Location) -> Result<File, LoadError> {
        Ok(match location {
            Location::File(path) => {
                let metadata = tokio::fs::metadata(path).await?;
                if metadata.len() > FILE_MAX as u64 {
                    return Err(LoadError::TooLarge);
                }
                let modified = metadata.modified().ok().map(UtcTime::from);
                File { bytes: tokio::fs::read(path).await?, modified }
            }
            // Without TLS, anyone on the network path could remove entries.
            Location::Url(url) if url.scheme() != "https" && !self.guard.is_listed(url) => {
                return Err(LoadError::NotHttps);
            }
            Location::Url(url) => {
                let Answer { bytes, last_modified } =
                    self.http.download(self.http.client().get(url.clone()), FILE_MAX).await?;
                File { bytes, modified: last_modified }
            }
            Location::Object(bucket, key) => {
                let object = self.objects.read(bucket, key, FILE_MAX).await;
                let object = object.map_err(|error| LoadError::Object(Box::new(error)))?;
                File { bytes: object.bytes, modified: object.last_modified }
            }
        })
    }
}
