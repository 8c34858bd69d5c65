//! A counter of calls by operation, for tests and `GET /calls`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Call counts by key. A key is the name of an operation, or a service with the name of an operation.
#[derive(Debug)]
pub(crate) struct Calls<K>(Mutex<BTreeMap<K, u64>>);

impl<K> Default for Calls<K> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Clone> Calls<K> {
    /// Counts one call of `key`.
    pub(crate) fn add(&self, key: K) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(0) += 1;
    }

    /// Returns the counts so far. Keys that were never counted are absent.
    pub(crate) fn snapshot(&self) -> BTreeMap<K, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
