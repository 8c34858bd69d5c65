//! Dossier's own format: JSON lines with `id`, `name` and, as far as they are known, `kind`, `aliases`,
//! `weakAliases`, `birthDates`, `countries`, `topics`, `programs` and `ids`.

use serde::Deserialize;

use super::{
    country::add_country,
    list::{List, ListError, malformed},
    text::add,
    topic,
};
use crate::{
    birth_date::BirthDate,
    entity::{EntityKind, ListedEntity},
};

const FORMAT: &str = "JSON lines";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: String,
    name: String,
    kind: Option<Kind>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    weak_aliases: Vec<String>,
    birth_dates: Option<Vec<String>>,
    #[serde(default)]
    countries: Vec<String>,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    programs: Vec<String>,
    #[serde(default)]
    ids: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Organization,
    Person,
}

/// Reads the list, and gives `take` each entity. The list that it returns is empty.
///
/// # Errors
/// Returns [`ListError::Malformed`] with the number of the first line that is not such an object.
pub(super) fn read_each(text: &str, take: &mut dyn FnMut(ListedEntity)) -> Result<List, ListError> {
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at_line =
            |error: &dyn std::fmt::Display| malformed(FORMAT, format_args!("line {}: {error}", number + 1));
        let line: Line = serde_json::from_str(line).map_err(|error| at_line(&error))?;
        take(entity(line).map_err(|error| at_line(&error))?);
    }
    Ok(List::default())
}

/// Returns the entity that a line describes. A line without a kind that has a place for dates of birth is
/// about a person.
///
/// # Errors
/// Returns what is wrong with the line.
fn entity(line: Line) -> Result<ListedEntity, String> {
    let Line { id, name, kind, aliases, weak_aliases, birth_dates, countries, topics, programs, ids } = line;
    if name.trim().is_empty() {
        return Err(format!("the entry {id:?} has no name"));
    }
    let kind = match (kind, &birth_dates) {
        (Some(Kind::Person), _) | (None, Some(_)) => EntityKind::Person,
        (Some(Kind::Organization), _) | (None, None) => EntityKind::Organization,
    };
    let mut entity = ListedEntity { id, kind, name, programs, ids, ..ListedEntity::default() };
    for alias in &aliases {
        add(&mut entity.aliases, alias);
    }
    for alias in &weak_aliases {
        add(&mut entity.weak_aliases, alias);
    }
    for text in birth_dates.iter().flatten() {
        let date: BirthDate = text.parse().map_err(|error| format!("{text:?} is {error}"))?;
        entity.birth_dates.push(date);
    }
    for text in &topics {
        topic::add(&mut entity.topics, topic::of_code(text));
    }
    for country in &countries {
        // Codes that ISO 3166-1 does not assign, such as XK for Kosovo, are kept as they are.
        let before = entity.countries.len();
        add_country(&mut entity.countries, country);
        if entity.countries.len() == before && country.len() == 2 {
            add(&mut entity.countries, country);
        }
    }
    Ok(entity)
}
