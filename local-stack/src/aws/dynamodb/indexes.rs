//! Global secondary indexes of the embedded DynamoDB. rustack answers a query of an index from the first
//! megabyte of the table only, so it never finds later entries. This module keeps each index sorted, sparse
//! and projected, as DynamoDB does.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustack_dynamodb_core::expression::{EvalContext, Expr, parse_condition, parse_projection};
use rustack_dynamodb_model::AttributeValue;
use rustack_dynamodb_model::error::DynamoDBError;
use rustack_dynamodb_model::input::{CreateTableInput, QueryInput};
use rustack_dynamodb_model::output::QueryOutput;
use rustack_dynamodb_model::types::{KeyType, Projection, ProjectionType, Select};

use crate::metering::item_size::{Item, attribute_bytes, item_bytes};

/// Maximum size of one response, in bytes ("Query", Amazon DynamoDB API Reference).
const MAX_RESPONSE_BYTES: u64 = 1024 * 1024;

/// The key attributes and the indexes of every table.
#[derive(Debug, Default)]
pub(super) struct Indexes(Mutex<HashMap<String, Table>>);

#[derive(Debug)]
struct Table {
    /// Names of the key attributes, the partition key first.
    key: Vec<String>,
    indexes: Vec<Index>,
}

/// A write to an index that a write to its table causes.
#[derive(Debug, PartialEq)]
pub(super) struct EntryWrite {
    /// Name of the index.
    pub(super) index: String,
    /// Value of the partition key of the index.
    pub(super) partition: String,
    /// Size of the written entry, in bytes.
    pub(super) bytes: u64,
}

/// The answer to a query of an index.
#[derive(Debug)]
pub(super) struct IndexPage {
    /// The answer.
    pub(super) output: QueryOutput,
    /// Size of the entries that the query evaluated, in bytes.
    pub(super) bytes: u64,
}

#[derive(Debug)]
struct Index {
    name: String,
    hash: String,
    range: Option<String>,
    /// Names of the table's key attributes.
    key: Vec<String>,
    /// Attributes of an entry in addition to the keys. `None` means all attributes.
    projected: Option<Vec<String>>,
    entries: BTreeMap<EntryPosition, Item>,
    /// Position of each item's entry, by the item's key.
    positions: HashMap<Vec<KeyValue>, EntryPosition>,
}

/// Sort position of an entry: the partition key and the sort key of the index, then the item's key in the
/// table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct EntryPosition(KeyValue, KeyValue, Vec<KeyValue>);

/// Value of a key attribute, ordered as in DynamoDB. `None` stands for a missing value and sorts first.
#[derive(Clone, Debug)]
pub(super) enum KeyValue {
    None,
    Number(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl KeyValue {
    pub(super) fn of(value: Option<&AttributeValue>) -> Option<Self> {
        match value? {
            AttributeValue::N(number) => number.parse().ok().map(Self::Number),
            AttributeValue::S(text) => Some(Self::Text(text.clone())),
            AttributeValue::B(bytes) => Some(Self::Bytes(bytes.to_vec())),
            _ => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
            Self::Bytes(_) => 3,
        }
    }
}

impl PartialEq for KeyValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for KeyValue {}

impl PartialOrd for KeyValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for KeyValue {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Number(number) => number.fmt(formatter),
            Self::Text(text) => formatter.write_str(text),
            Self::Bytes(bytes) => formatter.write_str(&hex::encode(bytes)),
        }
    }
}

impl std::hash::Hash for KeyValue {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Self::None => 0_u8.hash(state),
            Self::Number(number) => number.to_bits().hash(state),
            Self::Text(text) => text.hash(state),
            Self::Bytes(bytes) => bytes.hash(state),
        }
    }
}

impl Indexes {
    fn tables(&self) -> MutexGuard<'_, HashMap<String, Table>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a new table with its indexes.
    pub(super) fn create(&self, table: CreateTableInput) {
        let key: Vec<String> = table.key_schema.iter().map(|part| part.attribute_name.clone()).collect();
        let indexes = table.global_secondary_indexes.into_iter().map(|index| {
            let part = |kind: KeyType| {
                let part = index.key_schema.iter().find(|part| part.key_type == kind);
                part.map(|part| part.attribute_name.clone())
            };
            Index {
                hash: part(KeyType::Hash).unwrap_or_default(),
                range: part(KeyType::Range),
                projected: projected(&index.projection),
                name: index.index_name,
                key: key.clone(),
                entries: BTreeMap::new(),
                positions: HashMap::new(),
            }
        });
        let indexes = indexes.collect();
        self.tables().insert(table.table_name, Table { key, indexes });
    }

    /// Removes a deleted table.
    pub(super) fn delete(&self, table: &str) {
        self.tables().remove(table);
    }

