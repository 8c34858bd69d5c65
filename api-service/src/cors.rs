//! Which other origins' pages may call the API from a browser (Fetch standard, "CORS protocol").

use std::{str::FromStr, time::Duration};

use axum::http::{HeaderName, HeaderValue, Method, header};
use thiserror::Error;
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

/// How long browsers may remember what is allowed.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The origins, such as `https://app.example.com`; none: only the API's own page.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<HeaderValue>);

/// Why a text is no list of origins.
#[derive(Debug, Error)]
#[error(
    "entry {0} is no origin: write scheme, host and port alone, such as https://app.example.com, with commas between them"
)]
pub struct InvalidOrigins(usize);

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

/// Lets pages of `origins` call the API with a key and read what its answers say.
pub fn layer(origins: &Origins) -> CorsLayer {
    let named = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.0.clone()))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            named("idempotency-key"),
            named("last-event-id"),
            named("prefer"),
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            named("idempotency-replayed"),
            named("preference-applied"),
            named("ratelimit"),
            named("ratelimit-policy"),
        ])
        .max_age(REMEMBERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_scheme_host_and_port_alone() {
        let origins: Origins = "https://app.example.com, http://localhost:5173".parse().unwrap();
        assert_eq!(origins.0.len(), 2);
        for bad in [
            "*",
            "https://app.example.com/",
            "app.example.com",
            "https://a.example,,",
            "ftp://a.example",
            "null",
        ] {
            assert!(bad.parse::<Origins>().is_err(), "{bad}");
        }
    }
}
