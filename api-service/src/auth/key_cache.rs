//! A cache of API keys in front of the DynamoDB table.

use std::{future::Future, time::Duration};

use aws_adapters::{error::AwsError, keys::Keys};
use domain::{
    access::{ApiKey, KeyId, KeyRecord},
    time::UtcTime,
};
use moka::future::Cache;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::caller::{Actor, Caller};
use crate::problem::Problem;

/// How long a cached key is used without another look-up. A revoked key is rejected after this time at the
/// latest, unless the table does not answer; then `STALE` applies.
const FRESH: Duration = Duration::from_secs(20);

/// Maximum age of a cached key that is used while the table does not answer.
const STALE: Duration = Duration::from_secs(50);

/// Maximum number of cached entries, including those for ids that do not exist. They take a few megabytes.
const CAPACITY: u64 = 10_000;

/// Maximum number of concurrent look-ups of keys in the table, so that a flood of invented keys cannot
/// overload the table.
const LOOKUPS_MAX: usize = 64;

/// The result of a look-up in the table.
#[derive(Clone, Debug)]
struct Reading {
    /// The key's record, or `None` if there is no such key.
    record: Option<KeyRecord>,
    /// When the key was looked up.
    at: UtcTime,
}

/// The outcome of the last look-up of a key.
#[derive(Clone, Debug)]
enum Entry {
    /// The table answered.
    Read(Reading),
    /// The look-up failed. `last` is the last successful one, if any.
    Failed { last: Option<Reading>, error: AwsError },
}

impl Entry {
    fn is_fresh(&self, now: UtcTime) -> bool {
        matches!(self, Self::Read(reading) if now.since(reading.at) < FRESH)
    }

    /// Returns the key's record. After a failed look-up, returns the last known record while it is younger
    /// than `STALE`.
    ///
    /// # Errors
    /// Returns the error of the failed look-up if there is no such record.
    fn record(self, now: UtcTime) -> Result<Option<KeyRecord>, AwsError> {
        match self {
            Self::Read(reading) => Ok(reading.record),
            Self::Failed { last: Some(reading), .. } if now.since(reading.at) < STALE => Ok(reading.record),
            Self::Failed { error, .. } => Err(error),
        }
    }

    fn into_reading(self) -> Option<Reading> {
        match self {
            Self::Read(reading) => Some(reading),
            Self::Failed { last, .. } => last,
        }
    }
}

/// Caches API keys, and the ids of keys that do not exist. Concurrent requests with the same key share one
/// look-up.
///
/// Ages are measured against the `now` of each call. The cache's own time-to-live only removes entries that
/// are too old to be used.
#[derive(Debug)]
pub struct KeyCache {
    entries: Cache<KeyId, Entry>,
    lookups: Semaphore,
}

impl Default for KeyCache {
    fn default() -> Self {
        // The cache's TinyLFU policy keeps keys that are used repeatedly, so invented ids do not evict them.
        let entries = Cache::builder().max_capacity(CAPACITY).time_to_live(STALE).build();
        Self { entries, lookups: Semaphore::new(LOOKUPS_MAX) }
    }
}

impl KeyCache {
    /// Returns the caller who holds `key`.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the key is unknown, revoked or expired, or if it cannot be
    /// looked up.
    pub async fn caller(&self, keys: &Keys, key: &ApiKey, now: UtcTime) -> Result<Caller, Problem> {
        let unknown = || Problem::unauthenticated("the API key is unknown");
        let record = self.record(&key.id, now, keys.get(&key.id)).await?.ok_or_else(unknown)?;
        if !bool::from(record.hash.ct_eq(&key.hash())) {
            return Err(unknown());
        }
        if !record.is_active(now) {
            let state = if record.revoked_at.is_some() { "revoked" } else { "expired" };
            return Err(Problem::unauthenticated(&format!("the API key is {state}")));
        }
        Ok(Caller {
            tenant: record.tenant,
            actor: Actor::Key(record.id),
            scopes: record.scopes,
            active_until: record.expires_at,
        })
    }

