//! Verifies tokens: signed JWTs in the compact form (RFC 7515, section 7.1).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::time::UtcTime;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    claims,
    key_set::{KeySet, Keys},
    settings::OidcSettings,
};
use crate::{auth::caller::Caller, problem::Problem};

/// Maximum number of keys with which a signature is checked.
const TRIES_MAX: usize = 8;

/// Verifies the tokens of one OpenID provider.
#[derive(Debug)]
pub(crate) struct TokenVerifier {
    settings: OidcSettings,
    keys: KeySet,
}

/// The parts of a token.
struct Token<'a> {
    header: Header,
    claims: Map<String, Value>,
    /// The header and the claims as they are signed.
    message: &'a str,
    signature: &'a str,
}

/// The members of a token's header that are used.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

impl<'a> Token<'a> {
    /// Returns `None` if `text` is not a JWT.
    fn parse(text: &'a str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header = serde_json::from_slice(&decode(header)?).ok()?;
        let claims = serde_json::from_slice(&decode(claims)?).ok()?;
        Some(Self { header, claims, message, signature })
    }

    /// Returns whether one of `keys` made the signature.
    fn is_signed_by(&self, keys: &Keys) -> bool {
        let Header { alg, kid, .. } = &self.header;
        let candidates = keys.candidates(kid.as_deref(), alg).into_iter().take(TRIES_MAX);
        candidates.into_iter().any(|key| key.verifies(alg, self.message, self.signature))
    }
}

impl TokenVerifier {
    /// Creates a verifier of the tokens that `settings` describe. Sends nothing yet.
    ///
    /// # Errors
    /// Returns an error if the HTTP client cannot be created.
    pub(crate) fn new(settings: OidcSettings) -> reqwest::Result<Self> {
        let keys = KeySet::new(settings.issuer.clone())?;
        Ok(Self { settings, keys })
    }

    /// Returns the caller that `token` identifies at `now`.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the token is not valid, or if it cannot be verified now.
    pub(crate) async fn caller(&self, token: &SecretString, now: UtcTime) -> Result<Caller, Problem> {
        let rejected = |why: &str| Problem::unauthenticated(&format!("the token {why}"));
        let token = Token::parse(token.expose_secret()).ok_or_else(|| rejected("is not a JWT"))?;
        // `crit` names extensions that the recipient must understand (RFC 7515, section 4.1.11). None is
        // supported, so such a token is rejected.
        if token.header.crit.is_some() {
            return Err(rejected("has a crit header, which is not supported"));
        }
        if !self.settings.accepts_type(token.header.typ.as_deref()) {
            return Err(rejected("is not an access token: its type (typ) is not accepted"));
        }
        let Header { alg, kid, .. } = &token.header;
        let keys = self.keys.keys(|keys| !keys.candidates(kid.as_deref(), alg).is_empty()).await?;
        let is_signed = token.is_signed_by(&keys)
            || self.keys.newer_than(&keys).await.is_some_and(|newer| token.is_signed_by(&newer));
        if !is_signed {
            return Err(rejected("is not signed with a key that its issuer publishes for its algorithm"));
        }
        claims::caller(&token.claims, &self.settings, now).map_err(|why| rejected(&why))
    }
}
