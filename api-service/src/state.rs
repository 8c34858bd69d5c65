//! The state of the router: the components that handlers and extractors take by [`FromRef`].

use std::sync::Arc;

use aws_adapters::{keys::Keys, spending::Spending, webhook_secrets::WebhookSecrets};
use axum::extract::FromRef;
use service_runtime::clock::Clock;

use crate::{
    auth::Authenticator,
    body::BodyMemory,
    health::Readiness,
    limits::{DailyQuota, FollowerLimit, RateLimiter},
    reports::{ReportWatcher, Reports},
    writes::Writes,
};

/// Declares the state, and lets handlers take each component by itself.
macro_rules! state {
    ($($component:ident: $type:ty,)+) => {
        /// The components that handlers share. Clones share them, too.
        #[derive(Clone, Debug)]
        pub(crate) struct AppState {
            $(pub(crate) $component: $type,)+
        }

        $(impl FromRef<AppState> for $type {
            fn from_ref(state: &AppState) -> Self {
                state.$component.clone()
            }
        })+
    };
}

state! {
    authenticator: Arc<Authenticator>,
    rate_limiter: Arc<RateLimiter>,
    daily_quota: Arc<DailyQuota>,
    followers: Arc<FollowerLimit>,
    body_memory: BodyMemory,
    writes: Writes,
    reports: Arc<Reports>,
    watcher: Arc<ReportWatcher>,
    readiness: Arc<Readiness>,
    spending: Spending,
    keys: Keys,
    webhook_secrets: WebhookSecrets,
    clock: Clock,
}