    /// Returns whether the key `id` is active. Returns `false` if it cannot be looked up.
    pub async fn is_active(&self, keys: &Keys, id: &KeyId, now: UtcTime) -> bool {
        let record = self.record(id, now, keys.get(id)).await;
        record.is_ok_and(|record| record.is_some_and(|record| record.is_active(now)))
    }

    /// Returns the record of the key `id` from the cache, or from `lookup` if the cached one is not fresh.
    ///
    /// # Errors
    /// Returns the error of `lookup` if no cached record is young enough to be used instead.
    async fn record(
        &self,
        id: &KeyId,
        now: UtcTime,
        lookup: impl Future<Output = Result<Option<KeyRecord>, AwsError>>,
    ) -> Result<Option<KeyRecord>, AwsError> {
        let cached = match self.entries.get(id).await {
            Some(entry) if entry.is_fresh(now) => return entry.record(now),
            cached => cached,
        };
        let refresh = async {
            let _permit = self.lookups.acquire().await;
            match lookup.await {
                Ok(record) => Entry::Read(Reading { record, at: now }),
                Err(error) => {
                    tracing::warn!(error = %error, "an API key could not be looked up; a cached record is used until it is 50 seconds old");
                    Entry::Failed { last: cached.and_then(Entry::into_reading), error }
                }
            }
        };
        // Concurrent callers with the same key share this outcome, failures included, so in an outage none of
        // them waits for more than one look-up.
        let entry = self.entries.entry_by_ref(id).or_insert_with_if(refresh, |entry| !entry.is_fresh(now));
        entry.await.into_value().record(now)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::future::join_all;

    use super::*;

    fn at(seconds: u64) -> UtcTime {
        UtcTime::from_epoch_millis(0).plus(Duration::from_secs(seconds))
    }

    fn record() -> KeyRecord {
        let key = ApiKey::new(rand::random(), rand::random());
        KeyRecord {
            hash: key.hash(),
            id: key.id,
            tenant: "dev".parse().unwrap(),
            scopes: domain::access::Scopes::default(),
            label: None,
            created_at: at(0),
            expires_at: None,
            revoked_at: None,
        }
    }

    #[tokio::test]
    async fn concurrent_requests_with_one_key_share_a_look_up() {
        let (cache, lookups, record) = (KeyCache::default(), AtomicU32::new(0), record());
        let lookup = async |answer: Result<Option<KeyRecord>, AwsError>| {
            lookups.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
            answer
        };
        let all = (0..20).map(|_| cache.record(&record.id, at(0), lookup(Ok(Some(record.clone())))));
        assert!(join_all(all).await.into_iter().all(|found| found.unwrap().is_some()));
        assert_eq!(lookups.load(Ordering::SeqCst), 1);
        // Failures are shared, too. The cached record is used until it is 50 seconds old.
        let failure = || AwsError::unusable("DynamoDB", "GetItem", "no answer");
        let all = (0..20).map(|_| cache.record(&record.id, at(49), lookup(Err(failure()))));
        assert!(join_all(all).await.into_iter().all(|found| found.unwrap().is_some()));
        assert_eq!(lookups.load(Ordering::SeqCst), 2);
        assert!(cache.record(&record.id, at(50), lookup(Err(failure()))).await.is_err());
    }

    #[tokio::test]
    async fn unknown_ids_are_cached_for_20_seconds() {
        let (cache, lookups) = (KeyCache::default(), AtomicU32::new(0));
        let id = record().id;
        let lookup = async || {
            lookups.fetch_add(1, Ordering::SeqCst);
            Ok(None)
        };
        for (seconds, expected) in [(0, 1), (19, 1), (20, 2), (39, 2), (41, 3)] {
            assert!(cache.record(&id, at(seconds), lookup()).await.unwrap().is_none());
            assert_eq!(lookups.load(Ordering::SeqCst), expected, "{seconds} s");
        }
    }
}
