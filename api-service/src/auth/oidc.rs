//! Tokens of an OpenID provider: signed JWTs (RFC 9068) whose keys are found by OpenID Connect Discovery 1.0.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{access::Scopes, identity::Tenant, time::UtcTime};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    errors::ErrorKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};
use url::Url;

use super::{Actor, Caller};
use crate::problem::{Kind, Problem};

/// How long the provider's keys hold before they are fetched anew.
const FRESH: Duration = Duration::from_secs(600);
/// How long they hold while the provider does not answer.
const STALE: Duration = Duration::from_secs(3600);
/// The pause between two fetches, whoever asks for them: a token with an invented key id costs the provider nothing.
const PAUSE: Duration = Duration::from_secs(10);
/// How long the provider has to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The longest answer of a provider, in bytes.
const ANSWER_MAX: usize = 1024 * 1024;
/// How far the provider's clock may be from ours, in seconds.
const LEEWAY: u64 = 30;

/// Whose tokens are taken, and what stands in them.
#[derive(Clone, Debug)]
pub struct OidcSettings {
    /// The issuer, exactly as tokens name it.
    pub issuer: String,
    /// The audience that tokens must be for.
    pub audience: String,
    /// The claim that names the tenant.
    pub tenant_claim: String,
    /// The claim that lists the scopes: a text with blanks between them, or an array.
    pub scope_claim: String,
}

/// Why an issuer cannot be one.
#[derive(Debug, Error)]
#[error("is no https address (http only on this machine), or has a query or fragment")]
pub struct InvalidIssuer;

/// Checks an issuer (OpenID Connect Discovery 1.0, section 3).
///
/// # Errors
/// When it cannot be one, with why.
pub fn check_issuer(issuer: &str) -> Result<(), InvalidIssuer> {
    let url = Url::parse(issuer).map_err(|_| InvalidIssuer)?;
    let plain = url.query().is_none() && url.fragment().is_none();
    if plain && is_safe(&url) { Ok(()) } else { Err(InvalidIssuer) }
}

/// Whether what is fetched from `url` cannot be changed on the way.
fn is_safe(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        _ => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_local)
}

/// The verifier of a provider's tokens.
#[derive(Debug)]
pub struct Oidc {
    settings: OidcSettings,
    http: reqwest::Client,
    keys: RwLock<Option<Arc<Fetched>>>,
    /// When a fetch was last tried; held while one is under way.
    tried: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Fetched {
    keys: HashMap<String, (Algorithm, DecodingKey)>,
    at: Instant,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Debug, Error)]
