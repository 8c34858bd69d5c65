//! Verifies tokens and reads the caller from their claims.

use domain::{access::Scopes, identity::Tenant, time::UtcTime};
use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{key_set::KeySet, settings::OidcSettings};
use crate::{
    auth::caller::{Actor, Caller},
    problem::Problem,
};

/// Tolerated difference between the provider's clock and ours, in seconds.
const LEEWAY: u64 = 30;

/// Verifies the tokens of one OpenID provider.
#[derive(Debug)]
pub(crate) struct TokenVerifier {
    settings: OidcSettings,
    keys: KeySet,
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

    /// Returns the caller that `token` identifies.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the token is not valid, or if it cannot be verified now.
    pub(crate) async fn caller(&self, token: &SecretString) -> Result<Caller, Problem> {
        let rejected = |why: &str| Problem::unauthenticated(&format!("the token {why}"));
        let header = decode_header(token.expose_secret()).map_err(|_| rejected("is not a JWT"))?;
        // `crit` names extensions that the recipient must understand (RFC 7515, section 4.1.11). None is
        // supported, so such a token is rejected.
        if header.crit.is_some() {
            return Err(rejected("has a crit header, which is not supported"));
        }
        let kid = header.kid.ok_or_else(|| rejected("does not name its key (kid)"))?;
        let keys = self.keys.including(&kid).await?;
        let (algorithm, key) = keys
            .get(&kid)
            .ok_or_else(|| rejected("is signed with a key that its issuer does not publish"))?;
        // The key determines the algorithm, never the token (RFC 8725, section 3.1).
        let mut validation = Validation::new(*algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Map<String, Value>>(token.expose_secret(), key, &validation)
            .map_err(|error| rejected(reason(error.kind())))?
            .claims;
        self.read(&claims)
    }

    fn read(&self, claims: &Map<String, Value>) -> Result<Caller, Problem> {
        let OidcSettings { issuer, tenant_claim, scope_claim, .. } = &self.settings;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let tenant: Tenant = text(tenant_claim).and_then(|tenant| tenant.parse().ok()).ok_or_else(|| {
            Problem::unauthenticated(&format!("the token has no claim {tenant_claim} that names a tenant"))
        })?;
        let scopes: Vec<&str> = match claims.get(scope_claim) {
            Some(Value::String(scopes)) => scopes.split(' ').collect(),
            Some(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        // A token may carry scopes of other services: they are ignored.
        let scopes: Scopes = scopes.into_iter().filter_map(|scope| scope.parse().ok()).collect();
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
}

fn reason(error: &ErrorKind) -> &'static str {
    match error {
        ErrorKind::ExpiredSignature => "has expired",
        ErrorKind::ImmatureSignature => "is not valid yet",
        ErrorKind::InvalidIssuer => "is from another issuer",
        ErrorKind::InvalidAudience => "is for another audience",
        ErrorKind::MissingRequiredClaim(_) => "lacks a required claim: exp, iss, aud and sub are required",
        _ => "is malformed or not signed by its issuer",
    }
}

#[cfg(test)]
mod tests {
    use domain::access::Scope;

    use super::*;

    #[test]
    fn tenant_and_scopes_are_read_from_the_configured_claims() {
        let settings = OidcSettings {
            issuer: "https://i.example".into(),
            audience: "dossier".into(),
            tenant_claim: "org".into(),
            scope_claim: "scp".into(),
        };
        let verifier = TokenVerifier::new(settings).unwrap();
        let read = |claims: Value| verifier.read(claims.as_object().unwrap());
        let caller = read(
            serde_json::json!({"sub": "anna@example.com", "org": "acme", "scp": ["reports:read", "mail"]}),
        )
        .unwrap();
        assert_eq!(caller.tenant.as_str(), "acme");
        assert!(caller.scopes.allow(Scope::ReportsRead) && !caller.scopes.allow(Scope::ReportsWrite));
        assert!(!caller.actor.to_string().contains("anna"));
        let caller = read(serde_json::json!({"sub": "s", "org": "acme", "scp": "openid admin"})).unwrap();
        assert!(caller.scopes.allow(Scope::Admin));
        assert!(read(serde_json::json!({"sub": "s", "scp": "admin"})).is_err());
        assert!(read(serde_json::json!({"sub": "s", "org": "A/../B", "scp": "admin"})).is_err());
    }
}
