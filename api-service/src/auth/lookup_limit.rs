//! The limit on look-ups of API keys that do not exist, which anybody can cause without a key.
//!
//! A look-up takes a token from the bucket of the client's address and from one that all clients share; a
//! look-up that finds a key gives them back. Invented keys thus cost the table a bounded number of reads, and
//! one address cannot use up what others need.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::time::UtcTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Kind, Problem};

/// Unknown keys that one address may send at once, and per second after that.
const PER_ADDRESS: Rate = Rate { burst: 20.0, per_second: 2.0 };
/// Unknown keys that all addresses together may send.
const TOTAL: Rate = Rate { burst: 400.0, per_second: 200.0 };
/// Maximum number of concurrent look-ups.
const CONCURRENT_MAX: usize = 64;
/// Number of tracked addresses above which those with a full bucket are forgotten.
const ADDRESSES_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Rate {
    burst: f64,
    per_second: f64,
}

/// A token bucket.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: UtcTime,
}

impl Bucket {
    /// Adds the tokens since the last call.
    fn fill(&mut self, rate: Rate, now: UtcTime) {
        let seconds = now.since(self.at).as_secs_f64();
        self.tokens = (self.tokens + seconds * rate.per_second).min(rate.burst);
        self.at = self.at.max(now);
    }

    /// Returns the time until a token is there; `None` if there is one.
    fn wait(self, rate: Rate) -> Option<Duration> {
        (self.tokens < 1.0).then(|| Duration::from_secs_f64((1.0 - self.tokens) / rate.per_second))
    }
}

/// The limit on look-ups of unknown keys. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct LookupLimit {
    buckets: Arc<Mutex<Buckets>>,
    concurrent: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Buckets {
    by_address: HashMap<IpAddr, Bucket>,
    total: Option<Bucket>,
}

/// The permission for one look-up.
#[derive(Debug)]
pub(super) struct LookupPermit {
    buckets: Arc<Mutex<Buckets>>,
    address: IpAddr,
    _concurrent: OwnedSemaphorePermit,
}

impl Default for LookupLimit {
    fn default() -> Self {
        Self { buckets: Arc::default(), concurrent: Arc::new(Semaphore::new(CONCURRENT_MAX)) }
    }
}

impl LookupLimit {
    /// Permits a look-up for a client at `address`.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the client sent too many unknown keys, or if too many
    /// look-ups are in progress.
    pub(super) fn permit(&self, address: IpAddr, now: UtcTime) -> Result<LookupPermit, Problem> {
        let Ok(concurrent) = Arc::clone(&self.concurrent).try_acquire_owned() else {
            return Err(overloaded(Duration::from_secs(1)));
        };
        let mut buckets = lock(&self.buckets);
        let Buckets { by_address, total } = &mut *buckets;
        if by_address.len() >= ADDRESSES_MAX && !by_address.contains_key(&address) {
            by_address.retain(|_, bucket| {
                bucket.fill(PER_ADDRESS, now);
                bucket.tokens < PER_ADDRESS.burst
            });
        }
        let total = total.get_or_insert(Bucket { tokens: TOTAL.burst, at: now });
        total.fill(TOTAL, now);
        if let Some(wait) = total.wait(TOTAL) {
            return Err(overloaded(wait));
        }
        let bucket = by_address.entry(address).or_insert(Bucket { tokens: PER_ADDRESS.burst, at: now });
        bucket.fill(PER_ADDRESS, now);
        if let Some(wait) = bucket.wait(PER_ADDRESS) {
            let detail = "too many unknown API keys came from your address: check the key, and retry after the time \
                in Retry-After";
            return Err(Problem::new(Kind::TooManyRequests, detail).retry_after(wait));
        }
        bucket.tokens -= 1.0;
        total.tokens -= 1.0;
        drop(buckets);
        Ok(LookupPermit { buckets: Arc::clone(&self.buckets), address, _concurrent: concurrent })
    }
}

impl LookupPermit {
    /// Gives the tokens back, because the look-up found a key or failed.
    pub(super) fn refund(self) {
        let mut buckets = lock(&self.buckets);
        if let Some(bucket) = buckets.by_address.get_mut(&self.address) {
            bucket.tokens += 1.0;
        }
        if let Some(total) = &mut buckets.total {
            total.tokens += 1.0;
        }
    }
}

fn overloaded(wait: Duration) -> Problem {
    let detail = "too many API keys are being looked up: retry after the time in Retry-After";
    Problem::new(Kind::Overloaded, detail).retry_after(wait)
}

fn lock(buckets: &Mutex<Buckets>) -> MutexGuard<'_, Buckets> {
    buckets.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> UtcTime {
        UtcTime::from_epoch_millis(0).plus(Duration::from_millis(millis))
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn one_address_runs_out_of_look_ups_and_another_does_not() {
        let limit = LookupLimit::default();
        for _ in 0..20 {
            drop(limit.permit(address(1), at(0)).unwrap());
        }
        let refused = limit.permit(address(1), at(0)).unwrap_err();
        assert!(format!("{refused:?}").contains("TooManyRequests"), "{refused:?}");
        assert!(limit.permit(address(2), at(0)).is_ok());
        assert!(limit.permit(address(1), at(499)).is_err());
        assert!(limit.permit(address(1), at(500)).is_ok());
        assert!(limit.permit(address(1), at(500)).is_err());
    }

    #[test]
    fn keys_that_exist_cost_nothing() {
        let limit = LookupLimit::default();
        for _ in 0..1_000 {
            limit.permit(address(1), at(0)).unwrap().refund();
        }
    }

    #[test]
    fn many_addresses_share_a_limit_and_take_bounded_memory() {
        let limit = LookupLimit::default();
        let admitted = (0..100_000).filter(|number| limit.permit(address(*number), at(0)).is_ok()).count();
        assert_eq!(admitted, 400);
        // In 100 s, 20,000 look-ups are admitted, each from an address of its own.
        let later = (0..200_000)
            .filter(|number| limit.permit(address(100_000 + number), at(u64::from(number / 2))).is_ok());
        assert!((19_999..=20_001).contains(&later.count()));
        assert!(lock(&limit.buckets).by_address.len() <= ADDRESSES_MAX);
    }

    #[test]
    fn look_ups_in_progress_are_bounded() {
        let limit = LookupLimit::default();
        let held: Vec<_> = (0..64).map(|number| limit.permit(address(number), at(0)).unwrap()).collect();
        let refused = limit.permit(address(100), at(0)).unwrap_err();
        assert!(format!("{refused:?}").contains("Overloaded"), "{refused:?}");
        drop(held);
        assert!(limit.permit(address(100), at(0)).is_ok());
    }
}
