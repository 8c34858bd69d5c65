//! Who is calling: a bearer token (RFC 6750), which is an API key of the table or a token of an OpenID provider, stands for
//! a tenant and for what the caller may do.

mod keys;
mod oidc;

use std::{fmt, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{header::AUTHORIZATION, request::Parts},
};
use domain::{
    access::{ApiKey, KeyId, Scope, Scopes},
    identity::Tenant,
    time::UtcTime,
};
use secrecy::SecretString;

pub use self::{
    keys::KeyCache,
    oidc::{Oidc, OidcSettings, check_issuer},
};
use crate::{
    application::App,
    limits,
    problem::{Kind, Problem},
};

/// Who made a request, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The holder of this API key.
    Key(KeyId),
    /// The subject of a token, told by a hash of issuer and subject: the subject itself may be a person's name.
    Subject(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Subject(hash) => write!(f, "subject:{hash}"),
        }
    }
}

/// The caller of a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose reports the caller may see.
    pub tenant: Tenant,
    /// Who it is.
    pub actor: Actor,
    /// What the caller may do.
    pub scopes: Scopes,
    /// Until when that is known to hold; for ever where a key says so.
    pub active_until: Option<UtcTime>,
}

impl Caller {
    /// Whether the caller would still be let in. While nobody can tell, nobody is let go on.
    pub async fn is_still_active(&self, app: &App) -> bool {
        let now = app.clock.now();
        let in_time = self.active_until.is_none_or(|end| now < end);
        match &self.actor {
            Actor::Key(id) => in_time && app.key_cache.is_active(&app.aws.keys, id, now).await,
            Actor::Subject(_) => in_time,
        }
    }

    /// Writes into the audit log that the caller did `action` to `subject`.
    pub fn audit(&self, action: &'static str, subject: &dyn fmt::Display) {
        tracing::info!(
            target: "dossier::audit",
            action,
            subject = %subject,
            tenant = %self.tenant,
            actor = %self.actor,
            "audit"
        );
    }
}

/// Declares extractors of a [`Caller`] who has a scope; everybody else is refused. A handler cannot get at a caller in any
/// other way, so none can forget to ask.
macro_rules! callers_with {
    ($($(#[$doc:meta])* $name:ident: $scope:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub Caller);

        impl FromRequestParts<Arc<App>> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
                authorised(parts, app, Scope::$scope).await.map(Self)
            }
        }
    )+};
}

callers_with! {
    /// A caller who may ask for reports.
    Writer: ReportsWrite;
    /// A caller who may read reports.
    Reader: ReportsRead;
    /// A caller who may read what was used.
    UsageReader: UsageRead;
    /// A caller who may do everything.
    Admin: Admin;
}

async fn authorised(parts: &mut Parts, app: &Arc<App>, scope: Scope) -> Result<Caller, Problem> {
    let caller = authenticated(parts, app).await?;
    limits::admit(&parts.extensions, app, &caller.tenant)?;
    if caller.scopes.allow(scope) {
        return Ok(caller);
    }
    Err(Problem::new(
        Kind::ScopeMissing,
        format!("this needs a key or token with the scope {scope}: ask who gave you yours for one"),
    ))
}

async fn authenticated(parts: &Parts, app: &Arc<App>) -> Result<Caller, Problem> {
    let header =
        parts.headers.get(AUTHORIZATION).ok_or_else(|| Problem::unauthenticated("no key was sent"))?;
    let token = header.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token
        .ok_or_else(|| Problem::unauthenticated("the Authorization header is not of the form: Bearer KEY"))?;
    if let Some(key) = ApiKey::parse(token) {
        return app.key_cache.caller(&app.aws.keys, &key, app.clock.now()).await;
    }
    match &app.oidc {
        Some(oidc) if token.split('.').count() == 3 => oidc.caller(&SecretString::from(token)).await,
        _ => Err(Problem::unauthenticated("the key is not known")),
    }
}
