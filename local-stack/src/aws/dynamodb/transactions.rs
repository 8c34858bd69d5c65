//! Transactions: TransactGetItems and TransactWriteItems. Every item counts twice, because DynamoDB prepares
//! and commits it ("Amazon DynamoDB Transactions: How it works", read on 2026-11-28).

use rustack_dynamodb_model::error::{DynamoDBError, DynamoDBErrorCode};
use rustack_dynamodb_model::input::{TransactGetItemsInput, TransactWriteItemsInput};
use rustack_dynamodb_model::types::{CancellationReason, TransactWriteItem};

use super::writes::{Change, ItemWrite, Update};
use super::{DynamoDb, HandlerResult, answer};
use crate::metering::item_size::item_bytes;
use crate::metering::units::{Consistency, WriteKind};

impl DynamoDb {
    pub(super) fn transact_get_items(&self, body: &[u8], request_id: &str) -> Option<HandlerResult> {
        let input: TransactGetItemsInput = serde_json::from_slice(body).ok()?;
        let mut consumed = Vec::new();
        for item in &input.transact_items {
            let key = self.indexes.key_of(&item.get.table_name, &item.get.key)?;
            let bytes = self.item(&item.get.table_name, &key).as_ref().map_or(0, item_bytes);
            consumed.push(self.table_read(&item.get.table_name, &key, bytes, Consistency::Transactional));
        }
        for at in 0..consumed.len() {
            if self.admit(&consumed[at..=at]).is_err() {
                self.charge(&consumed[..at], &[]);
                return Some(Err(cancelled(consumed.len(), at)));
            }
        }
        let output = self.provider.handle_transact_get_items(input);
        self.charge(&consumed, if output.is_ok() { &consumed } else { &[] });
        Some(output.and_then(|output| answer(&output, request_id)))
    }

    pub(super) async fn transact_write_items(&self, body: &[u8], request_id: &str) -> Option<HandlerResult> {
        let input: TransactWriteItemsInput = serde_json::from_slice(body).ok()?;
        let mut writes = Vec::new();
        for action in &input.transact_items {
            let write = item_write(action)?;
            let key = self.indexes.key_of(&write.table, &write.source)?;
            writes.push((write, key));
        }
        let _locks = self.locks.lock(writes.iter().map(|(write, key)| (write.table.as_str(), key))).await;
        let count = writes.len();
        let mut prepared = Vec::new();
        for (write, key) in writes {
            match self.prepare(&write, key, WriteKind::Transactional) {
                Ok(ready) => prepared.push((write, ready)),
                Err(error) => return Some(Err(error)),
            }
        }
        for at in 0..count {
            if self.admit(&prepared[at].1.expected).is_err() {
                for (_, ready) in &prepared[..at] {
                    self.charge(&ready.expected, &[]);
                }
                return Some(Err(cancelled(count, at)));
            }
        }
        let output = self.provider.handle_transact_write_items(input);
        for (write, ready) in &prepared {
            let consumed = match &output {
                Ok(_) => self.finish(write, ready, WriteKind::Transactional),
                Err(error) if error.code == DynamoDBErrorCode::TransactionCanceledException => {
                    vec![self.failed_condition(write, ready, WriteKind::Transactional)]
                }
                Err(_) => Vec::new(),
            };
            self.charge(&ready.expected, &consumed);
        }
        Some(output.and_then(|output| answer(&output, request_id)))
    }
}

/// Returns the write of `action`, or `None` if it has none.
fn item_write(action: &TransactWriteItem) -> Option<ItemWrite> {
    let TransactWriteItem { condition_check, put, delete, update } = action;
    if let Some(put) = put {
        let (table, source) = (put.table_name.clone(), put.item.clone());
        return Some(ItemWrite { table, source, change: Change::Put });
    }
    if let Some(delete) = delete {
        let (table, source) = (delete.table_name.clone(), delete.key.clone());
        return Some(ItemWrite { table, source, change: Change::Delete });
    }
    if let Some(update) = update {
        let change = Change::Update(Update {
            expression: Some(update.update_expression.clone()),
            names: update.expression_attribute_names.clone().unwrap_or_default(),
            values: update.expression_attribute_values.clone().unwrap_or_default(),
        });
        return Some(ItemWrite { table: update.table_name.clone(), source: update.key.clone(), change });
    }
    let check = condition_check.as_ref()?;
    Some(ItemWrite { table: check.table_name.clone(), source: check.key.clone(), change: Change::Check })
}

/// Returns the error of a transaction of `count` actions whose action `at` was throttled
/// ("TransactWriteItems", Amazon DynamoDB API Reference).
fn cancelled(count: usize, at: usize) -> DynamoDBError {
    let reason = |position| {
        let (code, message) = match position == at {
            true => ("ThrottlingError", "Throughput exceeds the current capacity of your table or index."),
            false => ("None", "None"),
        };
        CancellationReason { code: Some(code.to_owned()), message: Some(message.to_owned()), item: None }
    };
    DynamoDBError::transaction_cancelled((0..count).map(reason).collect())
}
