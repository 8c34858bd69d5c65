//! The UN Security Council's consolidated list as XML.

use super::{
    country::add_country,
    dates,
    entities::named,
    identifiers::add_identifier,
    list::{List, ListError, malformed},
    text::{add, tidy},
    xml::{self, Event, Path},
};
use crate::{
    birth_date::BirthDate,
    entity::{EntityKind, ListedEntity, Topic},
};

const FORMAT: &str = "UN consolidated list (XML)";

/// An entry, and the parts of its open elements.
#[derive(Default)]
struct Entry {
    entity: ListedEntity,
    /// Its reference number, or its data id until that is known.
    reference: String,
    /// The elements FIRST_NAME to FOURTH_NAME.
    names: [String; 4],
    is_weak: bool,
    /// Type, number and country of the open document.
    document: [String; 3],
    birth: Birth,
}

/// The parts of a date of birth.
#[derive(Default)]
struct Birth {
    is_circa: bool,
    date: String,
    year: String,
    years: [Option<u16>; 2],
    note: String,
}

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not well-formed XML, has a document type, or nests
/// elements too deeply.
pub(super) fn read(text: &str) -> Result<List, ListError> {
    let mut list = List { name: "UN consolidated list".to_owned(), ..List::default() };
    let mut entry: Option<Entry> = None;
    xml::read(text, |event, path| match (event, path.name()) {
        (Event::Start(attributes), "CONSOLIDATED_LIST") => {
            list.published = Some(attributes.get("dateGenerated").to_owned()).filter(|date| !date.is_empty());
        }
        (Event::Start(_), "ENTITY" | "INDIVIDUAL") => entry = Some(Entry::default()),
        (Event::End(_), name @ ("ENTITY" | "INDIVIDUAL")) => {
            let kind = if name == "ENTITY" { EntityKind::Organization } else { EntityKind::Person };
            list.entities.extend(entry.take().and_then(|entry| entry.finish(kind)));
        }
        (Event::Start(_), "ENTITY_ALIAS" | "INDIVIDUAL_ALIAS") => {
            if let Some(entry) = &mut entry {
                entry.is_weak = false;
            }
        }
        (Event::Start(_), "INDIVIDUAL_DATE_OF_BIRTH") => {
            if let Some(entry) = &mut entry {
                entry.birth = Birth::default();
            }
        }
        (Event::End(value), _) => {
            if let Some(entry) = &mut entry {
                entry.set(path, value);
            }
        }
        (Event::Start(_), _) => {}
    })
    .map_err(|why| malformed(FORMAT, why))?;
    Ok(list)
}

impl Entry {
    /// Stores the text of an element.
    fn set(&mut self, path: &Path, value: &str) {
        let entity = &mut self.entity;
        match path.last_two() {
            ("ENTITY" | "INDIVIDUAL", element) => self.set_own(element, value),
            (_, "QUALITY") => self.is_weak = value.eq_ignore_ascii_case("low"),
            (_, "ALIAS_NAME") => {
                let names = if self.is_weak { &mut entity.weak_aliases } else { &mut entity.aliases };
                add(names, value);
            }
            ("ENTITY_ADDRESS" | "INDIVIDUAL_ADDRESS", "COUNTRY") | ("NATIONALITY", "VALUE") => {
                add_country(&mut entity.countries, value);
            }
            ("INDIVIDUAL_DOCUMENT", "TYPE_OF_DOCUMENT") => self.document[0] = tidy(value),
            ("INDIVIDUAL_DOCUMENT", "NUMBER") => self.document[1] = tidy(value),
            ("INDIVIDUAL_DOCUMENT", "ISSUING_COUNTRY" | "COUNTRY_OF_ISSUE") => {
                self.document[2] = tidy(value);
            }
            ("INDIVIDUAL_DATE_OF_BIRTH", element) => self.birth.set(element, value),
            _ => {}
        }
    }

    /// Stores the text of an element directly inside of the entry.
    fn set_own(&mut self, element: &str, value: &str) {
        let entity = &mut self.entity;
        match element {
            "FIRST_NAME" => self.names[0] = tidy(value),
            "SECOND_NAME" => self.names[1] = tidy(value),
            "THIRD_NAME" => self.names[2] = tidy(value),
            "FOURTH_NAME" => self.names[3] = tidy(value),
            "DATAID" if self.reference.is_empty() => self.reference = tidy(value),
            "REFERENCE_NUMBER" if !value.is_empty() => {
                tidy(value).trim_end_matches('.').clone_into(&mut self.reference);
            }
            "UN_LIST_TYPE" => add(&mut entity.programs, value),
            "NAME_ORIGINAL_SCRIPT" => add(&mut entity.aliases, value),
            "INDIVIDUAL_DATE_OF_BIRTH" => {
                let date = self.birth.date();
                entity.birth_dates.extend(date.filter(|date| !entity.birth_dates.contains(date)));
            }
            "INDIVIDUAL_DOCUMENT" => {
                let [kind, number, country] = std::mem::take(&mut self.document);
                let kind = if kind.eq_ignore_ascii_case("passport") { "passport" } else { "national" };
                add_identifier(&mut entity.ids, kind, &country, &number);
            }
            _ => {}
        }
    }

    /// Returns the entity, or `None` if it has no name.
    fn finish(self, kind: EntityKind) -> Option<ListedEntity> {
        let Self { mut entity, names, reference, .. } = self;
        entity.kind = kind;
        entity.id = format!("un-{reference}");
        entity.topics = vec![Topic::Sanction];
        entity.name = tidy(&names.join(" "));
        named(entity)
    }
}

impl Birth {
    /// Stores the text of an element.
    fn set(&mut self, element: &str, value: &str) {
        match element {
            "TYPE_OF_DATE" => self.is_circa = value.eq_ignore_ascii_case("approximately"),
            "DATE" => value.clone_into(&mut self.date),
            "YEAR" => value.clone_into(&mut self.year),
            "FROM_YEAR" => self.years[0] = value.parse().ok(),
            "TO_YEAR" => self.years[1] = value.parse().ok(),
            "NOTE" => value.clone_into(&mut self.note),
            _ => {}
        }
    }

    /// Returns the date: a day, a range of years, a year, or what the note says if there is nothing else.
    fn date(&self) -> Option<BirthDate> {
        let range = match self.years {
            [Some(from), Some(to)] => BirthDate::between(from, to),
            _ => None,
        };
        let date = dates::birth_date(&self.date).or(range).or_else(|| dates::birth_date(&self.year));
        let date = date.or_else(|| dates::birth_date(&self.note));
        let is_circa = self.is_circa || self.note.to_lowercase().contains("approx");
        date.map(|date| if is_circa { date.circa() } else { date })
    }
}
