//! The public keys of the OpenID provider, fetched by discovery and cached.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};
use url::Url;

use super::{key::VerificationKey, settings::is_safe};
use crate::problem::{Kind, Problem};

/// How long the provider's keys are used before they are fetched again.
const FRESH: Duration = Duration::from_secs(600);
/// How long the provider's keys are used while it does not answer.
const STALE: Duration = Duration::from_secs(3600);
/// Minimum time between two fetches, whatever causes them, so that tokens with invented key ids cannot
/// overload the provider.
const FETCH_INTERVAL: Duration = Duration::from_secs(10);
/// The time-out of a request to the provider.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum length of a response of the provider, in bytes.
const RESPONSE_MAX: usize = 1024 * 1024;

/// Maximum number of keys of a set that are used.
const KEYS_MAX: usize = 100;

/// The keys that the provider publishes.
#[derive(Debug)]
pub(super) struct Keys(Vec<VerificationKey>);

impl Keys {
    /// Returns the keys that may have signed a token with this `kid` and `alg`: those with its id. Without an
    /// id in the token, or without ids in the set, only the algorithm selects: `kid` is a hint that neither
    /// side must give (RFC 7515, section 4.1.4; RFC 7517, section 4.5).
    pub(super) fn candidates(&self, kid: Option<&str>, alg: &str) -> Vec<&VerificationKey> {
        let permitting = self.0.iter().filter(|key| key.permits(alg));
        match kid {
            None => permitting.collect(),
            Some(kid) if self.0.iter().any(|key| key.id.as_deref() == Some(kid)) => {
                permitting.filter(|key| key.id.as_deref() == Some(kid)).collect()
            }
            Some(_) => permitting.filter(|key| key.id.is_none()).collect(),
        }
    }
}

/// The provider's keys. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct KeySet(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    issuer: String,
    http: reqwest::Client,
    fetched: RwLock<Option<Fetched>>,
    /// When the last fetch ended; locked while one is in progress.
    last_fetch: Mutex<Option<Instant>>,
}

#[derive(Clone, Debug)]
struct Fetched {
    keys: Arc<Keys>,
    at: Instant,
}

