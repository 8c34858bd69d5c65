//! Dossier's own format: JSON lines with `id`, `name`, `aliases`, `countries`, `programs` and `ids`.

use serde::Deserialize;

use super::{Entry, List, ListError, add, add_country, broken};

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

pub(super) fn read(text: &str) -> Result<List, ListError> {
    let mut list = List::default();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line)
            .map_err(|error| broken(FORMAT, format_args!("line {}: {error}", number + 1)))?;
        let Line { id, name, aliases, countries, programs, ids } = line;
        let mut entry = Entry { id, name, programs, ids, ..Entry::default() };
        for alias in &aliases {
            add(&mut entry.aliases, alias);
        }
        for country in &countries {
            // Codes that ISO has not assigned, such as XK, are kept as they are.
            let before = entry.countries.len();
            add_country(&mut entry.countries, country);
            if entry.countries.len() == before && country.len() == 2 {
                add(&mut entry.countries, country);
            }
        }
        list.entries.push(entry);
    }
    Ok(list)
}
