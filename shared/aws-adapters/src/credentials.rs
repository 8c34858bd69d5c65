//! The credentials of the services, renewed before they end: what is signed with them, such as a link to a file,
//! is valid only as long as they are.

use std::{
    fmt,
    sync::{PoisonError, RwLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use domain::time::UtcTime;
use service_runtime::clock::Clock;
use tokio::{sync::Mutex, time::timeout};

use crate::error::chain;

/// How long before their end credentials are renewed: longer than a link is valid. The SDK renews them ten
/// seconds before their end by default.
const RENEW_AHEAD: Duration = Duration::from_secs(15 * 60);

/// Maximum pause between two tries to renew credentials that are still valid. The endpoint of ECS returns the
/// same credentials until new ones have been issued.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Number of tries to renew credentials within the time that they have left, if that is short.
const TRIES_BEFORE_END: u32 = 4;

/// Maximum duration of one try.
const LOAD_TIMEOUT: Duration = Duration::from_secs(5);

/// A provider that keeps the credentials of another one, and renews them 15 minutes before their end. If that
/// fails, the credentials are used until they end, and are renewed again and again.
///
/// The identity cache of the SDK can renew as early, but then drops valid credentials when a renewal fails, and
/// renews with every request while the source still returns the old ones.
pub(crate) struct RenewedCredentials {
    source: SharedCredentialsProvider,
    clock: Clock,
    current: RwLock<Option<Credentials>>,
    /// When the last renewal began. Locked during a renewal, so that there is one at a time.
    renewal: Mutex<Option<UtcTime>>,
}

impl fmt::Debug for RenewedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenewedCredentials").field("source", &self.source).finish_non_exhaustive()
    }
}

/// Returns the time that `credentials` have left at `now`; `None` if they do not end.
pub(crate) fn time_left(credentials: &Credentials, now: UtcTime) -> Option<Duration> {
    Some(UtcTime::from(credentials.expiry()?).since(now))
}

/// Returns `time` in the form of the SDK.
pub(crate) fn system_time(time: UtcTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(time.epoch_millis()).unwrap_or_default())
}

impl RenewedCredentials {
    /// Creates a provider that takes credentials from `source`.
    pub(crate) fn new(source: SharedCredentialsProvider, clock: Clock) -> Self {
        Self { source, clock, current: RwLock::default(), renewal: Mutex::default() }
    }

    /// Returns the credentials that were loaded last, unless they have ended at `now`, and the time that they
    /// have left.
    fn current(&self, now: UtcTime) -> Option<(Credentials, Duration)> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let left = time_left(&current, now).unwrap_or(Duration::MAX);
        (!left.is_zero()).then_some((current, left))
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let now = self.clock.now();
        let mut last_try = match self.current(now) {
            Some((current, left)) if left > RENEW_AHEAD => return Ok(current),
            // Another task renews them.
            Some((current, _)) => match self.renewal.try_lock() {
                Ok(last_try) => last_try,
                Err(_) => return Ok(current),
            },
            None => self.renewal.lock().await,
        };
        // Another task may have renewed them meanwhile.
        let current = self.current(now);
        if let Some((current, left)) = &current {
            let pause = (*left / TRIES_BEFORE_END).min(RETRY_PAUSE_MAX);
            if *left > RENEW_AHEAD || last_try.is_some_and(|at| now.since(at) < pause) {
                return Ok(current.clone());
            }
        }
        *last_try = Some(now);
        let loaded = timeout(LOAD_TIMEOUT, self.source.provide_credentials()).await;
        match (loaded.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(LOAD_TIMEOUT))), current) {
            (Ok(loaded), _) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded.clone());
                Ok(loaded)
            }
            (Err(error), Some((current, left))) => {
                tracing::warn!(error = %chain(&error), seconds_left = left.as_secs(), "the AWS credentials could not be renewed; the current ones are used until they end");
                Ok(current)
            }
            (Err(error), None) => Err(error),
        }
    }
}

