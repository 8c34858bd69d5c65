//! Fetches the files of a list from a path, by https, or from S3.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use aws_adapters::{error::AwsError, objects::Objects};
use aws_config::SdkConfig;
use domain::artifact::sha256_hex;
use reqwest::Url;
use service_runtime::clock::Clock;
use thiserror::Error;

use crate::{
    evidence::{SourceError, http::Http},
    guard::Guard,
};
use screening::lists::{self, Files, List, ListError};

/// Most bytes of a file of a list: the largest one published has about 50 MB.
const FILE_MAX: usize = 256 * 1024 * 1024;

/// How long a download may take.
const DOWNLOAD: Duration = Duration::from_secs(300);

/// Where a list is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of this machine.
    File(PathBuf),
    /// An address.
    Url(Url),
    /// An object in S3: bucket and key.
    Object(String, String),
}

/// Why a text is no location.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("give a path, an https URL, or s3://bucket/key")]
pub struct InvalidLocation;

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        if let Some(object) = text.strip_prefix("s3://") {
            let (bucket, key) = object
                .split_once('/')
                .filter(|(b, k)| !b.is_empty() && !k.is_empty())
                .ok_or(InvalidLocation)?;
            return Ok(Self::Object(bucket.to_owned(), key.to_owned()));
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return text.parse().map(Self::Url).map_err(|_| InvalidLocation);
        }
        if text.is_empty() || text.contains("://") {
            return Err(InvalidLocation);
        }
        Ok(Self::File(text.into()))
    }
}

/// Addresses may hold keys in their queries, which are left out.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(url) => write!(f, "{}{}", url.host_str().unwrap_or_default(), url.path()),
            Self::Object(bucket, key) => write!(f, "s3://{bucket}/{key}"),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Location {
    /// The name of the file, for a list that has none of its own.
    pub(super) fn file_name(&self) -> String {
        let path = match self {
            Self::File(path) => path.to_string_lossy().into_owned(),
            Self::Url(url) => url.path().to_owned(),
            Self::Object(_, key) => key.clone(),
        };
        path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
    }

    /// Where OFAC's other two files are, if this is its main one.
    fn siblings(&self) -> Option<[Self; 2]> {
        let text = match self {
            Self::File(path) => path.to_str()?.to_owned(),
            Self::Url(url) => url.to_string(),
            Self::Object(bucket, key) => format!("s3://{bucket}/{key}"),
        };
        let [other_names, addresses] = lists::siblings(&text)?;
        Some([other_names.parse().ok()?, addresses.parse().ok()?])
    }
}

/// Why a list could not be loaded.
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
    #[error("it has only {bodies} bodies with {names} names, where it had {had} with {had_names}")]
    Shrunk { bodies: usize, names: usize, had: usize, had_names: usize },
    #[error("it has more than {FILE_MAX} bytes")]
    TooLarge,
    #[error("it is not fetched over https, and DOSSIER_PRIVATE_SOURCES does not name its host")]
    Open,
    #[error("it names no body")]
    Empty,
    #[error("it could not be prepared: {0}")]
    Prepare(#[from] tokio::task::JoinError),
}

/// A list as it was fetched.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) list: List,
    /// SHA-256 of its main file, in hexadecimal.
    pub(super) sha256: String,
}

/// Fetches files.
#[derive(Debug)]
pub(super) struct Fetcher {
    http: Http,
    guard: Guard,
    objects: Objects,
}

impl Fetcher {
    pub(super) fn new(guard: Guard, sdk: &SdkConfig) -> Result<Self, reqwest::Error> {
        let http = Http::for_downloads(DOWNLOAD, guard.clone(), Clock::system())?;
        Ok(Self { http, guard, objects: Objects::new(sdk) })
    }

    /// The list at `location`, with OFAC's other files where it is OFAC's.
    pub(super) async fn list(&self, location: &Location) -> Result<Fetched, LoadError> {
        let main = self.bytes(location).await?;
        let (other_names, addresses) = match location.siblings() {
            Some([other_names, addresses]) => {
                let both = tokio::try_join!(self.bytes(&other_names), self.bytes(&addresses))?;
                (Some(both.0), Some(both.1))
            }
            None => (None, None),
        };
        let read = tokio::task::spawn_blocking(move || {
            let list = lists::read(Files {
                main: &main,
                other_names: other_names.as_deref(),
                addresses: addresses.as_deref(),
            })?;
            Ok(Fetched { list, sha256: sha256_hex(&main) })
        });
        read.await?
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
            // Whoever stands between could clear anybody.
            Location::Url(url) if url.scheme() != "https" && !self.guard.names(url) => {
                return Err(LoadError::Open);
            }
            Location::Url(url) => self.http.bytes(self.http.client().get(url.clone()), FILE_MAX).await?,
            Location::Object(bucket, key) => {
                let object = self.objects.read(bucket, key, FILE_MAX).await;
                object.map_err(|error| LoadError::Object(Box::new(error)))?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_paths_addresses_and_objects() {
        let at = |text: &str| text.parse::<Location>();
        assert!(matches!(at("/lists/SDN.CSV"), Ok(Location::File(_))));
        assert!(matches!(at("https://lists.example/SDN.CSV?token=s3cret"), Ok(Location::Url(_))));
        assert_eq!(at("s3://lists/a/b.csv"), Ok(Location::Object("lists".into(), "a/b.csv".into())));
        for bad in ["", "s3://lists", "s3:///a", "ftp://x/y", "https://"] {
            assert!(at(bad).is_err(), "{bad}");
        }
        assert_eq!(
            at("https://lists.example/SDN.CSV?token=s3cret").unwrap().to_string(),
            "lists.example/SDN.CSV"
        );
    }
}
