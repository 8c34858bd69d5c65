//! Extractors that authenticate the caller and require a scope. They are the only way for a handler to obtain
//! a [`Caller`], so no handler can forget the check.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use domain::access::Scope;

use super::{authenticator::Authenticator, caller::Caller};
use crate::{
    limits::RateLimiter,
    problem::{Kind, Problem},
};

/// Declares an extractor for each scope: it authenticates the caller, counts the request against the tenant's
/// rate limit and rejects callers without the scope.
macro_rules! callers_with_scope {
    ($($(#[$doc:meta])* $name:ident: $scope:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(crate) struct $name(pub(crate) Caller);

        impl<S> FromRequestParts<S> for $name
        where
            S: Send + Sync,
            Arc<Authenticator>: FromRef<S>,
            Arc<RateLimiter>: FromRef<S>,
        {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                let authenticator = Arc::<Authenticator>::from_ref(state);
                let rate_limiter = Arc::<RateLimiter>::from_ref(state);
                authorize(parts, &authenticator, &rate_limiter, Scope::$scope).await.map(Self)
            }
        }
    )+};
}

callers_with_scope! {
    /// A caller who may submit, cancel and resubmit reports.
    Writer: ReportsWrite;
    /// A caller who may read reports.
    Reader: ReportsRead;
    /// A caller who may read the tenant's usage.
    UsageReader: UsageRead;
    /// A caller with every scope.
    Admin: Admin;
}

async fn authorize(
    parts: &Parts,
    authenticator: &Authenticator,
    rate_limiter: &RateLimiter,
    scope: Scope,
) -> Result<Caller, Problem> {
    let caller = authenticator.authenticate(parts).await?;
    rate_limiter.check(&parts.extensions, &caller.tenant)?;
    if caller.scopes.allow(scope) {
        return Ok(caller);
    }
    Err(Problem::new(
        Kind::ScopeMissing,
        format!("this request needs the scope {scope}: ask your operator for a key or token that has it"),
    ))
}
