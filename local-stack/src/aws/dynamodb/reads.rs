//! Reads: GetItem, Query and Scan.

use rustack_dynamodb_model::input::{GetItemInput, QueryInput, ScanInput};
use rustack_dynamodb_model::types::Select;

use super::{DynamoDb, HandlerResult, answer, key_condition};
use crate::metering::item_size::{Item, item_bytes};
use crate::metering::units::{Consistency, Consumption, Resource, read_units};

/// Partition key under which scans count, since they read all of them.
const SCANNED: &str = "(scan)";

impl DynamoDb {
    pub(super) fn get_item(&self, body: &[u8], request_id: &str) -> Option<HandlerResult> {
        let input: GetItemInput = serde_json::from_slice(body).ok()?;
        let key = self.indexes.key_of(&input.table_name, &input.key)?;
        let bytes = self.item(&input.table_name, &key).as_ref().map_or(0, item_bytes);
        let consumed = [self.table_read(&input.table_name, &key, bytes, consistency(input.consistent_read))];
        if let Err(throttled) = self.admit(&consumed) {
            return Some(self.refuse(&throttled, request_id));
        }
        let output = self.provider.handle_get_item(input);
        self.charge(&consumed, if output.is_ok() { &consumed } else { &[] });
        Some(output.and_then(|output| answer(&output, request_id)))
    }

    pub(super) fn query(&self, body: &[u8], request_id: &str) -> Option<HandlerResult> {
        let input: QueryInput = serde_json::from_slice(body).ok()?;
        let (table, index) = (input.table_name.as_str(), input.index_name.as_deref());
        let name = self.indexes.partition_key(table, index)?;
        let partition = key_condition::partition(&input, &name).map(|value| value.to_string());
        let consumption = |bytes| Consumption {
            resource: Resource { table: table.to_owned(), index: index.map(str::to_owned) },
            partition: partition.clone().unwrap_or_default(),
            units: read_units(bytes, consistency(input.consistent_read)),
        };
        // What a query reads is known only afterwards.
        let expected = [consumption(0)];
        if let Err(throttled) = self.admit(&expected) {
            return Some(self.refuse(&throttled, request_id));
        }
        let page = match self.indexes.query(&input) {
            Some(page) => page.map(|page| (page.output, page.bytes)),
            None => self.provider.handle_query(input.clone()).map(|output| {
                let is_whole = input.filter_expression.is_none()
                    && input.projection_expression.is_none()
                    && input.select != Some(Select::Count);
                let bytes = match is_whole {
                    true => page_bytes(output.items.as_deref()),
                    false => self.queried_bytes(&input),
                };
                (output, bytes)
            }),
        };
        let consumed = page.as_ref().map(|(_, bytes)| consumption(*bytes)).ok();
        self.charge(&expected, consumed.as_slice());
        Some(page.and_then(|(output, _)| answer(&output, request_id)))
    }

    pub(super) fn scan(&self, body: &[u8], request_id: &str) -> Option<HandlerResult> {
        let input: ScanInput = serde_json::from_slice(body).ok()?;
        self.indexes.partition_key(&input.table_name, None)?;
        let consumption = |bytes| Consumption {
            resource: Resource { table: input.table_name.clone(), index: input.index_name.clone() },
            partition: SCANNED.to_owned(),
            units: read_units(bytes, consistency(input.consistent_read)),
        };
        let expected = [consumption(0)];
        if let Err(throttled) = self.admit(&expected) {
            return Some(self.refuse(&throttled, request_id));
        }
        let output = self.provider.handle_scan(input.clone());
        let consumed = output.as_ref().ok().map(|output| {
            let is_whole = input.filter_expression.is_none()
                && input.projection_expression.is_none()
                && input.select != Some(Select::Count);
            consumption(if is_whole {
                page_bytes(output.items.as_deref())
            } else {
                self.scanned_bytes(&input)
            })
        });
        self.charge(&expected, consumed.as_slice());
        Some(output.and_then(|output| answer(&output, request_id)))
    }

    /// Returns the size of the items that `query` evaluates, before its filter and its projection.
    fn queried_bytes(&self, query: &QueryInput) -> u64 {
        let condition = query.key_condition_expression.clone().unwrap_or_default();
        let mut whole = QueryInput {
            filter_expression: None,
            projection_expression: None,
            select: None,
            ..query.clone()
        };
        // rustack refuses placeholders that no expression uses.
        whole.expression_attribute_names.retain(|name, _| uses(&condition, name));
        whole.expression_attribute_values.retain(|name, _| uses(&condition, name));
        let output = self.provider.handle_query(whole);
        output.map_or(0, |output| page_bytes(output.items.as_deref()))
    }

    /// Returns the size of the items that `scan` evaluates, before its filter and its projection.
    fn scanned_bytes(&self, scan: &ScanInput) -> u64 {
        let mut whole =
            ScanInput { filter_expression: None, projection_expression: None, select: None, ..scan.clone() };
        whole.expression_attribute_names.clear();
        whole.expression_attribute_values.clear();
        let output = self.provider.handle_scan(whole);
        output.map_or(0, |output| page_bytes(output.items.as_deref()))
    }

    /// Returns the units of a read of one item, which has 0 `bytes` if it does not exist.
    pub(super) fn table_read(
        &self,
        table: &str,
        key: &Item,
        bytes: u64,
        consistency: Consistency,
    ) -> Consumption {
        Consumption {
            resource: Resource::table(table),
            partition: self.partition(table, key),
            units: read_units(bytes, consistency),
        }
    }
}

/// Returns the consistency that a request asks for.
pub(super) fn consistency(consistent_read: Option<bool>) -> Consistency {
    match consistent_read {
        Some(true) => Consistency::Strong,
        _ => Consistency::Eventual,
    }
}

fn page_bytes(items: Option<&[Item]>) -> u64 {
    items.unwrap_or_default().iter().map(item_bytes).sum()
}

/// Returns whether `expression` contains the placeholder `name`, which begins with `#` or `:`.
fn uses(expression: &str, name: &str) -> bool {
    expression.match_indices(name).any(|(at, _)| {
        !expression[at + name.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_not_taken_for_a_longer_one() {
        assert!(uses("#t = :tenant AND c > :t", ":t"));
        assert!(!uses("#t = :tenant", ":t"));
        assert!(uses("#t=:t", "#t"));
    }
}