/// The members of the discovery document that are used.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Debug, Error)]
enum FetchError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("{0} was answered with status {1}")]
    Status(&'static str, reqwest::StatusCode),
    #[error("{0} has more than {RESPONSE_MAX} bytes")]
    TooLong(&'static str),
    #[error("{0} cannot be parsed: {1}")]
    Unreadable(&'static str, serde_json::Error),
    #[error("the discovery document names another issuer")]
    OtherIssuer,
    #[error("the jwks_uri of the discovery document is not an https URL")]
    UnsafeKeys,
    #[error("the key set contains no signature key of a supported type")]
    NoKeys,
}

impl KeySet {
    /// Creates the key set of `issuer`. Sends nothing yet.
    ///
    /// # Errors
    /// Returns an error if the HTTP client cannot be created.
    pub(super) fn new(issuer: String) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()?;
        let (fetched, last_fetch) = (RwLock::default(), Mutex::default());
        Ok(Self(Arc::new(Shared { issuer, http, fetched, last_fetch })))
    }

    /// Returns the provider's keys, which may still not be `sufficient`. Fetches them first if no sufficient
    /// ones are cached. Keys that are merely old are returned at once and fetched again in the background.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the keys cannot be fetched and no cached ones are younger
    /// than an hour.
    pub(super) async fn keys(&self, sufficient: impl Fn(&Keys) -> bool) -> Result<Arc<Keys>, Problem> {
        let cached = |max_age| self.0.cached(max_age).filter(|keys| sufficient(keys));
        if let Some(keys) = cached(FRESH) {
            return Ok(keys);
        }
        // Old keys are used while they are fetched again, so a provider that hangs delays no request.
        if let Some(keys) = cached(STALE) {
            let this = self.clone();
            tokio::spawn(async move {
                if let Ok(last_fetch) = this.0.last_fetch.try_lock() {
                    this.0.refresh(last_fetch).await;
                }
            });
            return Ok(keys);
        }
        let last_fetch = self.0.last_fetch.lock().await;
        if let Some(keys) = cached(FRESH) {
            return Ok(keys);
        }
        self.0.refresh(last_fetch).await;
        self.0.cached(STALE).ok_or_else(|| {
            Problem::new(
                Kind::Unavailable,
                "the token cannot be verified because its issuer does not answer: try again",
            )
            .retry_after(FETCH_INTERVAL)
        })
    }

    /// Returns newer keys than `keys`, or `None` if there are none. Fetches them if the last fetch was not a
    /// moment ago: a provider may replace a key without a new id.
    pub(super) async fn newer_than(&self, keys: &Arc<Keys>) -> Option<Arc<Keys>> {
        let newer = || self.0.cached(STALE).filter(|cached| !Arc::ptr_eq(cached, keys));
        let last_fetch = self.0.last_fetch.lock().await;
        if newer().is_none() {
            self.0.refresh(last_fetch).await;
        }
        newer()
    }
}

impl Shared {
    fn cached(&self, max_age: Duration) -> Option<Arc<Keys>> {
        let fetched = self.fetched.read().unwrap_or_else(PoisonError::into_inner);
        fetched
            .as_ref()
            .filter(|fetched| fetched.at.elapsed() < max_age)
            .map(|fetched| Arc::clone(&fetched.keys))
    }

    /// Fetches the keys, unless the last fetch was less than [`FETCH_INTERVAL`] ago.
    async fn refresh(&self, mut last_fetch: MutexGuard<'_, Option<Instant>>) {
        if last_fetch.is_some_and(|at| at.elapsed() < FETCH_INTERVAL) {
            return;
        }
        match self.fetch().await {
            Ok(keys) => {
                let fetched = Fetched { keys: Arc::new(keys), at: Instant::now() };
                *self.fetched.write().unwrap_or_else(PoisonError::into_inner) = Some(fetched);
            }
            Err(error) => {
                tracing::warn!(error = %error, "the keys of the OpenID provider could not be fetched");
            }
        }
        *last_fetch = Some(Instant::now());
    }

    async fn fetch(&self) -> Result<Keys, FetchError> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let discovery: Discovery = self.get("the discovery document", &url).await?;
        if discovery.issuer != self.issuer {
            return Err(FetchError::OtherIssuer);
        }
        if !Url::parse(&discovery.jwks_uri).is_ok_and(|url| is_safe(&url)) {
            return Err(FetchError::UnsafeKeys);
        }
        let set: Value = self.get("the key set", &discovery.jwks_uri).await?;
        // Keys are parsed one by one, so that a key of an unknown type does not hide the others.
        let keys = set["keys"].as_array().into_iter().flatten().filter_map(VerificationKey::from_jwk);
        let keys: Vec<VerificationKey> = keys.take(KEYS_MAX).collect();
        if keys.is_empty() { Err(FetchError::NoKeys) } else { Ok(Keys(keys)) }
    }

    async fn get<T: for<'de> Deserialize<'de>>(
        &self,
        what: &'static str,
        url: &str,
    ) -> Result<T, FetchError> {
        let mut response = self.http.get(url).send().await?;
        if !response.status().is_success() {
            return Err(FetchError::Status(what, response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > RESPONSE_MAX {
                return Err(FetchError::TooLong(what));
            }
        }
        serde_json::from_slice(&body).map_err(|error| FetchError::Unreadable(what, error))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(ids: &[(Option<&str>, &str)]) -> Keys {
        let key = |(kid, alg): &(Option<&str>, &str)| {
            VerificationKey::from_jwk(
                &json!({"kty": "RSA", "kid": kid, "alg": alg, "n": "AQAB", "e": "AQAB"}),
            )
        };
        Keys(ids.iter().filter_map(key).collect())
    }

    #[test]
    fn the_id_and_the_algorithm_select_the_key() {
        let count = |keys: &Keys, kid, alg| keys.candidates(kid, alg).len();
        let one = set(&[(None, "RS256")]);
        assert_eq!((count(&one, None, "RS256"), count(&one, Some("a"), "RS256")), (1, 1));
        assert_eq!(count(&one, None, "PS256"), 0);
        let named = set(&[(Some("a"), "RS256"), (Some("b"), "RS256"), (Some("b"), "PS256")]);
        assert_eq!((count(&named, Some("a"), "RS256"), count(&named, Some("c"), "RS256")), (1, 0));
        assert_eq!(count(&named, Some("b"), "PS256"), 1, "an id may occur more than once");
        assert_eq!(count(&named, Some("a"), "PS256"), 0);
        assert_eq!(count(&named, None, "RS256"), 2, "a token without an id can be of either key");
        let mixed = set(&[(Some("a"), "RS256"), (None, "RS256")]);
        assert_eq!((count(&mixed, Some("a"), "RS256"), count(&mixed, Some("z"), "RS256")), (1, 1));
    }
}
