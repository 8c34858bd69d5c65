//! The list as JSON: an object with all entries in `results`.

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use super::{NAME, add_birth_date, add_code, add_id, begin, id, push};
use crate::{
    entity::ListedEntity,
    lists::{
        list::{List, ListError, malformed},
        text::add,
    },
};

const FORMAT: &str = "US Consolidated Screening List (JSON)";

#[derive(Deserialize)]
struct Document {
    results: Results,
}

/// The entries, each of which becomes an entity as soon as it is read.
struct Results(Vec<ListedEntity>);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    id: Option<String>,
    entity_number: Option<Number>,
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    source: Option<String>,
    alt_names: Option<Vec<String>>,
    programs: Option<Vec<String>>,
    dates_of_birth: Option<Vec<String>>,
    nationalities: Option<Vec<String>>,
    citizenships: Option<Vec<String>>,
    addresses: Option<Vec<Address>>,
    country: Option<String>,
    ids: Option<Vec<Id>>,
}

/// A number that some editions write as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

#[derive(Deserialize)]
struct Address {
    country: Option<String>,
}

#[derive(Deserialize)]
struct Id {
    #[serde(rename = "type")]
    kind: Option<String>,
    number: Option<String>,
    country: Option<String>,
}

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not JSON of this form.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let document: Document = serde_json::from_str(text).map_err(|error| malformed(FORMAT, error))?;
    Ok(List { name: NAME.to_owned(), published: None, entities: document.results.0 })
}

impl<'de> Deserialize<'de> for Results {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entities;
        impl<'de> Visitor<'de> for Entities {
            type Value = Vec<ListedEntity>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut entities = Vec::new();
                while let Some(entry) = entries.next_element::<Entry>()? {
                    let kind = entry.kind.clone().unwrap_or_default();
                    if let Some(entity) = entity(entry) {
                        push(&mut entities, &kind, entity);
                    }
                }
                Ok(entities)
            }
        }
        deserializer.deserialize_seq(Entities).map(Self)
    }
}

/// Returns the entity of an entry, or `None` if it is left out.
fn entity(entry: Entry) -> Option<ListedEntity> {
    let number = match entry.entity_number {
        Some(Number::Number(number)) => number.to_string(),
        Some(Number::Text(number)) => number,
        None => String::new(),
    };
    let text = |text: Option<String>| text.unwrap_or_default();
    let id = id(&number, &text(entry.id));
    let mut entity = begin(&id, &text(entry.kind), &text(entry.name), &text(entry.source))?;
    entry.alt_names.iter().flatten().for_each(|name| add(&mut entity.aliases, name));
    entry.programs.iter().flatten().for_each(|program| add(&mut entity.programs, program));
    entry.dates_of_birth.iter().flatten().for_each(|date| add_birth_date(&mut entity, date));
    let countries = entry.addresses.iter().flatten().filter_map(|address| address.country.as_ref());
    let countries = countries.chain(&entry.country);
    let countries = countries.chain(entry.nationalities.iter().chain(&entry.citizenships).flatten());
    countries.for_each(|country| add_code(&mut entity, country));
    for Id { kind, number, country } in entry.ids.into_iter().flatten() {
        add_id(&mut entity, &text(kind), &text(country), &text(number));
    }
    Some(entity)
}
