//! Locks by item: while a write holds the lock of its item, the state before and after the write and the order
//! of the index updates are those of this write alone.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};

use rustack_dynamodb_model::AttributeValue;
use tokio::sync::{Mutex, MutexGuard};

use crate::metering::item_size::Item;

/// Number of locks, which items share by their hash.
const LOCKS: usize = 256;

/// The locks of all items.
#[derive(Debug)]
pub(super) struct ItemLocks {
    locks: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Default for ItemLocks {
    fn default() -> Self {
        Self { locks: (0..LOCKS).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }
}

impl ItemLocks {
    /// Waits for the locks of the items with these tables and keys, and holds them.
    pub(super) async fn lock<'a>(
        &self,
        items: impl IntoIterator<Item = (&'a str, &'a Item)>,
    ) -> Vec<MutexGuard<'_, ()>> {
        // In ascending order, so that two batches never wait for each other.
        let positions: BTreeSet<usize> =
            items.into_iter().map(|(table, key)| self.position(table, key)).collect();
        let mut guards = Vec::with_capacity(positions.len());
        for position in positions {
            guards.push(self.locks[position].lock().await);
        }
        guards
    }

    fn position(&self, table: &str, key: &Item) -> usize {
        let mut parts: Vec<(&str, &str, &[u8])> = key
            .iter()
            .map(|(name, value)| match value {
                AttributeValue::S(text) | AttributeValue::N(text) => (table, name.as_str(), text.as_bytes()),
                AttributeValue::B(bytes) => (table, name.as_str(), bytes.as_ref()),
                _ => (table, name.as_str(), &[][..]),
            })
            .collect();
        parts.sort_unstable();
        let locks = u64::try_from(LOCKS).unwrap_or(1);
        usize::try_from(self.hasher.hash_one(&parts) % locks).unwrap_or_default()
    }
}
