//! The location of a sanctions list: a path, a URL, or an object in S3.

use std::{fmt, path::PathBuf, str::FromStr};

use reqwest::Url;
use screening::lists::{self, Siblings};
use thiserror::Error;

/// The location of a list.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file.
    File(PathBuf),
    /// A URL.
    Url(Url),
    /// An object in S3: bucket and key.
    Object(String, String),
}

/// An error: the text is not a location.
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

/// Shows the location without the query of a URL, which may hold a key.
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
    /// Returns the file name, which stands for the list's name if the list does not state one.
    pub(super) fn file_name(&self) -> String {
        let path = match self {
            Self::File(path) => path.to_string_lossy().into_owned(),
            Self::Url(url) => url.path().to_owned(),
            Self::Object(_, key) => key.clone(),
        };
        path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
    }

    /// Returns the locations of the other files of a list of OFAC: other names, addresses and long remarks. Returns
    /// `None` if this is not the main file of one.
    pub(super) fn siblings(&self) -> Option<[Self; 3]> {
        let text = match self {
            Self::File(path) => path.to_str()?.to_owned(),
            Self::Url(url) => url.to_string(),
            Self::Object(bucket, key) => format!("s3://{bucket}/{key}"),
        };
        let Siblings { other_names, addresses, remarks } = lists::siblings(&text)?;
        Some([other_names.parse().ok()?, addresses.parse().ok()?, remarks.parse().ok()?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_paths_urls_and_objects() {
        let parse = |text: &str| text.parse::<Location>();
        assert!(matches!(parse("/lists/SDN.CSV"), Ok(Location::File(_))));
        assert!(matches!(parse("https://lists.example/SDN.CSV?token=s3cret"), Ok(Location::Url(_))));
        assert_eq!(parse("s3://lists/a/b.csv"), Ok(Location::Object("lists".into(), "a/b.csv".into())));
        for invalid in ["", "s3://lists", "s3:///a", "ftp://x/y", "https://"] {
            assert!(parse(invalid).is_err(), "{invalid}");
        }
        assert_eq!(
            parse("https://lists.example/SDN.CSV?token=s3cret").unwrap().to_string(),
            "lists.example/SDN.CSV"
        );
    }
}