    /// Returns the key attributes of `source`, an item or a key of `table`. Returns `None` if there is no such
    /// table or an attribute is missing.
    pub(super) fn key_of(&self, table: &str, source: &Item) -> Option<Item> {
        let tables = self.tables();
        let names = &tables.get(table)?.key;
        names.iter().map(|name| Some((name.clone(), source.get(name)?.clone()))).collect()
    }

    /// Returns the name of the partition key of a table or an index.
    pub(super) fn partition_key(&self, table: &str, index: Option<&str>) -> Option<String> {
        let tables = self.tables();
        let table = tables.get(table)?;
        match index {
            None => table.key.first().cloned(),
            Some(name) => {
                table.indexes.iter().find(|index| index.name == name).map(|index| index.hash.clone())
            }
        }
    }

    /// Replaces the index entries of the item with this `key` by those of `item`.
    pub(super) fn replace(&self, table: &str, key: &Item, item: Option<&Item>) {
        if let Some(table) = self.tables().get_mut(table) {
            for index in &mut table.indexes {
                index.put(key, item);
            }
        }
    }

    /// Returns the writes to the indexes of `table` that turn the entries of `before` into those of `after`.
    pub(super) fn entry_writes(
        &self,
        table: &str,
        before: Option<&Item>,
        after: Option<&Item>,
    ) -> Vec<EntryWrite> {
        let tables = self.tables();
        let indexes = tables.get(table).map_or(&[][..], |table| &table.indexes);
        indexes.iter().flat_map(|index| index.entry_writes(before, after)).collect()
    }

    /// Answers a query of an index. Returns `None` if the table has no such index; rustack then reports the
    /// error.
    pub(super) fn query(&self, query: &QueryInput) -> Option<Result<IndexPage, DynamoDBError>> {
        let name = query.index_name.as_ref()?;
        let tables = self.tables();
        let index = tables.get(&query.table_name)?.indexes.iter().find(|index| index.name == *name)?;
        Some(index.query(query))
    }
}

/// Returns the attributes that an index projects in addition to the keys, or `None` for all attributes.
fn projected(projection: &Projection) -> Option<Vec<String>> {
    match projection.projection_type {
        Some(ProjectionType::KeysOnly) => Some(Vec::new()),
        Some(ProjectionType::Include) => Some(projection.non_key_attributes.clone()),
        _ => None,
    }
}

impl Index {
    fn put(&mut self, key: &Item, item: Option<&Item>) {
        let id: Vec<KeyValue> =
            self.key.iter().map(|name| KeyValue::of(key.get(name)).unwrap_or(KeyValue::None)).collect();
        if let Some(position) = self.positions.remove(&id) {
            self.entries.remove(&position);
        }
        // The index is sparse: it does not contain items that lack its key attributes.
        let Some((item, (hash, range))) = item.and_then(|item| Some((item, self.entry_key(item)?))) else {
            return;
        };
        let position = EntryPosition(hash, range, id.clone());
        self.positions.insert(id, position.clone());
        let entry = self.project(item);
        self.entries.insert(position, entry);
    }

    /// Returns partition key and sort key of the entry of `item`, or `None` if the index does not contain it.
    fn entry_key(&self, item: &Item) -> Option<(KeyValue, KeyValue)> {
        let hash = KeyValue::of(item.get(&self.hash))?;
        let range = match &self.range {
            None => KeyValue::None,
            Some(name) => KeyValue::of(item.get(name))?,
        };
        Some((hash, range))
    }

    /// Returns the writes that turn the entry of `before` into that of `after`: none if no projected attribute
    /// changes, and a delete and a put if the key of the entry changes ("Using Global Secondary Indexes in
    /// DynamoDB", Provisioned throughput considerations).
    fn entry_writes(&self, before: Option<&Item>, after: Option<&Item>) -> Vec<EntryWrite> {
        let entry = |item: Option<&Item>| {
            let key = self.entry_key(item?)?;
            Some((key, self.entry_bytes(item?)))
        };
        let write = |key: &(KeyValue, KeyValue), bytes| EntryWrite {
            index: self.name.clone(),
            partition: key.0.to_string(),
            bytes,
        };
        match (entry(before), entry(after)) {
            (None, None) => Vec::new(),
            (None, Some((key, bytes))) | (Some((key, bytes)), None) => vec![write(&key, bytes)],
            (Some((old_key, old_bytes)), Some((new_key, new_bytes))) => {
                if old_key != new_key {
                    vec![write(&old_key, old_bytes), write(&new_key, new_bytes)]
                } else if self.same_entry(before, after) {
                    Vec::new()
                } else {
                    vec![write(&new_key, old_bytes.max(new_bytes))]
                }
            }
        }
    }