enum FetchError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("{0} answered {1}")]
    Status(&'static str, reqwest::StatusCode),
    #[error("{0} has more than {ANSWER_MAX} bytes")]
    TooLong(&'static str),
    #[error("{0} cannot be read: {1}")]
    Unreadable(&'static str, serde_json::Error),
    #[error("the discovery document names another issuer")]
    OtherIssuer,
    #[error("the discovery document has a jwks_uri that is no https address")]
    UnsafeKeys,
    #[error("the key set has no signature key of a known kind with a kid")]
    NoKeys,
}

impl Oidc {
    /// The verifier of the tokens that `settings` describe. Sends nothing yet.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(settings: OidcSettings) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_WITHIN)
            .build()?;
        Ok(Self { settings, http, keys: RwLock::default(), tried: Mutex::default() })
    }

    /// Who the bearer of `token` is.
    ///
    /// # Errors
    /// The [`Problem`] to answer with when that is nobody, or cannot be found out.
    pub async fn caller(self: &Arc<Self>, token: &SecretString) -> Result<Caller, Problem> {
        let refused = |why: &str| Problem::unauthenticated(&format!("the token {why}"));
        let header = decode_header(token.expose_secret()).map_err(|_| refused("is not a JWT"))?;
        // Extensions that must be understood are not (RFC 7515, section 4.1.11).
        if header.crit.is_some() {
            return Err(refused("has a crit header"));
        }
        let kid = header.kid.ok_or_else(|| refused("names no key (kid)"))?;
        let keys = self.keys_with(&kid).await?;
        let (algorithm, key) = keys
            .keys
            .get(&kid)
            .ok_or_else(|| refused("is signed by a key that its issuer does not publish"))?;
        // One algorithm, the key's own: what the token says of it decides nothing (RFC 8725, section 3.1).
        let mut validation = Validation::new(*algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Map<String, Value>>(token.expose_secret(), key, &validation)
            .map_err(|error| refused(reason(error.kind())))?
            .claims;
        self.read(&claims)
    }

    fn read(&self, claims: &Map<String, Value>) -> Result<Caller, Problem> {
        let OidcSettings { issuer, tenant_claim, scope_claim, .. } = &self.settings;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let tenant: Tenant = text(tenant_claim).and_then(|tenant| tenant.parse().ok()).ok_or_else(|| {
            Problem::unauthenticated(&format!("the token has no claim {tenant_claim} that names a tenant"))
        })?;
        let named: Vec<&str> = match claims.get(scope_claim) {
            Some(Value::String(scopes)) => scopes.split(' ').collect(),
            Some(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        // Scopes of other services stand beside ours.
        let scopes: Scopes = named.into_iter().filter_map(|scope| scope.parse().ok()).collect();
        let mut hash = Sha256::new();
        hash.update(issuer);
        hash.update([0]);
        hash.update(text("sub").unwrap_or_default());
        let subject = hex::encode(&hash.finalize()[..8]);
        let expires = claims.get("exp").and_then(Value::as_f64).unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
        let active_until = Some(UtcTime::from_epoch_millis((expires * 1000.0) as i64));
        Ok(Caller { tenant, actor: Actor::Subject(subject), scopes, active_until })
    }

    fn fetched(&self, no_older_than: Duration) -> Option<Arc<Fetched>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone().filter(|keys| keys.at.elapsed() < no_older_than)
    }

    /// The provider's keys, fetched anew when they are old or lack `kid`.
    async fn keys_with(self: &Arc<Self>, kid: &str) -> Result<Arc<Fetched>, Problem> {
        let fresh = || self.fetched(FRESH).filter(|keys| keys.keys.contains_key(kid));
        if let Some(keys) = fresh() {
            return Ok(keys);
        }
        // Keys that are only old are fetched anew while they are used: a provider that hangs holds up nobody.
        if let Some(keys) = self.fetched(STALE).filter(|keys| keys.keys.contains_key(kid)) {
            let this = Arc::clone(self);
            tokio::spawn(async move {
                if let Ok(tried) = this.tried.try_lock() {
                    this.refresh(tried).await;
                }
            });
            return Ok(keys);
        }
        let tried = self.tried.lock().await;
        if let Some(keys) = fresh() {
            return Ok(keys);
        }
        self.refresh(tried).await;
        self.fetched(STALE).ok_or_else(|| {
            Problem::new(
                Kind::Unavailable,
                "the token cannot be checked now, for its issuer does not answer: try again",
            )
            .retry_after(PAUSE)
        })
    }

    /// Fetches the keys, unless that was tried just now.
    async fn refresh(&self, mut tried: MutexGuard<'_, Option<Instant>>) {
        if tried.is_some_and(|tried| tried.elapsed() < PAUSE) {
            return;
        }
        match self.fetch().await {
            Ok(fetched) => {
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(fetched));
            }
            Err(error) => {
                tracing::warn!(error = %error, "the keys of the OpenID provider could not be fetched");
            }
        }
        *tried = Some(Instant::now());
    }

    async fn fetch(&self) -> Result<Fetched, FetchError> {
        let issuer = &self.settings.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery: Discovery = self.get("the discovery document", &address).await?;
        if discovery.issuer != *issuer {
            return Err(FetchError::OtherIssuer);
        }
        if !Url::parse(&discovery.jwks_uri).is_ok_and(|url| is_safe(&url)) {
            return Err(FetchError::UnsafeKeys);
        }
        let set: Value = self.get("the key set", &discovery.jwks_uri).await?;
        // A key of a kind that is not known must not hide the others.
        let keys = set["keys"].as_array().into_iter().flatten();
        let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok()).collect();
        let keys: HashMap<_, _> = JwkSet { keys }.keys.iter().filter_map(usable).collect();
        if keys.is_empty() { Err(FetchError::NoKeys) } else { Ok(Fetched { keys, at: Instant::now() }) }
    }

    async fn get<T: for<'de> Deserialize<'de>>(
        &self,
        what: &'static str,
        url: &str,
    ) -> Result<T, FetchError> {
        let mut answer = self.http.get(url).send().await?;
        if !answer.status().is_success() {
            return Err(FetchError::Status(what, answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_MAX {
                return Err(FetchError::TooLong(what));
            }
        }
        serde_json::from_slice(&body).map_err(|error| FetchError::Unreadable(what, error))
    }
}

/// A key by its id, with the one algorithm that it is good for.
fn usable(key: &Jwk) -> Option<(String, (Algorithm, DecodingKey))> {
    if matches!(&key.common.public_key_use, Some(other) if *other != PublicKeyUse::Signature) {
        return None;
    }
    let stated = key.common.key_algorithm.and_then(|stated| Algorithm::try_from(stated).ok());
    let algorithm = match &key.algorithm {
        AlgorithmParameters::RSA(_) => {
            use Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
            let fits = [RS256, RS384, RS512, PS256, PS384, PS512];
            stated.filter(|stated| fits.contains(stated)).or(key
                .common
                .key_algorithm
                .is_none()
                .then_some(RS256))?
        }
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P384 => Algorithm::ES384,
        AlgorithmParameters::OctetKeyPair(curve) if curve.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        // Never a secret key: who has the key set could sign with it.
        _ => return None,
    };
    Some((key.common.key_id.clone()?, (algorithm, DecodingKey::from_jwk(key).ok()?)))
}

fn reason(error: &ErrorKind) -> &'static str {
    match error {
        ErrorKind::ExpiredSignature => "has expired",
        ErrorKind::ImmatureSignature => "is not good yet",
        ErrorKind::InvalidIssuer => "is of another issuer",
        ErrorKind::InvalidAudience => "is for another audience",
        ErrorKind::MissingRequiredClaim(_) => "lacks a claim: exp, iss, aud and sub are needed",
        _ => "is not signed by its issuer, or not well formed",
    }
}

#[cfg(test)]
mod tests {
    use domain::access::Scope;

    use super::*;

    #[test]
    fn issuers_are_https_or_this_machine() {
        for good in ["https://login.example.com/t1", "http://127.0.0.1:9000", "http://[::1]:9000"] {
            assert!(check_issuer(good).is_ok(), "{good}");
        }
        for bad in [
            "http://login.example.com",
            "https://a.example?x=1",
            "https://a.example#f",
            "login",
            "http://localhost.evil",
        ] {
            assert!(check_issuer(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tenant_and_scopes_are_read_from_their_claims() {
        let settings = OidcSettings {
            issuer: "https://i.example".into(),
            audience: "dossier".into(),
            tenant_claim: "org".into(),
            scope_claim: "scp".into(),
        };
        let oidc = Oidc::new(settings).unwrap();
        let read = |claims: Value| oidc.read(claims.as_object().unwrap());
        let caller = read(
            serde_json::json!({"sub": "anna@example.com", "org": "acme", "scp": ["reports:read", "mail"]}),
        )
        .unwrap();
        assert_eq!(caller.tenant.as_str(), "acme");
        assert!(caller.scopes.allow(Scope::ReportsRead) && !caller.scopes.allow(Scope::ReportsWrite));
        assert!(!caller.actor.to_string().contains("anna"));
        let text = read(serde_json::json!({"sub": "s", "org": "acme", "scp": "openid admin"})).unwrap();
        assert!(text.scopes.allow(Scope::Admin));
        assert!(read(serde_json::json!({"sub": "s", "scp": "admin"})).is_err());
        assert!(read(serde_json::json!({"sub": "s", "org": "A/../B", "scp": "admin"})).is_err());
    }
}
