//! Writes of single items: PutItem, UpdateItem and DeleteItem.

use std::collections::HashMap;

use rustack_dynamodb_core::expression::{EvalContext, parse_update};
use rustack_dynamodb_core::provider::RustackDynamoDB;
use rustack_dynamodb_model::AttributeValue;
use rustack_dynamodb_model::error::{DynamoDBError, DynamoDBErrorCode};
use rustack_dynamodb_model::input::{DeleteItemInput, PutItemInput, UpdateItemInput};
use serde::Serialize;

use super::{DynamoDb, HandlerResult, answer};
use crate::limits::values::ITEM_BYTES;
use crate::metering::item_size::{Item, item_bytes};
use crate::metering::units::{Consumption, Resource, WriteKind, write_units};

/// A write of one item.
#[derive(Debug)]
pub(super) struct ItemWrite {
    pub(super) table: String,
    /// The item, or its key.
    pub(super) source: Item,
    pub(super) change: Change,
}

/// What a write does to its item.
#[derive(Debug)]
pub(super) enum Change {
    /// Replaces the item by the source.
    Put,
    /// Updates the item.
    Update(Update),
    /// Deletes the item.
    Delete,
    /// Leaves the item as it is.
    Check,
}

/// An update expression with its placeholders.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) expression: Option<String>,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

/// An item before a write, and the units that the write is expected to consume.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) key: Item,
    pub(super) before: Option<Item>,
    /// Empty without limits.
    pub(super) expected: Vec<Consumption>,
}

impl ItemWrite {
    /// Returns the item that the write is expected to leave. An update that cannot be computed here is expected
    /// to leave the item as it is; DynamoDB then refuses it.
    fn expected_item(&self, before: Option<&Item>) -> Option<Item> {
        match &self.change {
            Change::Put => Some(self.source.clone()),
            Change::Delete => None,
            Change::Check => before.cloned(),
            Change::Update(update) => {
                let item = before.unwrap_or(&self.source);
                let expression = update.expression.as_deref().and_then(|text| parse_update(text).ok());
                let context = EvalContext { item, names: &update.names, values: &update.values };
                match expression.map(|expression| context.apply_update(&expression)) {
                    Some(Ok(updated)) => Some(updated),
                    _ => Some(item.clone()),
                }
            }
        }
    }
}

impl DynamoDb {
    pub(super) async fn put_item(&self, body: &[u8], request_id: &str) -> Option<HandlerResult> {
        let input: PutItemInput = serde_json::from_slice(body).ok()?;
        let (table, source) = (input.table_name.clone(), input.item.clone());
        let write = ItemWrite { table, source, change: Change::Put };
        self.write(write, request_id, |provider| provider.handle_put_item(input)).await
    }

    pub(super) async fn delete_item(&self, body: &[u8], request_id: &str) -> Option<HandlerResult> {
        let input: DeleteItemInput = serde_json::from_slice(body).ok()?;
        let (table, source) = (input.table_name.clone(), input.key.clone());
        let write = ItemWrite { table, source, change: Change::Delete };
        self.write(write, request_id, |provider| provider.handle_delete_item(input)).await
    }

    pub(super) async fn update_item(&self, body: &[u8], request_id: &str) -> Option<HandlerResult> {
        let input: UpdateItemInput = serde_json::from_slice(body).ok()?;
        let update = Update {
            expression: input.update_expression.clone(),
            names: input.expression_attribute_names.clone(),
            values: input.expression_attribute_values.clone(),
        };
        let (table, source) = (input.table_name.clone(), input.key.clone());
        let write = ItemWrite { table, source, change: Change::Update(update) };
        self.write(write, request_id, |provider| provider.handle_update_item(input)).await
    }

