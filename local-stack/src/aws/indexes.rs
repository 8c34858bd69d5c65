//! Global secondary indexes of the embedded DynamoDB. rustack answers a query of one by a look at the first megabyte of
//! the table, so that entries beyond it are never found; here each index is kept sorted, sparse and projected, as
//! DynamoDB keeps it.

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

/// What one answer holds at most, in bytes ("Query", Amazon DynamoDB API Reference).
const ANSWER_MAX: usize = 1024 * 1024;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The indexes of every table.
#[derive(Debug, Default)]
pub(super) struct Indexes(Mutex<HashMap<String, Vec<Index>>>);

#[derive(Debug)]
struct Index {
    name: String,
    hash: String,
    range: Option<String>,
    /// The table's own key.
    key: Vec<String>,
    /// What an entry holds beside the keys; none: everything.
    projected: Option<Vec<String>>,
    entries: BTreeMap<Place, Item>,
    /// Where the item with this key stands.
    places: HashMap<Vec<Sortable>, Place>,
}

/// Where an entry stands: by partition, then by range key, then by the item's own key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Sortable, Sortable, Vec<Sortable>);

/// A key attribute as DynamoDB orders it.
#[derive(Clone, Debug)]
enum Sortable {
    None,
    Number(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Sortable {
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

impl PartialEq for Sortable {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sortable {}

impl PartialOrd for Sortable {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sortable {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl std::hash::Hash for Sortable {
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

    /// Takes note of a table that was made.
    pub(super) fn created(&self, table: CreateTableInput) {
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
                places: HashMap::new(),
            }
        });
        let indexes = indexes.collect();
        self.tables().insert(table.table_name, indexes);
    }

    /// Forgets a table.
    pub(super) fn deleted(&self, table: &str) {
        self.tables().remove(table);
    }

    /// Brings the entries of an item to what the table holds now. Reading and noting it are one step, so that of two
    /// writes the later one is what stays.
    pub(super) fn refresh(&self, provider: &RustackDynamoDB, table: &str, from: &Item) {
        let mut tables = self.tables();
        let Some(indexes) = tables.get_mut(table).filter(|indexes| !indexes.is_empty()) else { return };
        let key: Item =
            indexes[0].key.iter().filter_map(|name| Some((name.clone(), from.get(name)?.clone()))).collect();
        let question =
            GetItemInput { table_name: table.to_owned(), key: key.clone(), ..GetItemInput::default() };
        let Ok(found) = provider.handle_get_item(question) else { return };
        for index in indexes {
            index.put(&key, found.item.as_ref());
        }
    }

    /// The answer to a query of an index; none when the table has no such index, which rustack then says.
    pub(super) fn query(&self, query: &QueryInput) -> Option<Result<QueryOutput, DynamoDBError>> {
        let name = query.index_name.as_ref()?;
        let tables = self.tables();
        let index = tables.get(&query.table_name)?.iter().find(|index| index.name == *name)?;
        Some(index.query(query))
    }
}

/// The attributes that an index holds beside the keys; none: all.
fn projected(projection: &Projection) -> Option<Vec<String>> {
    match projection.projection_type {
        Some(ProjectionType::KeysOnly) => Some(Vec::new()),
        Some(ProjectionType::Include) => Some(projection.non_key_attributes.clone()),
        _ => None,
    }
}

impl Index {
    fn put(&mut self, key: &Item, item: Option<&Item>) {
        let id: Vec<Sortable> =
            self.key.iter().map(|name| Sortable::of(key.get(name)).unwrap_or(Sortable::None)).collect();
        if let Some(place) = self.places.remove(&id) {
            self.entries.remove(&place);
        }
        // An item without an index's key attributes is not in it: the index is sparse.
        let Some((item, hash)) = item.and_then(|item| Some((item, Sortable::of(item.get(&self.hash))?)))
        else {
            return;
        };
        let range = match &self.range {
            None => Sortable::None,
            Some(name) => match Sortable::of(item.get(name)) {
                Some(range) => range,
                None => return,
            },
        };
        let place = Place(hash, range, id.clone());
        self.places.insert(id, place.clone());
        let entry = self.project(item);
        self.entries.insert(place, entry);
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
        let holds = |item: &Item, expression: &Expr| {
            let (names, values) = (&query.expression_attribute_names, &query.expression_attribute_values);
            EvalContext { item, names, values }.evaluate(expression).map_err(|error| invalid(&error))
        };
        let most = query.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        let (mut scanned, mut bytes, mut last) = (0, 0, None);
        for (_, item) in self.within(query) {
            if !holds(item, &condition)? {
                continue;
            }
            bytes += serde_json::to_vec(item).map_or(0, |json| json.len());
            if scanned == most || (scanned > 0 && bytes > ANSWER_MAX) {
                break;
            }
            scanned += 1;
            last = Some(item);
            if filter.as_ref().map_or(Ok(true), |filter| holds(item, filter))? {
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
        let limited = scanned == most || bytes > ANSWER_MAX;
        let last_evaluated_key = last.filter(|_| limited).map(|item| self.keys(item)).unwrap_or_default();
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        Ok(QueryOutput {
            count: count(items.len()),
            scanned_count: count(scanned),
            items: (query.select != Some(Select::Count)).then_some(items),
            last_evaluated_key,
            consumed_capacity: None,
        })
    }

    /// The key of an entry: the index's and the table's.
    fn keys(&self, item: &Item) -> Item {
        let names = self.key.iter().chain([&self.hash]).chain(&self.range);
        names.filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
    }

    /// The entries of the partitions that `query` can mean, behind its start, in its order.
    fn within(&self, query: &QueryInput) -> Vec<(&Place, &Item)> {
        let start =
            Sortable::of(query.exclusive_start_key.get(&self.hash)).map(|hash| self.place_of(hash, query));
        let forward = query.scan_index_forward != Some(false);
        let mut entries = Vec::new();
        // The partition is one of the values of the expression, which decides of each entry.
        let values = query.expression_attribute_values.values().filter_map(|value| Sortable::of(Some(value)));
        for hash in values.collect::<BTreeSet<_>>() {
            let first = Place(hash.clone(), Sortable::None, Vec::new());
            let partition = self.entries.range(first..).take_while(|(place, _)| place.0 == hash);
            entries.extend(partition.filter(|(place, _)| match &start {
                None => true,
                Some(start) if forward => *place > start,
                Some(start) => *place < start,
            }));
        }
        if !forward {
            entries.reverse();
        }
        entries
    }

    fn place_of(&self, hash: Sortable, query: &QueryInput) -> Place {
        let key = &query.exclusive_start_key;
        let part = |name: &String| Sortable::of(key.get(name)).unwrap_or(Sortable::None);
        Place(hash, self.range.as_ref().map_or(Sortable::None, part), self.key.iter().map(part).collect())
    }
}
