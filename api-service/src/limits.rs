//! What one tenant may take, and what this process takes: requests per second, reports per day, requests at a time.

use std::{
    collections::HashMap,
    fmt::Write as _,
    num::NonZeroU32,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use aws_adapters::error::AwsError;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{Extensions, HeaderName, HeaderValue, Response},
    middleware::Next,
    response::IntoResponse,
};
use domain::{identity::Tenant, usage::Day};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use tokio::sync::Semaphore;

use crate::{
    application::App,
    problem::{Kind, Problem},
    reports::read::waits,
};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Seconds' worth of requests that may come at once.
const BURST_SECONDS: u32 = 2;

/// Tenants that are remembered before those that sent nothing lately are forgotten.
const TENANTS: usize = 10_000;

type Limiter = RateLimiter<Tenant, DefaultKeyedStateStore<Tenant>, DefaultClock, StateInformationMiddleware>;

/// What the settings allow.
#[derive(Clone, Copy, Debug)]
pub struct LimitSettings {
    /// Requests of a tenant per second, by each API task.
    pub requests_per_second: NonZeroU32,
    /// Reports of a tenant per day (UTC), by all API tasks together.
    pub reports_per_day: Option<u64>,
    /// Requests that are worked on at a time.
    pub in_flight: usize,
    /// Streams and waits of a tenant that are open at a time, at each API task.
    pub followers: usize,
}

/// The limits of this process.
#[derive(Debug)]
pub struct Limits {
    settings: LimitSettings,
    requests: Limiter,
    in_flight: Semaphore,
    open: Arc<Mutex<HashMap<Tenant, usize>>>,
}

/// What the headers of an answer say of its tenant's requests.
#[derive(Clone, Copy, Debug)]
struct RateLimitState {
    remaining: u32,
    reset: Duration,
}

/// Where the admission of a request leaves what its answer's headers are to say.
#[derive(Clone, Debug, Default)]
struct Slot(Arc<OnceLock<RateLimitState>>);

impl Limits {
    /// The limits that `settings` describe.
    pub fn new(settings: LimitSettings) -> Self {
        let burst =
            settings.requests_per_second.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
        let quota = Quota::per_second(settings.requests_per_second).allow_burst(burst);
        Self {
            settings,
            requests: RateLimiter::keyed(quota).with_middleware(),
            in_flight: Semaphore::new(settings.in_flight),
            open: Arc::default(),
        }
    }

    fn burst(&self) -> u32 {
        self.settings.requests_per_second.get().saturating_mul(BURST_SECONDS)
    }

    fn admit(&self, tenant: &Tenant) -> (bool, RateLimitState) {
        if self.requests.len() > TENANTS {
            self.requests.retain_recent();
        }
        match self.requests.check_key(tenant) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let missing = self.burst().saturating_sub(remaining);
                let reset = Duration::from_secs_f64(
                    f64::from(missing) / f64::from(self.settings.requests_per_second.get()),
                );
                (true, RateLimitState { remaining, reset })
            }
            Err(until) => {
                let reset = until.wait_time_from(self.requests.clock().now());
                (false, RateLimitState { remaining: 0, reset })
            }
        }
    }
}

/// Takes a request of `tenant` if its rate allows it, and leaves word for the answer's headers.
///
/// # Errors
/// The [`Problem`] to answer with when it does not.
pub fn admit(extensions: &Extensions, app: &App, tenant: &Tenant) -> Result<(), Problem> {
    let (admitted, standing) = app.limits.admit(tenant);
    if let Some(slot) = extensions.get::<Slot>() {
        let _ = slot.0.set(standing);
    }
    if admitted {
        return Ok(());
    }
    let most = app.limits.settings.requests_per_second;
    let detail =
        format!("your tenant sends more than {most} requests a second: send fewer, after Retry-After");
    Err(Problem::new(Kind::TooManyRequests, detail).retry_after(standing.reset))
}

