//! OFAC's lists as XML with one `sdnEntry` for each entry: SDN.XML and CONSOLIDATED.XML.

use super::{infer_countries, kind, name_of_file};
use crate::{
    entity::{EntityKind, ListedEntity, Topic},
    lists::{
        country::add_country,
        dates,
        identifiers::{self, add_identifier},
        list::{List, ListError, malformed},
        text::{add, join_names, tidy},
        xml::{self, Event, Path},
    },
};

const FORMAT: &str = "OFAC list (XML)";

/// An entry, and the parts of its open elements.
#[derive(Default)]
struct Entry {
    entity: ListedEntity,
    kind: Option<EntityKind>,
    name: [String; 2],
    alias: [String; 2],
    is_weak: bool,
    id: [String; 3],
    /// Whether it is on the SDN list, as its programmes do not say.
    is_complete: bool,
}

/// Reads the list. The name of its file says whether it is the consolidated one.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not well-formed XML, or if its number of entries is not the one
/// that it states.
pub(in crate::lists) fn read(text: &str, path: &str) -> Result<List, ListError> {
    let mut list = List { name: name_of_file(path).to_owned(), ..List::default() };
    let (mut stated, mut found) = (None::<usize>, 0_usize);
    let mut entry = Entry::default();
    xml::read(text, |event, path| match (event, path.last_two()) {
        (Event::Start(_), (_, "sdnEntry")) => entry = Entry::default(),
        (Event::End(_), (_, "sdnEntry")) => {
            found += 1;
            list.entities.extend(std::mem::take(&mut entry).finish());
        }
        (Event::End(value), (_, "Publish_Date")) => list.published = us_date(value),
        (Event::End(value), (_, "Record_Count")) => stated = value.parse().ok(),
        (Event::Start(_), (_, "aka")) => {
            entry.alias = Default::default();
            entry.is_weak = false;
        }
        (Event::Start(_), (_, "id")) => entry.id = Default::default(),
        (Event::End(value), _) => entry.set(path, value),
        (Event::Start(_), _) => {}
    })
    .map_err(|why| malformed(FORMAT, why))?;
    match stated {
        Some(stated) if stated != found => {
            Err(malformed(FORMAT, format_args!("it states {stated} entries and has {found}; get it again")))
        }
        _ => Ok(list),
    }
}

/// Returns a date such as 07/20/2026 (month, day, year) as 2026-07-20, or anything else as it is.
fn us_date(date: &str) -> Option<String> {
    let parts: Vec<&str> = date.split('/').collect();
    match parts.as_slice() {
        [month, day, year] => Some(format!("{year}-{month:0>2}-{day:0>2}")),
        _ => Some(date.to_owned()).filter(|date| !date.is_empty()),
    }
}

impl Entry {
    /// Stores the text of an element.
    fn set(&mut self, path: &Path, value: &str) {
        let entity = &mut self.entity;
        match path.last_two() {
            ("sdnEntry", "uid") => entity.id = format!("ofac-{value}"),
            ("sdnEntry", "sdnType") => {
                self.kind = kind(value);
                self.is_complete = true;
            }
            ("sdnEntry", "firstName") => self.name[1] = tidy(value),
            ("sdnEntry", "lastName") => self.name[0] = tidy(value),
            ("programList", "program") => add(&mut entity.programs, value),
            ("aka", "category") => self.is_weak = value.eq_ignore_ascii_case("weak"),
            ("aka", "firstName") => self.alias[1] = tidy(value),
            ("aka", "lastName") => self.alias[0] = tidy(value),
            ("akaList", "aka") => {
                let names = if self.is_weak { &mut entity.weak_aliases } else { &mut entity.aliases };
                add(names, &join_names(&self.alias));
            }
            ("id", "idType") => self.id[0] = tidy(value),
            ("id", "idNumber") => self.id[1] = tidy(value),
            ("id", "idCountry") => self.id[2] = tidy(value),
            ("idList", "id") => {
                let [label, number, country] = &self.id;
                if let Some(kind) = identifiers::kind(label) {
                    add_identifier(&mut entity.ids, kind, country, number);
                }
            }
            ("address" | "nationality" | "citizenship", "country") => {
                add_country(&mut entity.countries, value);
            }
            ("dateOfBirthItem", "dateOfBirth") => dates::add(&mut entity.birth_dates, value),
            _ => {}
        }
    }

    /// Returns the entity, or `None` if it is left out.
    fn finish(self) -> Option<ListedEntity> {
        let mut entity = self.entity;
        entity.kind = self.kind.filter(|_| self.is_complete)?;
        entity.name = join_names(&self.name);
        entity.topics = vec![Topic::Sanction];
        infer_countries(&mut entity);
        (!entity.name.is_empty()).then_some(entity)
    }
}
