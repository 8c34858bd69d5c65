//! The Consolidated Screening List (US Department of Commerce): the lists of the Departments of Commerce, State
//! and the Treasury in one file, as CSV and as JSON.

pub(super) mod csv;
pub(super) mod json;

use super::{
    country::add_country,
    dates,
    entities::named,
    identifiers::{self, add_identifier},
    text::{add, tidy},
};
use crate::entity::{EntityKind, ListedEntity, Topic};

/// The name of the list.
const NAME: &str = "US Consolidated Screening List";

/// Abbreviations of the lists that are no sanctions, as their names have them in parentheses.
const OTHER_LISTS: [(&str, Topic); 5] = [
    ("(EL)", Topic::ExportControl),
    ("(DPL)", Topic::ExportControl),
    ("(UVL)", Topic::ExportControl),
    ("(MEU)", Topic::ExportControl),
    ("(DTC)", Topic::ExportControl),
];

/// Words after the name of a body that stand for others, in lists of the Departments of State and Commerce.
const SUCCESSORS: &str = "and any successor, sub-unit, or subsidiary thereof";

/// Begins the entity of an entry, or returns `None` if it is left out.
fn begin(id: &str, kind: &str, name: &str, source: &str) -> Option<ListedEntity> {
    let kind = match kind.to_ascii_lowercase().as_str() {
        "" | "entity" => EntityKind::Organization,
        "individual" => EntityKind::Person,
        _ => return None,
    };
    let topic = OTHER_LISTS.iter().find(|(mark, _)| source.contains(mark)).map(|(_, topic)| *topic);
    let name = tidy(&name.replace(SUCCESSORS, ""));
    let name = name.trim_end_matches([',', ' ']).to_owned();
    let mut entity = ListedEntity {
        id: id.to_owned(),
        kind,
        name,
        topics: vec![topic.unwrap_or(Topic::Sanction)],
        ..ListedEntity::default()
    };
    add(&mut entity.programs, source);
    Some(entity)
}

/// Adds the entity of an entry of type `kind` to `entities`. The lists of the Departments of Commerce and State do
/// not say whether an entry is a body or a person: it counts as both.
fn push(entities: &mut Vec<ListedEntity>, kind: &str, entity: ListedEntity) {
    if let Some(entity) = named(entity) {
        if kind.is_empty() {
            entities.push(ListedEntity { kind: EntityKind::Person, ..entity.clone() });
        }
        entities.push(entity);
    }
}

/// Adds a date of birth such as `1961-02-02` or `circa 1961`.
fn add_birth_date(entity: &mut ListedEntity, text: &str) {
    dates::add(&mut entity.birth_dates, text);
}

/// Adds an identifier with the label of its kind.
fn add_id(entity: &mut ListedEntity, label: &str, country: &str, number: &str) {
    if let Some(kind) = identifiers::kind(label) {
        add_identifier(&mut entity.ids, kind, country, number);
    }
}

/// Returns the id of an entry: OFAC's number if it has one.
fn id(entity_number: &str, own: &str) -> String {
    if entity_number.is_empty() { format!("csl-{own}") } else { format!("ofac-{entity_number}") }
}

/// Adds the country with `code`.
fn add_code(entity: &mut ListedEntity, code: &str) {
    add_country(&mut entity.countries, code);
}
