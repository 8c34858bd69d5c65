//! Cross-origin requests: which pages of other origins may call the API from a browser (Fetch standard, "CORS
//! protocol").

use std::{str::FromStr, time::Duration};

use axum::http::{HeaderName, HeaderValue, Method, header};
use service_runtime::{
    config::{Presence, Reader},
    settings,
};
use thiserror::Error;
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

settings! {
    /// The settings of cross-origin requests.
    CORS_SETTINGS:
    ORIGINS = "DOSSIER_CORS_ORIGINS", Presence::Optional,
        "other origins whose pages may call the API from a browser, separated by commas, such as https://app.example.com";
}

/// How long browsers may cache the answer to a preflight request.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Origins such as `https://app.example.com`. If there are none, only the API's own page may call it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(Vec<HeaderValue>);

impl Origins {
    /// Reads the settings.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        reader.parse(&ORIGINS).unwrap_or_default()
    }
}

/// The error of a text that is not a list of origins.
#[derive(Debug, Error)]
#[error(
    "entry {0} is not an origin: write only scheme, host and port, such as https://app.example.com, separated by commas"
)]
pub(crate) struct InvalidOrigins(usize);

impl FromStr for Origins {
    type Err = InvalidOrigins;

    fn from_str(text: &str) -> Result<Self, InvalidOrigins> {
        let origin = |(index, entry): (usize, &str)| {
            let invalid = || InvalidOrigins(index + 1);
            let url = Url::parse(entry.trim()).map_err(|_| invalid())?;
            let origin = url.origin().ascii_serialization();
            let is_web = matches!(url.scheme(), "http" | "https");
            if is_web && origin == entry.trim() {
                origin.parse().map_err(|_| invalid())
            } else {
                Err(invalid())
            }
        };
        text.split(',').enumerate().map(origin).collect::<Result<_, _>>().map(Self)
    }
}

/// Creates the layer that lets pages of `origins` call the API with a key and read its responses.
pub(crate) fn layer(origins: &Origins) -> CorsLayer {
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.0.clone()))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            name("idempotency-key"),
            name("last-event-id"),
            name("prefer"),
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            name("idempotency-replayed"),
            name("preference-applied"),
            name("ratelimit"),
            name("ratelimit-policy"),
        ])
        .max_age(MAX_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_consist_of_scheme_host_and_port_only() {
        let origins: Origins = "https://app.example.com, http://localhost:5173".parse().unwrap();
        assert_eq!(origins.0.len(), 2);
        for invalid in [
            "*",
            "https://app.example.com/",
            "app.example.com",
            "https://a.example,,",
            "ftp://a.example",
            "null",
        ] {
            assert!(invalid.parse::<Origins>().is_err(), "{invalid}");
        }
    }
}