    fn entry_bytes(&self, item: &Item) -> u64 {
        match &self.projected {
            None => item_bytes(item),
            Some(_) => self
                .entry_names()
                .map(|name| item.get(name).map_or(0, |value| attribute_bytes(name, value)))
                .sum(),
        }
    }

    fn same_entry(&self, before: Option<&Item>, after: Option<&Item>) -> bool {
        let (Some(before), Some(after)) = (before, after) else { return false };
        match &self.projected {
            None => before == after,
            Some(_) => self.entry_names().all(|name| before.get(name) == after.get(name)),
        }
    }

    /// Returns the names of an entry's attributes, each once.
    fn entry_names(&self) -> impl Iterator<Item = &String> {
        let names = self.projected.iter().flatten().chain(&self.key).chain([&self.hash]).chain(&self.range);
        names.collect::<BTreeSet<_>>().into_iter()
    }

    fn project(&self, item: &Item) -> Item {
        if self.projected.is_none() {
            return item.clone();
        }
        self.entry_names().filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
    }

    fn query(&self, query: &QueryInput) -> Result<IndexPage, DynamoDBError> {
        let invalid = |error: &dyn fmt::Display| DynamoDBError::validation(error.to_string());
        let condition = query.key_condition_expression.as_deref().unwrap_or_default();
        let condition = parse_condition(condition).map_err(|error| invalid(&error))?;
        let filter =
            query.filter_expression.as_deref().map(parse_condition).transpose().map_err(|e| invalid(&e))?;
        let projection = query
            .projection_expression
            .as_deref()
            .map(parse_projection)
            .transpose()
            .map_err(|e| invalid(&e))?;
        let matches = |item: &Item, expression: &Expr| {
            let (names, values) = (&query.expression_attribute_names, &query.expression_attribute_values);
            EvalContext { item, names, values }.evaluate(expression).map_err(|error| invalid(&error))
        };
        let limit = query.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        let (mut scanned, mut bytes, mut is_full, mut last) = (0, 0, false, None);
        for (_, item) in self.candidates(query) {
            if !matches(item, &condition)? {
                continue;
            }
            let size = item_bytes(item);
            is_full = scanned > 0 && bytes + size > MAX_RESPONSE_BYTES;
            if scanned == limit || is_full {
                break;
            }
            bytes += size;
            scanned += 1;
            last = Some(item);
            if filter.as_ref().map_or(Ok(true), |filter| matches(item, filter))? {
                items.push(match &projection {
                    None => item.clone(),
                    Some(paths) => {
                        let (names, values) =
                            (&query.expression_attribute_names, &query.expression_attribute_values);
                        EvalContext { item, names, values }.apply_projection(paths)
                    }
                });
            }
        }
        let truncated = scanned == limit || is_full;
        let last_evaluated_key = last.filter(|_| truncated).map(|item| self.keys(item)).unwrap_or_default();
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let output = QueryOutput {
            count: count(items.len()),
            scanned_count: count(scanned),
            items: (query.select != Some(Select::Count)).then_some(items),
            last_evaluated_key,
            consumed_capacity: None,
        };
        Ok(IndexPage { output, bytes })
    }

    /// Returns the key attributes of an entry: those of the index and of the table.
    fn keys(&self, item: &Item) -> Item {
        let names = self.key.iter().chain([&self.hash]).chain(&self.range);
        names.filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
    }

    /// Returns the entries of every partition that `query` can select, in the order of the query and after
    /// its exclusive start key.
    fn candidates(&self, query: &QueryInput) -> Vec<(&EntryPosition, &Item)> {
        let start =
            KeyValue::of(query.exclusive_start_key.get(&self.hash)).map(|hash| self.position_of(hash, query));
        let forward = query.scan_index_forward != Some(false);
        let mut entries = Vec::new();
        // The partition key is one of the expression's values, so each value is tried as a partition key. The
        // caller evaluates the expression on each entry.
        let values = query.expression_attribute_values.values().filter_map(|value| KeyValue::of(Some(value)));
        for hash in values.collect::<BTreeSet<_>>() {
            let first = EntryPosition(hash.clone(), KeyValue::None, Vec::new());
            let partition = self.entries.range(first..).take_while(|(position, _)| position.0 == hash);
            entries.extend(partition.filter(|(position, _)| match &start {
                None => true,
                Some(start) if forward => *position > start,
                Some(start) => *position < start,
            }));
        }
        if !forward {
            entries.reverse();
        }
        entries
    }

    fn position_of(&self, hash: KeyValue, query: &QueryInput) -> EntryPosition {
        let key = &query.exclusive_start_key;
        let part = |name: &String| KeyValue::of(key.get(name)).unwrap_or(KeyValue::None);
        EntryPosition(
            hash,
            self.range.as_ref().map_or(KeyValue::None, part),
            self.key.iter().map(part).collect(),
        )
    }
}
