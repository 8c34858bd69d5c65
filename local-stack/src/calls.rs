//! A counter of calls by operation, read by tests and by `GET /calls`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts per key; the key is an operation's name, or a service with an operation's name.
#[derive(Debug)]
pub struct Calls<K>(Mutex<BTreeMap<K, u64>>);

impl<K> Default for Calls<K> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Clone> Calls<K> {
    /// Counts one more call of `key`.
    pub fn add(&self, key: K) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(0) += 1;
    }

    /// The counts so far; keys that were never counted are absent.
    pub fn snapshot(&self) -> BTreeMap<K, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
