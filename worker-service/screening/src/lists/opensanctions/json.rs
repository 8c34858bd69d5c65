//! Entities in the model FollowTheMoney, one as JSON in each line.

mod model;

use std::collections::HashMap;

use self::model::{Line, Properties, Related};
use super::{NAME, kind};
use crate::{
    entity::{ListedEntity, Topic},
    lists::{
        country::add_country,
        dates,
        entities::named,
        identifiers::add_identifier,
        list::{List, ListError, malformed},
        text::{add, tidy},
        topic,
    },
};

const FORMAT: &str = "FollowTheMoney JSON lines";

/// Reads the list: entities that are targets or have a topic. Others, such as the owners of a target, are in
/// the file but not listed. Its date is the latest `last_seen` of an entity.
///
/// # Errors
/// Returns [`ListError::Malformed`] with the number of the first line that is not an entity.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let mut published = String::new();
    let mut entities: Vec<(bool, ListedEntity)> = Vec::new();
    // The programmes of each sanction, by the id of the entity. In plain files, sanctions have their own lines.
    let mut sanctions: HashMap<String, Vec<String>> = HashMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line)
            .map_err(|error| malformed(FORMAT, format_args!("line {}: {error}", number + 1)))?;
        if line.last_seen.as_deref().is_some_and(|seen| *seen > *published) {
            published = line.last_seen.clone().unwrap_or_default();
        }
        if line.schema == "Sanction" {
            for id in texts(&line.properties.entity) {
                let programs = sanctions.entry(id.to_owned()).or_default();
                programs_of(&line.properties).for_each(|program| add(programs, program));
            }
        } else if let Some(kind) = kind(&line.schema) {
            let is_listed = line.target.unwrap_or(true) || !line.properties.topics.is_empty();
            entities.push((is_listed, ListedEntity { kind, ..entity(line) }));
        }
    }
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    list.published = Some(published).filter(|date| !date.is_empty());
    for (is_listed, mut entity) in entities {
        let programs = sanctions.get(&entity.id);
        if entity.topics.is_empty() {
            entity.topics.push(if programs.is_some() { Topic::Sanction } else { Topic::Other });
        }
        programs.into_iter().flatten().for_each(|program| add(&mut entity.programs, program));
        if is_listed || programs.is_some() {
            list.entities.extend(named(entity));
        }
    }
    Ok(list)
}

/// Returns the entity of a line.
fn entity(line: Line) -> ListedEntity {
    let Line { id, caption, properties, datasets, .. } = line;
    let mut entity = ListedEntity { id, name: tidy(&caption.unwrap_or_default()), ..ListedEntity::default() };
    let names = [&properties.name, &properties.alias, &properties.previous_name, &properties.abbreviation];
    for name in names.into_iter().flat_map(|names| texts(names)) {
        add(&mut entity.aliases, name);
    }
    texts(&properties.weak_alias).for_each(|name| add(&mut entity.weak_aliases, name));
    let countries =
        [&properties.country, &properties.jurisdiction, &properties.nationality, &properties.citizenship];
    for country in countries.into_iter().flat_map(|countries| texts(countries)) {
        // A jurisdiction may be a region, such as us-de.
        add_country(&mut entity.countries, country.split('-').next().unwrap_or_default());
    }
    for code in texts(&properties.topics) {
        topic::add(&mut entity.topics, topic::of_code(code));
    }
    texts(&properties.birth_date).for_each(|date| dates::add(&mut entity.birth_dates, date));
    programs_of(&properties).for_each(|program| add(&mut entity.programs, program));
    for sanction in properties.sanctions.iter().filter_map(Related::properties) {
        programs_of(sanction).for_each(|program| add(&mut entity.programs, program));
    }
    datasets.iter().for_each(|dataset| add(&mut entity.programs, dataset));
    for (kind, country, numbers) in properties.identifiers() {
        texts(numbers).for_each(|number| add_identifier(&mut entity.ids, kind, country, number));
    }
    entity
}

/// Returns the programmes that `properties` name.
fn programs_of(properties: &Properties) -> impl Iterator<Item = &str> {
    texts(&properties.program_id).chain(texts(&properties.program))
}

/// Returns the values that are texts.
fn texts(values: &[Related]) -> impl Iterator<Item = &str> {
    values.iter().filter_map(Related::text)
}