/// Adds the headers of the "RateLimit header fields for HTTP" (draft of the IETF's httpapi group).
pub async fn headers(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response<Body> {
    let slot = Slot::default();
    request.extensions_mut().insert(slot.clone());
    let mut response = next.run(request).await;
    if let Some(RateLimitState { remaining, reset }) = slot.0.get() {
        let burst = app.limits.burst();
        let mut policy = format!("\"requests\";q={burst};w={BURST_SECONDS}");
        if let Some(reports) = app.limits.settings.reports_per_day {
            let _ = write!(policy, ", \"reports\";q={reports};w=86400");
        }
        let seconds = reset.as_millis().div_ceil(1000);
        let standing = format!("\"requests\";r={remaining};t={seconds}");
        for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, standing)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}

/// Refuses what comes on top of the requests that are worked on, at once: an answer now is worth more than one that is too
/// late. Waits that clients ask for do nothing meanwhile and do not count.
pub async fn shed(State(app): State<Arc<App>>, request: Request, next: Next) -> Response<Body> {
    let waits = waits(&request).is_some();
    let is_probe = matches!(request.uri().path(), "/healthz" | "/readyz");
    if waits || is_probe {
        return next.run(request).await;
    }
    let Ok(_turn) = app.limits.in_flight.try_acquire() else {
        let detail =
            "the service has more requests than it can work on: send the request again, after Retry-After";
        return Problem::new(Kind::Overloaded, detail).retry_after(Duration::from_secs(1)).into_response();
    };
    next.run(request).await
}

/// An open stream or wait of a tenant; it counts until it is dropped.
#[derive(Debug)]
pub struct Follower {
    open: Arc<Mutex<HashMap<Tenant, usize>>>,
    tenant: Tenant,
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.tenant);
            }
        }
    }
}

impl Limits {
    /// Takes a stream or a wait of `tenant`: each holds a connection that others could have.
    ///
    /// # Errors
    /// The [`Problem`] to answer with when the tenant has too many open.
    pub fn follow(&self, tenant: &Tenant) -> Result<Follower, Problem> {
        let most = self.settings.followers;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(tenant.clone()).or_default();
        if *count >= most {
            let detail = format!("your tenant has {most} streams and waits open at this service: close some");
            return Err(Problem::new(Kind::TooManyRequests, detail).retry_after(Duration::from_secs(5)));
        }
        *count += 1;
        Ok(Follower { open: Arc::clone(&self.open), tenant: tenant.clone() })
    }
}

/// DailyQuota for reports of a day, taken before they are recorded.
#[derive(Debug)]
pub struct DailyQuota<'a> {
    app: &'a App,
    tenant: Tenant,
    day: Day,
    taken: u64,
}

/// Takes room for up to `wanted` reports of `tenant` today; without a limit there is room for all.
///
/// # Errors
/// [`AwsError`] when it is not known how much is left.
pub async fn reserve_daily<'a>(
    app: &'a App,
    tenant: &Tenant,
    wanted: u64,
) -> Result<DailyQuota<'a>, AwsError> {
    let day = Day::of(app.clock.now());
    let taken = match app.limits.settings.reports_per_day {
        None => wanted,
        Some(most) => app.aws.spending.admit(tenant, day, wanted, most).await?,
    };
    Ok(DailyQuota { app, tenant: tenant.clone(), day, taken })
}

impl DailyQuota<'_> {
    /// For how many reports there is quota.
    pub fn size(&self) -> u64 {
        self.taken
    }

    /// Keeps what `used` reports took and gives back the rest. A failure costs the tenant that room for the day.
    pub async fn commit(self, used: u64) {
        let unused = self.taken.saturating_sub(used);
        if self.app.limits.settings.reports_per_day.is_none() || unused == 0 {
            return;
        }
        if let Err(error) = self.app.aws.spending.give_back(&self.tenant, self.day, unused).await {
            tracing::warn!(error = %error, tenant = %self.tenant, unused, "room for reports of the day could not be given back");
        }
    }

    /// What a report is told for which there is no quota.
    pub fn refusal(&self) -> Problem {
        let most = self.app.limits.settings.reports_per_day.unwrap_or_default();
        let left = self.day.next().start().since(self.app.clock.now());
        Problem::new(
            Kind::DailyLimit,
            format!("your tenant has asked for its {most} reports of {} (UTC): ask again tomorrow, or ask the operator for more", self.day),
        )
        .retry_after(left)
    }
}