    /// Carries out one write, unless a limit refuses it. Returns `None` if its table or key is invalid, so that
    /// rustack reports the error.
    async fn write<O: Serialize>(
        &self,
        write: ItemWrite,
        request_id: &str,
        run: impl FnOnce(&RustackDynamoDB) -> Result<O, DynamoDBError>,
    ) -> Option<HandlerResult> {
        let key = self.indexes.key_of(&write.table, &write.source)?;
        let _lock = self.locks.lock([(write.table.as_str(), &key)]).await;
        let prepared = match self.prepare(&write, key, WriteKind::Standard) {
            Ok(prepared) => prepared,
            Err(error) => return Some(Err(error)),
        };
        if let Err(throttled) = self.admit(&prepared.expected) {
            return Some(self.refuse(&throttled, request_id));
        }
        let output = run(&self.provider);
        let consumed = match &output {
            Ok(_) => self.finish(&write, &prepared, WriteKind::Standard),
            Err(error) if error.code == DynamoDBErrorCode::ConditionalCheckFailedException => {
                vec![self.failed_condition(&write, &prepared, WriteKind::Standard)]
            }
            Err(_) => Vec::new(),
        };
        self.charge(&prepared.expected, &consumed);
        Some(output.and_then(|output| answer(&output, request_id)))
    }

    /// Reads the item before a write and, with limits, computes what the write will consume.
    ///
    /// # Errors
    /// Returns a validation error if the item would be larger than DynamoDB stores.
    pub(super) fn prepare(
        &self,
        write: &ItemWrite,
        key: Item,
        kind: WriteKind,
    ) -> Result<Prepared, DynamoDBError> {
        let before = self.item(&write.table, &key);
        let mut expected = Vec::new();
        if self.account.limits().is_some() {
            let after = write.expected_item(before.as_ref());
            if after.as_ref().is_some_and(|item| item_bytes(item) > ITEM_BYTES) {
                let message = match write.change {
                    Change::Update(_) => "Item size to update has exceeded the maximum allowed size",
                    _ => "Item size has exceeded the maximum allowed size",
                };
                return Err(DynamoDBError::validation(message));
            }
            expected = self.consumption(&write.table, &key, before.as_ref(), after.as_ref(), kind);
        }
        Ok(Prepared { key, before, expected })
    }

    /// Updates the indexes after a write that succeeded, and returns what it consumed.
    pub(super) fn finish(&self, write: &ItemWrite, prepared: &Prepared, kind: WriteKind) -> Vec<Consumption> {
        let Prepared { key, before, .. } = prepared;
        let stored;
        let after = match (kind, &write.change) {
            (WriteKind::Standard, Change::Put) => Some(&write.source),
            (WriteKind::Standard, Change::Delete) => None,
            (_, Change::Check) => before.as_ref(),
            // A transaction that repeats an earlier one by its token writes nothing.
            (WriteKind::Transactional, _) | (_, Change::Update(_)) => {
                stored = self.item(&write.table, key);
                stored.as_ref()
            }
        };
        self.indexes.replace(&write.table, key, after);
        self.consumption(&write.table, key, before.as_ref(), after, kind)
    }

    /// Returns what a write consumes whose condition does not hold: the units of the larger of the existing and
    /// the new item, and none of the indexes.
    pub(super) fn failed_condition(
        &self,
        write: &ItemWrite,
        prepared: &Prepared,
        kind: WriteKind,
    ) -> Consumption {
        let before = prepared.before.as_ref();
        let new = write.expected_item(before).map_or(0, |item| item_bytes(&item));
        let bytes = before.map_or(0, item_bytes).max(new);
        self.table_write(&write.table, &prepared.key, bytes, kind)
    }

    /// Returns the units that a write of one item consumes of the table and of its indexes. The size is that of
    /// the larger of the item before and after the write.
    fn consumption(
        &self,
        table: &str,
        key: &Item,
        before: Option<&Item>,
        after: Option<&Item>,
        kind: WriteKind,
    ) -> Vec<Consumption> {
        let bytes = before.map_or(0, item_bytes).max(after.map_or(0, item_bytes));
        let mut consumed = vec![self.table_write(table, key, bytes, kind)];
        let entries = self.indexes.entry_writes(table, before, after).into_iter();
        consumed.extend(entries.map(|entry| Consumption {
            resource: Resource::index(table, &entry.index),
            partition: entry.partition,
            // The indexes follow the table outside the transaction.
            units: write_units(entry.bytes, WriteKind::Standard),
        }));
        consumed
    }

    fn table_write(&self, table: &str, key: &Item, bytes: u64, kind: WriteKind) -> Consumption {
        Consumption {
            resource: Resource::table(table),
            partition: self.partition(table, key),
            units: write_units(bytes, kind),
        }
    }
}
