//! The limit on requests per second of each tenant, and the `RateLimit` headers of responses.

use std::{
    fmt::Write as _,
    num::NonZeroU32,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{Extensions, HeaderName, HeaderValue, Response},
    middleware::Next,
};
use domain::identity::Tenant;
use governor::{
    Quota, RateLimiter as Governor,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

use super::settings::LimitSettings;
use crate::problem::{Kind, Problem};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The size of a burst: as many requests as the limit allows in this many seconds.
const BURST_SECONDS: u32 = 2;

/// Number of tracked tenants above which those without recent requests are forgotten.
const TENANTS_MAX: usize = 10_000;

/// The rate limit of each tenant, for this process.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    governor: Governor<Tenant, DefaultKeyedStateStore<Tenant>, DefaultClock, StateInformationMiddleware>,
    requests_per_second: NonZeroU32,
    reports_per_day: Option<u64>,
}

/// The state of a tenant's rate limit after a request.
#[derive(Clone, Copy, Debug)]
struct RateLimitState {
    /// Number of requests that the tenant can still send at once.
    remaining: u32,
    /// The time until the whole burst is available again or, after a rejected request, until the next request
    /// is allowed.
    reset: Duration,
}

/// A place in a request's extensions where [`RateLimiter::check`] leaves its outcome for [`add_headers`].
#[derive(Clone, Debug, Default)]
struct Outcome(Arc<OnceLock<RateLimitState>>);

impl RateLimiter {
    /// Creates a limiter that allows each tenant the configured number of requests per second.
    pub(crate) fn new(settings: &LimitSettings) -> Self {
        let LimitSettings { requests_per_second, reports_per_day, .. } = *settings;
        let burst = requests_per_second.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
        let quota = Quota::per_second(requests_per_second).allow_burst(burst);
        let governor = Governor::keyed(quota).with_middleware();
        Self { governor, requests_per_second, reports_per_day }
    }

    /// Counts a request of `tenant`, and leaves the outcome in the request's `extensions`.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the tenant exceeds its rate limit.
    pub(crate) fn check(&self, extensions: &Extensions, tenant: &Tenant) -> Result<(), Problem> {
        let (admitted, state) = self.count(tenant);
        if let Some(outcome) = extensions.get::<Outcome>() {
            let _ = outcome.0.set(state);
        }
        if admitted {
            return Ok(());
        }
        let detail = format!(
            "your tenant exceeds its limit of {} requests a second: retry after the time in Retry-After, and send fewer",
            self.requests_per_second
        );
        Err(Problem::new(Kind::TooManyRequests, detail).retry_after(state.reset))
    }

    fn count(&self, tenant: &Tenant) -> (bool, RateLimitState) {
        if self.governor.len() > TENANTS_MAX {
            self.governor.retain_recent();
        }
        match self.governor.check_key(tenant) {
            Ok(snapshot) => {
                let remaining = snapshot.remaining_burst_capacity();
                let used = self.burst().saturating_sub(remaining);
                let reset =
                    Duration::from_secs_f64(f64::from(used) / f64::from(self.requests_per_second.get()));
                (true, RateLimitState { remaining, reset })
            }
            Err(not_until) => {
                let reset = not_until.wait_time_from(self.governor.clock().now());
                (false, RateLimitState { remaining: 0, reset })
            }
        }
    }

    fn burst(&self) -> u32 {
        self.requests_per_second.get().saturating_mul(BURST_SECONDS)
    }

    /// Returns the values of the headers `RateLimit-Policy` and `RateLimit`.
    fn headers(&self, state: &RateLimitState) -> [(HeaderName, String); 2] {
        let mut policy = format!("\"requests\";q={};w={BURST_SECONDS}", self.burst());
        if let Some(reports) = self.reports_per_day {
            let _ = write!(policy, ", \"reports\";q={reports};w=86400");
        }
        let seconds = state.reset.as_millis().div_ceil(1000);
        let limit = format!("\"requests\";r={};t={seconds}", state.remaining);
        [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, limit)]
    }
}

/// Adds the headers of "RateLimit header fields for HTTP" (a draft of the IETF's httpapi working group) to
/// responses to authenticated requests.
pub(crate) async fn add_headers(
    State(limiter): State<Arc<RateLimiter>>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let outcome = Outcome::default();
    request.extensions_mut().insert(outcome.clone());
    let mut response = next.run(request).await;
    if let Some(state) = outcome.0.get() {
        for (name, value) in limiter.headers(state) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}
