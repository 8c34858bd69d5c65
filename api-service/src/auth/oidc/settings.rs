//! The settings of the OpenID provider.

use service_runtime::{
    config::{Presence, Reader, parts},
    settings,
};
use thiserror::Error;
use url::Url;

settings! {
    /// The settings of the OpenID provider.
    OIDC_SETTINGS:
    ISSUER = "DOSSIER_OIDC_ISSUER", Presence::Optional,
        "issuer of an OpenID provider whose tokens are accepted in addition to API keys, exactly as its tokens name it; its keys are found by discovery";
    AUDIENCE = "DOSSIER_OIDC_AUDIENCE", Presence::Default("dossier"), "audience that its tokens must name";
    TENANT_CLAIM = "DOSSIER_OIDC_TENANT_CLAIM", Presence::Default("tenant"), "claim of its tokens that names the tenant";
    SCOPE_CLAIM = "DOSSIER_OIDC_SCOPE_CLAIM", Presence::Default("scope"),
        "claim of its tokens that lists the scopes, as a string separated by spaces or as an array";
    SCOPE_PREFIX = "DOSSIER_OIDC_SCOPE_PREFIX", Presence::Optional,
        "prefix of Dossier's scopes in its tokens, such as https://dossier.example/ for https://dossier.example/reports:read; scopes without it are ignored. Unless set, scopes have no prefix, and a token that names further audiences never grants admin";
    TOKEN_TYPES = "DOSSIER_OIDC_TOKEN_TYPES", Presence::Default("at+jwt,JWT"),
        "types (typ) of its tokens that are accepted, separated by commas; a token without one has the type JWT. Set at+jwt if the provider marks its access tokens so (RFC 9068)";
}

/// The OpenID provider whose tokens are accepted, and the claims that are read.
#[derive(Clone, Debug)]
pub(crate) struct OidcSettings {
    /// The issuer, exactly as tokens name it.
    pub(super) issuer: String,
    /// The audience that tokens must name.
    pub(super) audience: String,
    /// The claim that names the tenant.
    pub(super) tenant_claim: String,
    /// The claim that lists the scopes: a string separated by spaces, or an array.
    pub(super) scope_claim: String,
    /// The prefix of Dossier's scopes, if they have one.
    pub(super) scope_prefix: Option<String>,
    /// The accepted types of tokens, in lower case and without `application/`.
    pub(super) token_types: Vec<String>,
}

impl OidcSettings {
    /// Reads the settings. Returns `None` if no issuer is configured, or if a setting is invalid, which
    /// `reader` then records.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (audience, tenant_claim) = (reader.text(&AUDIENCE)?, reader.text(&TENANT_CLAIM)?);
        let (scope_claim, scope_prefix) = (reader.text(&SCOPE_CLAIM)?, reader.text(&SCOPE_PREFIX));
        let token_types = reader.text(&TOKEN_TYPES)?;
        let token_types: Vec<String> = parts(&token_types, ',').map(canonical_type).collect();
        let issuer = reader.text(&ISSUER)?;
        reader.convert(&ISSUER, check_issuer(&issuer))?;
        Some(Self { issuer, audience, tenant_claim, scope_claim, scope_prefix, token_types })
    }

    /// Returns whether tokens of the type `typ` are accepted.
    pub(super) fn accepts_type(&self, typ: Option<&str>) -> bool {
        self.token_types.contains(&canonical_type(typ.unwrap_or("JWT")))
    }
}

/// Returns a media type in lower case and without `application/`, which may be left out (RFC 7515, section
/// 4.1.9).
fn canonical_type(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").map_or(typ.clone(), str::to_owned)
}

/// The error of an unsuitable issuer.
#[derive(Debug, Error)]
#[error("is not an https URL without query and fragment (http is allowed for loopback addresses only)")]
struct InvalidIssuer;

/// Checks an issuer (OpenID Connect Discovery 1.0, section 3).
///
/// # Errors
/// Returns [`InvalidIssuer`] if it is not a safe URL, or if it has a query or a fragment.
fn check_issuer(issuer: &str) -> Result<(), InvalidIssuer> {
    let url = Url::parse(issuer).map_err(|_| InvalidIssuer)?;
    let is_bare = url.query().is_none() && url.fragment().is_none();
    if is_bare && is_safe(&url) { Ok(()) } else { Err(InvalidIssuer) }
}

/// Returns whether responses from `url` cannot be altered on the network: it uses https, or http with a
/// loopback address.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        _ => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_tokens_have_the_type_of_rfc_9068_or_none_of_their_own() {
        let environment = |types: Option<&str>| {
            let mut all = vec![(ISSUER.name.to_owned(), "https://i.example".to_owned())];
            all.extend(types.map(|types| (TOKEN_TYPES.name.to_owned(), types.to_owned())));
            all.into_iter().collect::<service_runtime::config::Environment>()
        };
        let settings = |types| OidcSettings::read(&mut Reader::new(&environment(types))).unwrap();
        let (default, strict) = (settings(None), settings(Some("at+jwt")));
        for (typ, by_default, strictly) in [
            (Some("at+jwt"), true, true),
            (Some("application/AT+JWT"), true, true),
            (Some("JWT"), true, false),
            (None, true, false),
            (Some("logout+jwt"), false, false),
            (Some("dpop+jwt"), false, false),
            (Some("secevent+jwt"), false, false),
            (Some(""), false, false),
        ] {
            assert_eq!(
                (default.accepts_type(typ), strict.accepts_type(typ)),
                (by_default, strictly),
                "{typ:?}"
            );
        }
    }

    #[test]
    fn issuers_use_https_except_on_loopback_addresses() {
        for valid in ["https://login.example.com/t1", "http://127.0.0.1:9000", "http://[::1]:9000"] {
            assert!(check_issuer(valid).is_ok(), "{valid}");
        }
        for invalid in [
            "http://login.example.com",
            "https://a.example?x=1",
            "https://a.example#f",
            "login",
            "http://localhost.evil",
        ] {
            assert!(check_issuer(invalid).is_err(), "{invalid}");
        }
    }
}
