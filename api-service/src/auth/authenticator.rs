//! Identifies callers by their bearer tokens.

use aws_adapters::keys::Keys;
use axum::http::{header::AUTHORIZATION, request::Parts};
use domain::access::{ApiKey, KeyId};
use secrecy::SecretString;
use service_runtime::clock::Clock;

use super::{
    caller::{Actor, Caller},
    key_cache::KeyCache,
    oidc::TokenVerifier,
};
use crate::{client_address::Proxies, problem::Problem};

/// Identifies callers by an API key or by a token of the configured OpenID provider.
#[derive(Debug)]
pub(crate) struct Authenticator {
    keys: Keys,
    key_cache: KeyCache,
    tokens: Option<TokenVerifier>,
    proxies: Proxies,
    clock: Clock,
}

impl Authenticator {
    /// Creates an authenticator that looks keys up in `keys` and verifies tokens with `tokens`.
    pub(crate) fn new(keys: Keys, tokens: Option<TokenVerifier>, proxies: Proxies, clock: Clock) -> Self {
        Self { keys, key_cache: KeyCache::default(), tokens, proxies, clock }
    }

    /// Returns the caller that the `Authorization` header of `request` identifies.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the header contains no valid key or token, or if the key or
    /// token cannot be verified at the moment.
    pub(super) async fn authenticate(&self, request: &Parts) -> Result<Caller, Problem> {
        let header = request.headers.get(AUTHORIZATION);
        let header = header.ok_or_else(|| Problem::unauthenticated("no API key was sent"))?;
        let token = header.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let token = token.ok_or_else(|| {
            Problem::unauthenticated("the Authorization header does not have the form Bearer KEY")
        })?;
        if let Some(key) = ApiKey::parse(token) {
            let address = self.proxies.client(request);
            return self.key_cache.caller(&self.keys, &key, address, self.clock.now()).await;
        }
        match &self.tokens {
            // A signed JWT has three parts (RFC 7515, section 7.1).
            Some(tokens) if token.split('.').count() == 3 => {
                tokens.caller(&SecretString::from(token), self.clock.now()).await
            }
            _ => Err(Problem::unauthenticated("the API key is unknown")),
        }
    }

    /// Lets the next request with the key `id`, which has just been ended, look it up. Other API tasks use what they
    /// have cached for a while.
    pub(crate) fn forget(&self, id: &KeyId) {
        self.key_cache.forget(id);
    }

    /// Returns whether the key or token of `caller` is still valid. Returns `false` while that cannot be
    /// determined.
    pub(crate) async fn is_still_active(&self, caller: &Caller) -> bool {
        let now = self.clock.now();
        let expired = caller.active_until.is_some_and(|end| now >= end);
        match &caller.actor {
            Actor::Key(id) => !expired && self.key_cache.is_active(&self.keys, id, now).await,
            Actor::Subject(_) => !expired,
        }
    }
}
