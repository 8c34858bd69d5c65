//! Global secondary indexes of the embedded DynamoDB. rustack answers a query of an index from the first
//! megabyte of the table only, so it never finds later entries. This module keeps each index sorted, sparse
//! and projected, as DynamoDB does.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustack_dynamodb_core::expression::{EvalContext, Expr, parse_condition, parse_projection};
use rustack_dynamodb_core::provider::RustackDynamoDB;
use rustack_dynamodb_model::AttributeValue;
use rustack_dynamodb_model::error::DynamoDBError;
use rustack_dynamodb_model::input::{CreateTableInput, GetItemInput, QueryInput};
use rustack_dynamodb_model::output::QueryOutput;
use rustack_dynamodb_model::types::{KeyType, Projection, ProjectionType, Select};

/// Maximum size of one response, in bytes ("Query", Amazon DynamoDB API Reference).
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The indexes of every table.
#[derive(Debug, Default)]
pub(super) struct Indexes(Mutex<HashMap<String, Vec<Index>>>);

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
enum KeyValue {
    None,
    Number(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl KeyValue {
    fn of(value: Option<&AttributeValue>) -> Option<Self> {
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
    fn tables(&self) -> MutexGuard<'_, HashMap<String, Vec<Index>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the indexes of a new table.
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
        self.tables().insert(table.table_name, indexes);
    }

    /// Removes the indexes of a deleted table.
    pub(super) fn delete(&self, table: &str) {
        self.tables().remove(table);
    }

    /// Replaces the index entries of one item according to what the table holds now. `source` contains the
    /// key attributes of the item. Holds the lock while it reads the table and writes the entries, so that
    /// the later of two concurrent writes wins.
    pub(super) fn refresh(&self, provider: &RustackDynamoDB, table: &str, source: &Item) {
        let mut tables = self.tables();
        let Some(indexes) = tables.get_mut(table).filter(|indexes| !indexes.is_empty()) else { return };
        let key: Item = indexes[0]
            .key
            .iter()
            .filter_map(|name| Some((name.clone(), source.get(name)?.clone())))
            .collect();
        let request =
            GetItemInput { table_name: table.to_owned(), key: key.clone(), ..GetItemInput::default() };
        let Ok(output) = provider.handle_get_item(request) else { return };
        for index in indexes {
            index.put(&key, output.item.as_ref());
        }
    }

    /// Answers a query of an index. Returns `None` if the table has no such index; rustack then reports the
    /// error.
    pub(super) fn query(&self, query: &QueryInput) -> Option<Result<QueryOutput, DynamoDBError>> {
        let name = query.index_name.as_ref()?;
        let tables = self.tables();
        let index = tables.get(&query.table_name)?.iter().find(|index| index.name == *name)?;
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
        let Some((item, hash)) = item.and_then(|item| Some((item, KeyValue::of(item.get(&self.hash))?)))
        else {
            return;
        };
        let range = match &self.range {
            None => KeyValue::None,
            Some(name) => match KeyValue::of(item.get(name)) {
                Some(range) => range,
                None => return,
            },
        };
        let position = EntryPosition(hash, range, id.clone());
        self.positions.insert(id, position.clone());
        let entry = self.project(item);
        self.entries.insert(position, entry);
    }

    fn project(&self, item: &Item) -> Item {
        let Some(projected) = &self.projected else { return item.clone() };
        let names = projected.iter().chain(&self.key).chain([&self.hash]).chain(&self.range);
        names.filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
    }

    fn query(&self, query: &QueryInput) -> Result<QueryOutput, DynamoDBError> {
        let invalid = |error: &dyn std::fmt::Display| DynamoDBError::validation(error.to_string());
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
        let (mut scanned, mut bytes, mut last) = (0, 0, None);
        for (_, item) in self.candidates(query) {
            if !matches(item, &condition)? {
                continue;
            }
            bytes += serde_json::to_vec(item).map_or(0, |json| json.len());
            if scanned == limit || (scanned > 0 && bytes > MAX_RESPONSE_BYTES) {
                break;
            }
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
        let truncated = scanned == limit || bytes > MAX_RESPONSE_BYTES;
        let last_evaluated_key = last.filter(|_| truncated).map(|item| self.keys(item)).unwrap_or_default();
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        Ok(QueryOutput {
            count: count(items.len()),
            scanned_count: count(scanned),
            items: (query.select != Some(Select::Count)).then_some(items),
            last_evaluated_key,
            consumed_capacity: None,
        })
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
