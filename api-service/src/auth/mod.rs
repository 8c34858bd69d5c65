//! Authentication and authorisation. A bearer token (RFC 6750), which is either an API key from the table or
//! a token of an OpenID provider, identifies the tenant and the scopes of the caller.

mod authenticator;
mod caller;
mod extract;
mod key_cache;
mod lookup_limit;
mod oidc;

pub(crate) use self::{
    authenticator::Authenticator,
    extract::{Admin, Reader, UsageReader, Writer},
    oidc::{OIDC_SETTINGS, OidcSettings, TokenVerifier},
};
pub use self::{
    caller::{Actor, Caller},
    key_cache::KeyCache,
};
