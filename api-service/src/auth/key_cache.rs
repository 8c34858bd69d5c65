//! A cache of API keys in front of the DynamoDB table.

use std::{
    future::Future,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_adapters::{error::AwsError, keys::Keys};
use domain::{
    access::{ApiKey, KeyId, KeyRecord},
    time::UtcTime,
};
use moka::sync::Cache;
use subtle::ConstantTimeEq;
use tokio::sync::OwnedMutexGuard;

use super::{
    caller::{Actor, Caller},
    lookup_limit::{LookupLimit, LookupPermit},
};
use crate::problem::Problem;

/// Age from which the record of a key in use is looked up again in the background.
const REFRESH: Duration = Duration::from_secs(10);

/// How long a cached record is used without another look-up having begun. A revoked key is rejected after
/// this time at the latest, unless the table does not answer; then `STALE` applies.
const FRESH: Duration = Duration::from_secs(20);

/// Maximum age of a cached record that is used while the table does not answer.
const STALE: Duration = Duration::from_secs(50);

/// Minimum time between two look-ups of a key while the table does not answer.
const RETRY: Duration = Duration::from_secs(1);

/// Maximum number of cached entries, including those for ids that do not exist. They take a few megabytes.
const CAPACITY: u64 = 10_000;

/// Time after which an entry that nobody uses is removed.
const IDLE: Duration = Duration::from_secs(600);

/// The result of a look-up in the table.
#[derive(Clone, Debug)]
struct Reading {
    /// The key's record, or `None` if there is no such key.
    record: Option<KeyRecord>,
    /// When the key was looked up.
    at: UtcTime,
}

/// What is known about a key.
#[derive(Clone, Debug, Default)]
struct Knowledge {
    /// The last look-up that the table answered.
    reading: Option<Reading>,
    /// The failure of the last look-up, if it failed, and its time.
    failure: Option<(AwsError, UtcTime)>,
    /// The number of look-ups that have ended.
    lookups: u64,
}

/// The cache's entry of one key.
#[derive(Debug, Default)]
struct Entry {
    knowledge: Mutex<Knowledge>,
    /// Locked while a look-up is in progress, so that all callers with the key share it.
    lookup: Arc<tokio::sync::Mutex<()>>,
}

/// What to do for a caller.
enum Step {
    /// Use this record.
    Use(Option<KeyRecord>),
    /// Use this record, and look the key up in the background.
    Refresh(Option<KeyRecord>),
    /// Look the key up. If a look-up is in progress already, use this record instead.
    LookUp(Option<KeyRecord>),
    /// Wait for a look-up: there is no usable record.
    Wait,
}

impl Entry {
    fn knowledge(&self) -> MutexGuard<'_, Knowledge> {
        self.knowledge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&self, now: UtcTime) -> Step {
        let knowledge = self.knowledge();
        let Some(Reading { record, at }) = knowledge.reading.clone() else { return Step::Wait };
        let age = now.since(at);
        let failed_at = knowledge.failure.as_ref().map(|(_, at)| *at);
        // Nobody waits for the end of an id that does not exist.
        if record.is_none() {
            return if age < FRESH { Step::Use(None) } else { Step::Wait };
        }
        match failed_at {
            _ if age >= STALE => Step::Wait,
            Some(at) if now.since(at) < RETRY => Step::Use(record),
            Some(_) => Step::Refresh(record),
            None if age < REFRESH => Step::Use(record),
            None if age < FRESH => Step::Refresh(record),
            None => Step::LookUp(record),
        }
    }

    /// Stores the outcome of a look-up that began at `now`.
    fn store(&self, outcome: Result<Option<KeyRecord>, AwsError>, now: UtcTime) {
        let mut knowledge = self.knowledge();
        knowledge.lookups += 1;
        match outcome {
            Ok(record) => {
                knowledge.reading = Some(Reading { record, at: now });
                knowledge.failure = None;
            }
            Err(error) => {
                tracing::warn!(error = %error, "an API key could not be looked up; a cached record is used until it is 50 seconds old");
                knowledge.failure = Some((error, now));
            }
        }
    }

    /// Returns the key's record after a look-up.
    ///
    /// # Errors
    /// Returns the error of the look-up if it failed and no earlier record is young enough.
    fn record(&self, now: UtcTime) -> Result<Option<KeyRecord>, AwsError> {
        let Knowledge { reading, failure, .. } = self.knowledge().clone();
        match (reading, failure) {
            (Some(reading), None) => Ok(reading.record),
            (Some(reading), Some(_)) if now.since(reading.at) < STALE => Ok(reading.record),
            (_, Some((error, _))) => Err(error),
            (None, None) => Err(AwsError::unusable("DynamoDB", "GetItem", "the key was not looked up")),
        }
    }
}

