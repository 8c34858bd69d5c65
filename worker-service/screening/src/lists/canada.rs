//! The consolidated list of Canada (Special Economic Measures Act and Justice for Victims of Corrupt Foreign
//! Officials Act) as XML: a flat `record` for each entry. Newer editions add the French name of an element to its
//! name after a dash.

use std::collections::HashMap;

use super::{
    country::add_country,
    dates,
    entities::named,
    list::{List, ListError, malformed},
    split::is_name,
    text::{add, join_names, tidy},
    xml::{self, Event},
};
use crate::entity::{EntityKind, ListedEntity, Topic};

const FORMAT: &str = "Canadian sanctions list (XML)";
const NAME: &str = "Canadian consolidated autonomous sanctions list";

/// Reads the list. It states no date: the latest date of an entry says nothing of when it was published.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not well-formed XML.
pub(super) fn read(text: &str) -> Result<List, ListError> {
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    let mut record: HashMap<String, String> = HashMap::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    xml::read(text, |event, path| match (event, path.last_two()) {
        (Event::Start(_), (_, "record")) => record.clear(),
        (Event::End(_), (_, "record")) => {
            let get = |name: &str| record.get(name).map(String::as_str).unwrap_or_default();
            if let Some(mut entity) = entity(get) {
                // Items are numbered anew in each part, and some numbers occur twice.
                let count = seen.entry(entity.id.clone()).or_default();
                *count += 1;
                if *count > 1 {
                    entity.id = format!("{}-{count}", entity.id);
                }
                list.entities.push(entity);
            }
        }
        (Event::End(value), ("record", name)) => {
            let english = name.split('-').next().unwrap_or(name);
            record.insert(english.to_owned(), tidy(value));
        }
        _ => {}
    })
    .map_err(|why| malformed(FORMAT, why))?;
    Ok(list)
}

/// Returns the names in a text with commas between them. A comma before a legal form, as in "Acme, LLC", does not
/// separate names.
fn separated_by_commas(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in text.split(',') {
        match names.last_mut().filter(|_| !is_name(part)) {
            Some(name) => *name = format!("{name},{part}"),
            None => names.push(part.to_owned()),
        }
    }
    names
}

/// Returns the entity of a record, or `None` if it is a ship or has no name; `get` returns the text of an element.
fn entity<'a>(get: impl Fn(&str) -> &'a str) -> Option<ListedEntity> {
    if !get("ShipIMONumber").is_empty() {
        return None;
    }
    let body = get("EntityOrShip");
    let person = join_names(&[get("LastName").to_owned(), get("GivenName").to_owned()]);
    let kind = if body.is_empty() { EntityKind::Person } else { EntityKind::Organization };
    let id: Vec<&str> =
        [get("Country"), get("Schedule"), get("Item")].into_iter().filter(|part| !part.is_empty()).collect();
    let mut entity = ListedEntity {
        id: format!("canada-{}", id.join("/")),
        kind,
        name: if body.is_empty() { person } else { body.to_owned() },
        topics: vec![Topic::Sanction],
        ..ListedEntity::default()
    };
    // The element Country names the regulations. They are called after a country, or after an act.
    let regime = get("Country").split(" / ").next().unwrap_or_default();
    add(&mut entity.programs, regime);
    if kind == EntityKind::Organization {
        add_country(&mut entity.countries, regime);
    }
    for aliases in get("Aliases").split(';') {
        separated_by_commas(aliases).iter().for_each(|alias| add(&mut entity.aliases, alias));
    }
    if kind == EntityKind::Person {
        dates::add(&mut entity.birth_dates, get("DateOfBirthOrShipBuildDate"));
    }
    named(entity)
}
