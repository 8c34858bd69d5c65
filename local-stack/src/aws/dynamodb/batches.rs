//! Batches of reads and writes. Requests of a batch that a limit refuses are returned as unprocessed.

use rustack_dynamodb_model::input::{BatchGetItemInput, BatchWriteItemInput};

use super::reads::consistency;
use super::writes::{Change, ItemWrite};
use super::{DynamoDb, HandlerResult, answer};
use crate::limits::values::{BATCH_KEYS, BATCH_READ_BYTES, BATCH_WRITES};
use crate::metering::item_size::item_bytes;
use crate::metering::units::WriteKind;

impl DynamoDb {
    pub(super) fn batch_get_item(&self, body: &[u8], request_id: &str) -> Option<HandlerResult> {
        let mut input: BatchGetItemInput = serde_json::from_slice(body).ok()?;
        let mut unprocessed = input.request_items.clone();
        // What has no valid key is refused as a whole, before anything is admitted.
        for (table, request) in &mut input.request_items {
            request.keys =
                request.keys.iter().map(|key| self.indexes.key_of(table, key)).collect::<Option<_>>()?;
        }
        // rustack refuses it, and would not if some of its keys were throttled before.
        if input.request_items.values().map(|request| request.keys.len()).sum::<usize>() > BATCH_KEYS {
            return None;
        }
        let (mut consumed, mut refused, mut total) = (Vec::new(), None, 0);
        for (table, request) in &mut input.request_items {
            let mut rejected = Vec::new();
            for key in std::mem::take(&mut request.keys) {
                let bytes = self.item(table, &key).as_ref().map_or(0, item_bytes);
                total += bytes;
                let read = self.table_read(table, &key, bytes, consistency(request.consistent_read));
                if self.account.limits().is_some() && total > BATCH_READ_BYTES {
                    rejected.push(key);
                    continue;
                }
                match self.admit(std::slice::from_ref(&read)) {
                    Ok(()) => {
                        consumed.push(read);
                        request.keys.push(key);
                    }
                    Err(throttled) => {
                        refused = Some(throttled);
                        rejected.push(key);
                    }
                }
            }
            match unprocessed.get_mut(table) {
                Some(left) if !rejected.is_empty() => left.keys = rejected,
                _ => {
                    unprocessed.remove(table);
                }
            }
        }
        if let (true, Some(throttled)) = (consumed.is_empty(), refused) {
            return Some(self.refuse(&throttled, request_id));
        }
        input.request_items.retain(|_, request| !request.keys.is_empty());
        let output = self.provider.handle_batch_get_item(input);
        self.charge(&consumed, if output.is_ok() { &consumed } else { &[] });
        Some(output.and_then(|mut output| {
            output.unprocessed_keys = unprocessed;
            answer(&output, request_id)
        }))
    }

    pub(super) async fn batch_write_item(&self, body: &[u8], request_id: &str) -> Option<HandlerResult> {
        let input: BatchWriteItemInput = serde_json::from_slice(body).ok()?;
        let mut writes = Vec::new();
        for (table, requests) in input.request_items {
            for request in requests {
                let (source, change) = match (&request.put_request, &request.delete_request) {
                    (Some(put), None) => (put.item.clone(), Change::Put),
                    (None, Some(delete)) => (delete.key.clone(), Change::Delete),
                    _ => return None,
                };
                let key = self.indexes.key_of(&table, &source)?;
                writes.push((ItemWrite { table: table.clone(), source, change }, key, request));
            }
        }
        let is_repeated = |at: usize| {
            writes[..at]
                .iter()
                .any(|(write, key, _)| (&write.table, key) == (&writes[at].0.table, &writes[at].1))
        };
        // rustack refuses it, and would not if some of its writes were throttled before.
        if writes.len() > BATCH_WRITES || (0..writes.len()).any(is_repeated) {
            return None;
        }
        let _locks = self.locks.lock(writes.iter().map(|(write, key, _)| (write.table.as_str(), key))).await;
        let (mut admitted, mut refused) = (Vec::new(), None);
        let mut requests = BatchWriteItemInput {
            return_consumed_capacity: input.return_consumed_capacity,
            return_item_collection_metrics: input.return_item_collection_metrics,
            ..BatchWriteItemInput::default()
        };
        let mut unprocessed = BatchWriteItemInput::default().request_items;
        let mut prepared = Vec::new();
        for (write, key, request) in writes {
            match self.prepare(&write, key, WriteKind::Standard) {
                Ok(ready) => prepared.push((write, ready, request)),
                Err(error) => return Some(Err(error)),
            }
        }
        for (write, prepared, request) in prepared {
            let into = match self.admit(&prepared.expected) {
                Ok(()) => &mut requests.request_items,
                Err(throttled) => {
                    refused = Some(throttled);
                    unprocessed.entry(write.table).or_default().push(request);
                    continue;
                }
            };
            into.entry(write.table.clone()).or_default().push(request);
            admitted.push((write, prepared));
        }
        if let (true, Some(throttled)) = (admitted.is_empty(), refused) {
            return Some(self.refuse(&throttled, request_id));
        }
        let output = self.provider.handle_batch_write_item(requests);
        for (write, prepared) in &admitted {
            let consumed = match &output {
                Ok(_) => self.finish(write, prepared, WriteKind::Standard),
                Err(_) => Vec::new(),
            };
            self.charge(&prepared.expected, &consumed);
        }
        Some(output.and_then(|mut output| {
            output.unprocessed_items = unprocessed;
            answer(&output, request_id)
        }))
    }
}