/// Caches API keys, and the ids of keys that do not exist. Concurrent requests with the same key share one
/// look-up, and the record of a key in use is renewed before it is too old, so that its callers do not wait.
///
/// Ages are measured against the `now` of each call. The cache's own limits only remove entries that nobody
/// uses.
#[derive(Debug)]
pub struct KeyCache {
    entries: Cache<KeyId, Arc<Entry>>,
    limit: LookupLimit,
}

impl Default for KeyCache {
    fn default() -> Self {
        // The cache's TinyLFU policy keeps keys that are used repeatedly, so invented ids do not evict them.
        let entries = Cache::builder().max_capacity(CAPACITY).time_to_idle(IDLE).build();
        Self { entries, limit: LookupLimit::default() }
    }
}

impl KeyCache {
    /// Returns the caller who holds `key` and sent it from `address`.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the key is unknown, revoked or expired, if it cannot be
    /// looked up, or if too many unknown keys came from the address.
    pub async fn caller(
        &self,
        keys: &Keys,
        key: &ApiKey,
        address: IpAddr,
        now: UtcTime,
    ) -> Result<Caller, Problem> {
        let unknown = || Problem::unauthenticated("the API key is unknown");
        let record =
            self.record(&key.id, Some(address), now, lookup(keys, &key.id)).await?.ok_or_else(unknown)?;
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

    /// Returns whether the key `id`, whose caller was authenticated earlier, is still active. Returns `false`
    /// if it cannot be looked up.
    pub async fn is_active(&self, keys: &Keys, id: &KeyId, now: UtcTime) -> bool {
        let record = self.record(id, None, now, lookup(keys, id)).await;
        record.is_ok_and(|record| record.is_some_and(|record| record.is_active(now)))
    }

    /// Drops what is cached about the key `id`.
    pub(crate) fn forget(&self, id: &KeyId) {
        self.entries.invalidate(id);
    }

    /// Returns the record of the key `id` from the cache, or from `lookup` if the cached one is too old. A
    /// look-up for a caller at `address` counts against the limit of that address.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the look-up fails or is not permitted, and no cached record is
    /// young enough to be used instead.
    async fn record(
        &self,
        id: &KeyId,
        address: Option<IpAddr>,
        now: UtcTime,
        lookup: impl Future<Output = Result<Option<KeyRecord>, AwsError>> + Send + 'static,
    ) -> Result<Option<KeyRecord>, Problem> {
        let entry = self.entries.get_with_by_ref(id, Arc::default);
        match entry.step(now) {
            Step::Use(record) => Ok(record),
            Step::Refresh(record) => {
                if let Ok(guard) = Arc::clone(&entry.lookup).try_lock_owned() {
                    tokio::spawn(async move { look_up(&entry, guard, None, lookup, now).await });
                }
                Ok(record)
            }
            Step::LookUp(record) => match Arc::clone(&entry.lookup).try_lock_owned() {
                Err(_) => Ok(record),
                Ok(guard) => {
                    shared_look_up(&entry, guard, None, lookup, now).await;
                    Ok(entry.record(now)?)
                }
            },
            Step::Wait => {
                let before = entry.knowledge().lookups;
                let guard = Arc::clone(&entry.lookup).lock_owned().await;
                // Another caller's look-up may have ended meanwhile. Its outcome is shared, failures
                // included, so in an outage nobody waits for more than one look-up.
                if entry.knowledge().lookups == before {
                    let permit = address.map(|address| self.limit.permit(address, now)).transpose()?;
                    shared_look_up(&entry, guard, permit, lookup, now).await;
                }
                Ok(entry.record(now)?)
            }
        }
    }
}

/// Reads the key `id` from the table.
fn lookup(
    keys: &Keys,
    id: &KeyId,
) -> impl Future<Output = Result<Option<KeyRecord>, AwsError>> + Send + use<> {
    let (keys, id) = (keys.clone(), id.clone());
    async move { keys.get(&id).await }
}

/// Looks a key up in a task of its own, so that the callers who share the look-up do not depend on the one
/// who began it.
async fn shared_look_up(
    entry: &Arc<Entry>,
    guard: OwnedMutexGuard<()>,
    permit: Option<LookupPermit>,
    lookup: impl Future<Output = Result<Option<KeyRecord>, AwsError>> + Send + 'static,
    now: UtcTime,
) {
    let entry = Arc::clone(entry);
    // A panic leaves the entry as it was; its callers then see that the key was not looked up.
    let _ = tokio::spawn(async move { look_up(&entry, guard, permit, lookup, now).await }).await;
}

async fn look_up(
    entry: &Entry,
    guard: OwnedMutexGuard<()>,
    permit: Option<LookupPermit>,
    lookup: impl Future<Output = Result<Option<KeyRecord>, AwsError>>,
    now: UtcTime,
) {
    let outcome = lookup.await;
    if let Some(permit) = permit.filter(|_| !matches!(outcome, Ok(None))) {
        permit.refund();
    }
    entry.store(outcome, now);
    drop(guard);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use std::net::Ipv4Addr;

    use futures::future::join_all;
    use tokio::sync::Notify;

    use super::*;

    const ADDRESS: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));

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

    type Answer = Result<Option<KeyRecord>, AwsError>;

    /// A table that counts its look-ups, and answers when it is told to.
    #[derive(Clone, Default)]
    struct Table {
        lookups: Arc<AtomicU32>,
        go: Arc<Notify>,
    }

    impl Table {
        fn count(&self) -> u32 {
            self.lookups.load(Ordering::SeqCst)
        }

        /// Returns a look-up that answers at once.
        fn answer(&self, answer: Answer) -> impl Future<Output = Answer> + Send + 'static {
            let this = self.clone();
            async move {
                this.lookups.fetch_add(1, Ordering::SeqCst);
                answer
            }
        }

        /// Returns a look-up that answers after `go`.
        fn late(&self, answer: Answer) -> impl Future<Output = Answer> + Send + 'static {
            let this = self.clone();
            async move {
                this.lookups.fetch_add(1, Ordering::SeqCst);
                this.go.notified().await;
                answer
            }
        }
    }

    fn failure() -> Answer {
        Err(AwsError::unusable("DynamoDB", "GetItem", "no answer"))
    }

    #[tokio::test]
    async fn concurrent_requests_with_one_key_share_a_look_up() {
        let (cache, table, record) = (KeyCache::default(), Table::default(), record());
        let lookup = |answer| cache.record(&record.id, ADDRESS, at(0), table.late(answer));
        let all = join_all((0..20).map(|_| lookup(Ok(Some(record.clone())))));
        let go = async {
            while table.count() == 0 {
                tokio::task::yield_now().await;
            }
            table.go.notify_one();
        };
        let (all, ()) = tokio::join!(all, go);
        assert!(all.into_iter().all(|found| found.unwrap().is_some()));
        assert_eq!(table.count(), 1);
    }

    #[tokio::test]
    async fn concurrent_requests_share_a_failure_and_use_the_last_record_for_50_seconds() {
        let (cache, table, record) = (KeyCache::default(), Table::default(), record());
        let lookup = |seconds, answer| cache.record(&record.id, ADDRESS, at(seconds), table.answer(answer));
        assert!(lookup(0, Ok(Some(record.clone()))).await.unwrap().is_some());
        let all = join_all((0..20).map(|_| lookup(49, failure()))).await;
        assert!(all.into_iter().all(|found| found.unwrap().is_some()));
        assert_eq!(table.count(), 2);
        assert!(lookup(50, failure()).await.is_err());
        assert_eq!(table.count(), 3);
    }

    #[tokio::test]
    async fn callers_with_a_key_in_use_never_wait_for_a_slow_table() {
        let (cache, table, record) = (KeyCache::default(), Table::default(), record());
        let lookup = |seconds| cache.record(&record.id, ADDRESS, at(seconds), table.late(Ok(None)));
        let first = cache.record(&record.id, ADDRESS, at(0), table.answer(Ok(Some(record.clone()))));
        assert!(first.await.unwrap().is_some());
        assert!(lookup(9).await.unwrap().is_some());
        assert_eq!(table.count(), 1);
        // From here on the table hangs.
        for seconds in [10, 19, 20, 30, 49] {
            assert!(lookup(seconds).await.unwrap().is_some(), "{seconds} s");
        }
        while table.count() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(table.count(), 2, "one look-up is in progress");
        // The key was deleted. The callers learn of it when the look-up ends.
        table.go.notify_one();
        while lookup(20).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_key_that_was_not_used_for_20_seconds_is_looked_up_first() {
        let (cache, table, record) = (KeyCache::default(), Table::default(), record());
        let lookup = |seconds, answer| cache.record(&record.id, ADDRESS, at(seconds), table.answer(answer));
        assert!(lookup(0, Ok(Some(record.clone()))).await.unwrap().is_some());
        let revoked = KeyRecord { revoked_at: Some(at(1)), ..record.clone() };
        let found = lookup(20, Ok(Some(revoked))).await.unwrap().unwrap();
        assert!(found.revoked_at.is_some());
    }

    #[tokio::test]
    async fn a_key_that_was_ended_here_is_looked_up_at_once() {
        let (cache, table, record) = (KeyCache::default(), Table::default(), record());
        let lookup = |seconds, answer| cache.record(&record.id, ADDRESS, at(seconds), table.answer(answer));
        assert!(lookup(0, Ok(Some(record.clone()))).await.unwrap().is_some());
        cache.forget(&record.id);
        let revoked = KeyRecord { revoked_at: Some(at(1)), ..record.clone() };
        assert!(lookup(1, Ok(Some(revoked))).await.unwrap().unwrap().revoked_at.is_some());
    }

    #[tokio::test]
    async fn a_look_up_goes_on_without_the_caller_who_began_it() {
        use futures::FutureExt as _;

        let (cache, table, record) = (KeyCache::default(), Table::default(), record());
        let lookup =
            || Box::pin(cache.record(&record.id, ADDRESS, at(0), table.late(Ok(Some(record.clone())))));
        let mut first = lookup();
        assert!(first.as_mut().now_or_never().is_none());
        let mut second = lookup();
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        while table.count() == 0 {
            tokio::task::yield_now().await;
        }
        table.go.notify_one();
        assert!(second.await.unwrap().is_some());
        assert_eq!(table.count(), 1);
    }

    #[tokio::test]
    async fn unknown_ids_are_cached_for_20_seconds() {
        let (cache, table, id) = (KeyCache::default(), Table::default(), record().id);
        for (seconds, expected) in [(0, 1), (19, 1), (20, 2), (39, 2), (41, 3)] {
            let found = cache.record(&id, ADDRESS, at(seconds), table.answer(Ok(None))).await;
            assert!(found.unwrap().is_none());
            assert_eq!(table.count(), expected, "{seconds} s");
        }
    }

    #[tokio::test]
    async fn a_flood_of_unknown_keys_costs_few_look_ups_and_hides_no_key_in_use() {
        let (cache, table, known) = (KeyCache::default(), Table::default(), record());
        let find = cache.record(&known.id, ADDRESS, at(0), table.answer(Ok(Some(known.clone()))));
        assert!(find.await.unwrap().is_some());
        let mut refused = 0;
        for _ in 0..1_000 {
            let id = record().id;
            let unknown = cache.record(&id, ADDRESS, at(0), table.answer(Ok(None)));
            refused += u32::from(unknown.await.is_err());
        }
        assert_eq!((table.count(), refused), (21, 980));
        let find = cache.record(&known.id, ADDRESS, at(12), table.answer(Ok(Some(known.clone()))));
        assert!(find.await.unwrap().is_some());
    }
}
