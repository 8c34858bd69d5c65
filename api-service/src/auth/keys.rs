//! API keys, looked up in the table and remembered for a short time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_adapters::{error::AwsError, keys::Keys};
use domain::{
    access::{ApiKey, KeyId, KeyRecord},
    time::UtcTime,
};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::{Actor, Caller};
use crate::problem::Problem;

/// How long what was read of a key holds: a key that is revoked is refused after this time at the latest.
const FRESH: Duration = Duration::from_secs(20);

/// How long it holds while the table does not answer.
const STALE: Duration = Duration::from_secs(50);

/// Keys that are remembered, those that do not exist included: some megabytes at most.
const REMEMBERED: usize = 10_000;

/// Keys that are looked up at the same time, so that a flood of invented ones leaves the table alone.
const LOOKUPS: usize = 64;

#[derive(Debug)]
struct Known {
    record: Option<KeyRecord>,
    read_at: UtcTime,
}

/// What this process knows of keys.
#[derive(Debug)]
pub struct KeyCache {
    known: Mutex<HashMap<KeyId, Known>>,
    lookups: Semaphore,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self { known: Mutex::default(), lookups: Semaphore::new(LOOKUPS) }
    }
}

impl KeyCache {
    fn known(&self) -> MutexGuard<'_, HashMap<KeyId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who the holder of `key` is.
    ///
    /// # Errors
    /// The [`Problem`] to answer with when that is nobody, or cannot be found out.
    pub async fn caller(&self, keys: &Keys, key: &ApiKey, now: UtcTime) -> Result<Caller, Problem> {
        let unknown = || Problem::unauthenticated("the key is not known");
        let record = self.record(keys, &key.id, now).await?.ok_or_else(unknown)?;
        if !bool::from(record.hash.ct_eq(&key.hash())) {
            return Err(unknown());
        }
        if !record.is_active(now) {
            let what = if record.revoked_at.is_some() { "revoked" } else { "expired" };
            return Err(Problem::unauthenticated(&format!("the key is {what}")));
        }
        Ok(Caller {
            tenant: record.tenant,
            actor: Actor::Key(record.id),
            scopes: record.scopes,
            active_until: record.expires_at,
        })
    }

    /// Whether the key `id` is still good, as far as is known.
    pub async fn is_active(&self, keys: &Keys, id: &KeyId, now: UtcTime) -> bool {
        let record = self.record(keys, id, now).await;
        record.is_ok_and(|record| record.is_some_and(|record| record.is_active(now)))
    }

    async fn record(&self, keys: &Keys, id: &KeyId, now: UtcTime) -> Result<Option<KeyRecord>, AwsError> {
        if let Some(record) = self.remembered(id, now, FRESH) {
            return Ok(record);
        }
        let _turn = self.lookups.acquire().await;
        // Whoever waited for a turn may find that another has asked meanwhile.
        if let Some(record) = self.remembered(id, now, FRESH) {
            return Ok(record);
        }
        match keys.get(id).await {
            Ok(record) => {
                self.remember(id.clone(), Known { record: record.clone(), read_at: now });
                Ok(record)
            }
            Err(error) => match self.remembered(id, now, STALE) {
                Some(record) => {
                    tracing::warn!(error = %error, "a key could not be read anew: what was read before holds a little longer");
                    Ok(record)
                }
                None => Err(error),
            },
        }
    }

    fn remembered(&self, id: &KeyId, now: UtcTime, no_older_than: Duration) -> Option<Option<KeyRecord>> {
        let known = self.known();
        let known = known.get(id)?;
        (now.since(known.read_at) < no_older_than).then(|| known.record.clone())
    }

    fn remember(&self, id: KeyId, what: Known) {
        let mut known = self.known();
        if known.len() >= REMEMBERED {
            known.retain(|_, known| what.read_at.since(known.read_at) < FRESH);
        }
        if known.len() >= REMEMBERED {
            // All of them fresh: most are inventions, which cost the least to forget.
            known.retain(|_, known| known.record.is_some());
        }
        if known.len() < REMEMBERED {
            known.insert(id, what);
        }
    }
}