impl ProvideCredentials for RenewedCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    };

    use super::*;

    const MINUTE: u64 = 60;

    fn at(seconds: u64) -> UtcTime {
        UtcTime::from_epoch_millis(0).plus(Duration::from_secs(seconds))
    }

    /// Returns credentials that end at a set time, or an error if that time is negative.
    #[derive(Clone, Debug, Default)]
    struct Source {
        end: Arc<AtomicI64>,
        loads: Arc<AtomicU32>,
    }

    impl Source {
        fn set(&self, end: i64) {
            self.end.store(end, Ordering::SeqCst);
        }
    }

    impl ProvideCredentials for Source {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            self.loads.fetch_add(1, Ordering::SeqCst);
            let end = u64::try_from(self.end.load(Ordering::SeqCst));
            future::ProvideCredentials::ready(match end {
                Ok(end) => Ok(Credentials::new("id", "secret", None, Some(system_time(at(end))), "test")),
                Err(_) => Err(CredentialsError::not_loaded("no answer")),
            })
        }
    }

    /// Returns the source, and the end of the credentials that are provided and the number of loads so far, at
    /// a time in seconds.
    async fn provided(renewed: &RenewedCredentials, source: &Source, seconds: u64) -> (Option<u64>, u32) {
        renewed.clock.set(at(seconds));
        let end = renewed.provide().await.ok().and_then(|credentials| time_left(&credentials, at(0)));
        (end.map(|end| end.as_secs()), source.loads.load(Ordering::SeqCst))
    }

    fn renewed() -> (RenewedCredentials, Source) {
        let source = Source::default();
        let shared = SharedCredentialsProvider::new(source.clone());
        (RenewedCredentials::new(shared, Clock::fixed(at(0))), source)
    }

    #[tokio::test]
    async fn credentials_are_renewed_fifteen_minutes_before_their_end() {
        let (renewed, source) = renewed();
        source.set(360 * 60);
        assert_eq!(provided(&renewed, &source, 0).await, (Some(360 * MINUTE), 1));
        source.set(720 * 60);
        assert_eq!(provided(&renewed, &source, 344 * MINUTE).await, (Some(360 * MINUTE), 1));
        assert_eq!(provided(&renewed, &source, 345 * MINUTE).await, (Some(720 * MINUTE), 2));
        assert_eq!(provided(&renewed, &source, 346 * MINUTE).await, (Some(720 * MINUTE), 2));
    }

    #[tokio::test]
    async fn the_old_ones_are_used_while_the_source_has_no_others() {
        let (renewed, source) = renewed();
        source.set(60 * 60);
        assert_eq!(provided(&renewed, &source, 0).await, (Some(60 * MINUTE), 1));
        // The source still returns the same ones, then fails, and is not asked with every request.
        assert_eq!(provided(&renewed, &source, 45 * MINUTE).await, (Some(60 * MINUTE), 2));
        assert_eq!(provided(&renewed, &source, 45 * MINUTE + 29).await, (Some(60 * MINUTE), 2));
        source.set(-1);
        assert_eq!(provided(&renewed, &source, 45 * MINUTE + 30).await, (Some(60 * MINUTE), 3));
        assert_eq!(provided(&renewed, &source, 60 * MINUTE - 1).await, (Some(60 * MINUTE), 4));
        assert_eq!(provided(&renewed, &source, 60 * MINUTE).await, (None, 5));
        source.set(120 * 60);
        assert_eq!(provided(&renewed, &source, 60 * MINUTE).await, (Some(120 * MINUTE), 6));
    }

    #[tokio::test]
    async fn credentials_of_eight_seconds_are_renewed_before_they_end() {
        let (renewed, source) = renewed();
        source.set(8);
        assert_eq!(provided(&renewed, &source, 0).await, (Some(8), 1));
        source.set(13);
        assert_eq!(provided(&renewed, &source, 1).await, (Some(8), 1));
        assert_eq!(provided(&renewed, &source, 5).await, (Some(13), 2));
    }

    #[tokio::test]
    async fn credentials_without_an_end_are_loaded_once() {
        let keys = Credentials::new("id", "secret", None, None, "test");
        let renewed = RenewedCredentials::new(SharedCredentialsProvider::new(keys), Clock::fixed(at(0)));
        assert!(renewed.provide().await.is_ok_and(|credentials| time_left(&credentials, at(0)).is_none()));
        assert!(renewed.current(at(1_000_000)).is_some());
    }
}
