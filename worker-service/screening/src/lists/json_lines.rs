//! Dossier's own format: JSON lines with `id`, `name`, `aliases`, `countries`, `programs` and `ids`.

use serde::Deserialize;

use super::{
    country::add_country,
    list::{List, ListError, malformed},
    text::add,
};
use crate::entity::ListedEntity;

const FORMAT: &str = "JSON lines";

#[derive(Deserialize)]
struct Line {
    id: String,
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    countries: Vec<String>,
    #[serde(default)]
    programs: Vec<String>,
    #[serde(default)]
    ids: Vec<String>,
}

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] with the number of the first line that is not such an object.
pub(super) fn read(text: &str) -> Result<List, ListError> {
    let mut list = List::default();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line)
            .map_err(|error| malformed(FORMAT, format_args!("line {}: {error}", number + 1)))?;
        let Line { id, name, aliases, countries, programs, ids } = line;
        let mut entity = ListedEntity { id, name, programs, ids, ..ListedEntity::default() };
        for alias in &aliases {
            add(&mut entity.aliases, alias);
        }
        for country in &countries {
            // Codes that ISO 3166-1 does not assign, such as XK for Kosovo, are kept as they are.
            let before = entity.countries.len();
            add_country(&mut entity.countries, country);
            if entity.countries.len() == before && country.len() == 2 {
                add(&mut entity.countries, country);
            }
        }
        list.entities.push(entity);
    }
    Ok(list)
}
