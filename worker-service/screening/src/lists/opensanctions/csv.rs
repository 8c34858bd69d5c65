//! targets.simple.csv: a row for each entity. A cell with several values is itself a row of CSV.

use super::{NAME, kind, topic_of_dataset};
use crate::{
    entity::Topic,
    lists::{
        country::add_country,
        dates,
        entities::Entities,
        list::{List, ListError},
        table::{Row, Table, rows},
        text::{add, tidy},
        topic,
    },
};

const FORMAT: &str = "OpenSanctions targets.simple.csv";

/// Returns whether `line` is the header of targets.simple.csv.
pub(in crate::lists) fn is_header(line: &str) -> bool {
    line.replace('"', "").starts_with("id,schema,name,aliases")
}

/// Reads the list. Its date is the latest `last_seen` of an entity.
///
/// # Errors
/// Returns [`ListError::Malformed`] if a column is missing or a row is not CSV or cut off.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let required = ["id", "schema", "name", "aliases", "countries", "sanctions", "dataset"];
    let mut table = Table::new(FORMAT, rows(text, b',', true), &required)?;
    let mut entities = Entities::default();
    let mut published = String::new();
    while let Some(row) = table.next()? {
        let get = |name: &str| row.get(name);
        let (Some(kind), false) = (kind(get("schema")), get("id").is_empty()) else { continue };
        if *get("last_seen") > *published {
            get("last_seen").clone_into(&mut published);
        }
        let entity = entities.entry(get("id"));
        entity.kind = kind;
        entity.name = tidy(get("name"));
        for alias in values(get("aliases")) {
            add(&mut entity.aliases, &alias);
        }
        for country in values(get("countries")) {
            add_country(&mut entity.countries, &country);
        }
        for date in values(get("birth_date")) {
            dates::add(&mut entity.birth_dates, &date);
        }
        for program in values(get("program_ids")).iter().chain(&values(get("dataset"))) {
            add(&mut entity.programs, program);
        }
        for number in values(get("identifiers")) {
            add(&mut entity.ids, &format!("id::{}", tidy(&number)));
        }
        for topic in topics(&row) {
            topic::add(&mut entity.topics, topic);
        }
    }
    let published = Some(published).filter(|date| !date.is_empty());
    Ok(List { name: NAME.to_owned(), published, entities: entities.finish() })
}

/// Returns why the entity of a row is listed. A newer file has topics; otherwise an entity is sanctioned if the
/// row names a sanction and a data set of sanctions.
fn topics(row: &Row<'_>) -> Vec<Topic> {
    let stated = values(row.get("topics"));
    if !stated.is_empty() {
        return stated.iter().map(|code| topic::of_code(code)).collect();
    }
    let datasets: Vec<Option<Topic>> =
        values(row.get("dataset")).iter().map(|title| topic_of_dataset(title)).collect();
    let is_sanctioned = !row.get("sanctions").is_empty() && (datasets.is_empty() || datasets.contains(&None));
    let mut topics: Vec<Topic> = datasets.into_iter().flatten().collect();
    if is_sanctioned {
        topics.insert(0, Topic::Sanction);
    } else if topics.is_empty() {
        topics.push(Topic::Other);
    }
    topics
}

/// Returns the values of a cell.
fn values(cell: &str) -> Vec<String> {
    if cell.is_empty() {
        return Vec::new();
    }
    if !cell.contains([';', '"']) {
        return vec![cell.to_owned()];
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        // Values contain unquoted line breaks; a cell has only one row.
        .terminator(csv::Terminator::Any(0))
        .has_headers(false)
        .from_reader(cell.as_bytes());
    let row = reader.records().next().and_then(Result::ok).unwrap_or_default();
    row.iter().filter(|value| !value.trim().is_empty()).map(str::to_owned).collect()
}
