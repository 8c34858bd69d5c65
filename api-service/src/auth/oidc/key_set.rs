//! The public keys of the OpenID provider, fetched by discovery and cached.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};
use url::Url;

use super::settings::is_safe;
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

/// Keys by their ids, each with the only algorithm that it may be used with.
pub(super) type Keys = HashMap<String, (Algorithm, DecodingKey)>;

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
    #[error("the key set contains no signature key of a supported type with a kid")]
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

    /// Returns the provider's keys, which may still lack `kid`. Fetches them first if no cached ones include
    /// it. Keys that are merely old are returned at once and fetched again in the background.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the keys cannot be fetched and no cached ones are younger
    /// than an hour.
    pub(super) async fn including(&self, kid: &str) -> Result<Arc<Keys>, Problem> {
        let cached = |max_age| self.0.cached(max_age).filter(|keys| keys.contains_key(kid));
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
        let keys = set["keys"].as_array().into_iter().flatten();
        let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok()).collect();
        let keys: Keys = JwkSet { keys }.keys.iter().filter_map(usable).collect();
        if keys.is_empty() { Err(FetchError::NoKeys) } else { Ok(keys) }
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

/// Returns the id of a signature key, and the key with the only algorithm that it may be used with. Returns
/// `None` for a key of another use or type, or without an id.
fn usable(key: &Jwk) -> Option<(String, (Algorithm, DecodingKey))> {
    if matches!(&key.common.public_key_use, Some(other) if *other != PublicKeyUse::Signature) {
        return None;
    }
    let declared = key.common.key_algorithm;
    let algorithm = match &key.algorithm {
        AlgorithmParameters::RSA(_) => {
            use Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
            match declared {
                None => RS256,
                Some(declared) => Algorithm::try_from(declared)
                    .ok()
                    .filter(|algorithm| [RS256, RS384, RS512, PS256, PS384, PS512].contains(algorithm))?,
            }
        }
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P384 => Algorithm::ES384,
        AlgorithmParameters::OctetKeyPair(curve) if curve.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        // Symmetric keys are never accepted: anybody who can read the key set could sign with them.
        _ => return None,
    };
    Some((key.common.key_id.clone()?, (algorithm, DecodingKey::from_jwk(key).ok()?)))
}
