//! The claims of a token whose signature is verified (RFC 7519, RFC 9068).

use domain::{
    access::{Scope, Scopes},
    identity::Tenant,
    time::UtcTime,
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::settings::OidcSettings;
use crate::auth::caller::{Actor, Caller};

/// Tolerated difference between the provider's clock and ours, in seconds.
const LEEWAY: f64 = 30.0;

/// Claims that only ID tokens have (OpenID Connect Core 1.0, sections 3.1.3.6 and 3.3.2.11). ID tokens tell a
/// client who signed in, and grant nothing.
const ID_TOKEN_CLAIMS: [&str; 2] = ["at_hash", "c_hash"];

/// Returns the caller that `claims` identify at `now`.
///
/// # Errors
/// Returns why the token is not accepted, as a predicate to follow "the token".
pub(super) fn caller(
    claims: &Map<String, Value>,
    settings: &OidcSettings,
    now: UtcTime,
) -> Result<Caller, String> {
    let OidcSettings { issuer, audience, tenant_claim, .. } = settings;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
    let seconds = now.epoch_seconds() as f64;
    let expires = claims.get("exp").and_then(Value::as_f64).ok_or("lacks the claim exp")?;
    if seconds > expires + LEEWAY {
        return Err("has expired".to_owned());
    }
    if let Some(begins) = claims.get("nbf") {
        let begins = begins.as_f64().ok_or("has a claim nbf that is not a time")?;
        if seconds < begins - LEEWAY {
            return Err("is not valid yet".to_owned());
        }
    }
    if text("iss") != Some(issuer) {
        return Err("is from another issuer".to_owned());
    }
    let audiences = texts(claims.get("aud"));
    if !audiences.contains(&audience.as_str()) {
        return Err("is for another audience".to_owned());
    }
    let subject = text("sub").filter(|subject| !subject.is_empty()).ok_or("lacks the claim sub")?;
    if ID_TOKEN_CLAIMS.iter().any(|name| claims.contains_key(*name)) || text("token_use") == Some("id") {
        return Err("is an ID token: send an access token".to_owned());
    }
    let tenant: Tenant = text(tenant_claim)
        .and_then(|tenant| tenant.parse().ok())
        .ok_or_else(|| format!("has no claim {tenant_claim} that names a tenant"))?;
    let scopes = scopes(claims, settings, audiences.iter().any(|other| other != audience));
    let mut hash = Sha256::new();
    hash.update(issuer);
    hash.update([0]);
    hash.update(subject);
    let actor = Actor::Subject(hex::encode(&hash.finalize()[..8]));
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    let active_until = Some(UtcTime::from_epoch_millis((expires * 1000.0) as i64));
    Ok(Caller { tenant, actor, scopes, active_until })
}

/// Returns the scopes that the token grants. It may carry scopes of other services, which are ignored.
fn scopes(claims: &Map<String, Value>, settings: &OidcSettings, has_other_audiences: bool) -> Scopes {
    let claimed: Vec<&str> = match claims.get(&settings.scope_claim) {
        Some(Value::String(scopes)) => scopes.split(' ').collect(),
        other => texts(other),
    };
    let prefix = settings.scope_prefix.as_deref();
    let ours = claimed.into_iter().filter_map(|scope| match prefix {
        Some(prefix) => scope.strip_prefix(prefix)?.parse().ok(),
        // Nearly every service calls a scope "admin". In a token for several, it can be meant for another one
        // (RFC 9068, section 5).
        None => scope.parse().ok().filter(|scope| *scope != Scope::Admin || !has_other_audiences),
    });
    ours.collect()
}

/// Returns the texts in `value`, which is one text or an array of texts.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn settings(prefix: Option<&str>) -> OidcSettings {
        OidcSettings {
            issuer: "https://i.example".into(),
            audience: "dossier".into(),
            tenant_claim: "org".into(),
            scope_claim: "scp".into(),
            scope_prefix: prefix.map(str::to_owned),
            token_types: vec!["jwt".into()],
        }
    }

    fn read(prefix: Option<&str>, changes: Value) -> Result<Caller, String> {
        let mut claims = json!({"iss": "https://i.example", "aud": "dossier", "sub": "anna@example.com",
            "exp": NOW + 300, "org": "acme", "scp": "reports:read"});
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let now = UtcTime::from_epoch_millis(NOW * 1000);
        caller(claims.as_object().unwrap(), &settings(prefix), now)
    }

    #[test]
    fn tenant_and_scopes_are_read_from_the_configured_claims() {
        let caller = read(None, json!({"scp": ["reports:read", "mail"]})).unwrap();
        assert_eq!(caller.tenant.as_str(), "acme");
        assert!(caller.scopes.allow(Scope::ReportsRead) && !caller.scopes.allow(Scope::ReportsWrite));
        assert!(!caller.actor.to_string().contains("anna"));
        assert_eq!(caller.active_until, Some(UtcTime::from_epoch_millis((NOW + 300) * 1000)));
        assert!(read(None, json!({"scp": "openid admin"})).unwrap().scopes.allow(Scope::Admin));
    }

    #[test]
    fn every_claim_that_must_hold_is_checked() {
        for (changes, accepted) in [
            (json!({}), true),
            (json!({"aud": ["other", "dossier"]}), true),
            (json!({"exp": NOW - 30}), true),
            (json!({"nbf": NOW + 30}), true),
            (json!({"exp": (NOW + 1) as f64 + 0.5}), true),
            (json!({"exp": NOW - 31}), false),
            (json!({"exp": "tomorrow"}), false),
            (json!({"exp": null}), false),
            (json!({"nbf": NOW + 31}), false),
            (json!({"nbf": "now"}), false),
            (json!({"iss": "https://i.example/"}), false),
            (json!({"iss": ["https://i.example"]}), false),
            (json!({"aud": "Dossier"}), false),
            (json!({"aud": ["other"]}), false),
            (json!({"aud": {"dossier": 1}}), false),
            (json!({"aud": null}), false),
            (json!({"sub": null}), false),
            (json!({"sub": ""}), false),
            (json!({"sub": 7}), false),
            (json!({"org": null}), false),
            (json!({"org": "A/../B"}), false),
            (json!({"at_hash": "x"}), false),
            (json!({"token_use": "id"}), false),
            (json!({"token_use": "access"}), true),
        ] {
            assert_eq!(read(None, changes.clone()).is_ok(), accepted, "{changes}");
        }
    }

    #[test]
    fn admin_needs_a_token_for_dossier_alone_or_a_prefix() {
        let grants = |prefix, audience: Value, scopes: &str| {
            let caller = read(prefix, json!({"aud": audience, "scp": scopes})).unwrap();
            (caller.scopes.allow(Scope::Admin), caller.scopes.allow(Scope::ReportsRead))
        };
        let both = || json!(["dossier", "crm"]);
        assert_eq!(grants(None, json!(["dossier"]), "admin"), (true, true));
        assert_eq!(grants(None, json!(["dossier", "dossier"]), "admin"), (true, true));
        assert_eq!(grants(None, both(), "admin"), (false, false));
        assert_eq!(grants(None, both(), "admin reports:read"), (false, true));
        let prefix = Some("https://dossier.example/");
        assert_eq!(grants(prefix, both(), "https://dossier.example/admin"), (true, true));
        assert_eq!(grants(prefix, both(), "https://dossier.example/reports:read admin"), (false, true));
        assert_eq!(grants(prefix, json!("dossier"), "admin reports:read"), (false, false));
    }
}
