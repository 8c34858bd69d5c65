//! Tokens of an OpenID provider: signed JWTs (RFC 9068), verified with keys that are found by OpenID Connect
//! Discovery 1.0.

mod claims;
mod key;
mod key_set;
mod settings;
mod verifier;

pub(crate) use self::{
    settings::{OIDC_SETTINGS, OidcSettings},
    verifier::TokenVerifier,
};
