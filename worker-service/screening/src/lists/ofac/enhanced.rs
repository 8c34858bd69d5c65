//! OFAC's lists as enhanced XML: SDN_ENHANCED.XML and CONS_ENHANCED.XML.

use super::{infer_countries, kind, list_name};
use crate::{
    entity::{EntityKind, ListedEntity, Topic},
    lists::{
        country::add_country,
        dates,
        identifiers::{self, add_identifier},
        list::{List, ListError, malformed},
        text::{add, tidy},
        xml::{self, Event, Path},
    },
};

const FORMAT: &str = "OFAC list (enhanced XML)";
/// Part of the namespace of the files that hold only what changed.
const DELTA: &str = "DeltaFile";

/// An entry, and the parts of its open elements.
#[derive(Default)]
struct Entry {
    entity: ListedEntity,
    kind: Option<EntityKind>,
    is_primary: bool,
    is_weak: bool,
    /// The type of the open feature.
    feature: String,
    /// Type, number and issuing country of the open document.
    document: [String; 3],
}

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not well-formed XML or holds only what changed.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let mut list = List::default();
    let mut is_delta = false;
    let mut entry = Entry::default();
    xml::read(text, |event, path| match (event, path.last_two()) {
        (Event::Start(attributes), ("", "sanctionsData")) => {
            is_delta |= attributes.get("xmlns").contains(DELTA);
        }
        (Event::Start(attributes), ("entities", "entity")) => {
            is_delta |= !attributes.get("action").is_empty();
            entry = Entry::default();
            entry.entity.id = format!("ofac-{}", attributes.get("id"));
        }
        (Event::End(_), ("entities", "entity")) => {
            list.entities.extend(std::mem::take(&mut entry).finish());
        }
        (Event::End(value), ("publicationInfo", "dataAsOf")) => list.published = Some(value.to_owned()),
        // The lists that the file was made from stand before its entries.
        (Event::End(value), ("sanctionsLists", "sanctionsList")) if path.contains("filters") => {
            list.name = list_name(value).to_owned();
        }
        (Event::Start(_), (_, "name")) => (entry.is_primary, entry.is_weak) = (false, false),
        (Event::Start(_), (_, "feature")) => entry.feature.clear(),
        (Event::Start(_), (_, "identityDocument")) => entry.document = Default::default(),
        (Event::End(value), _) => entry.set(path, value),
        (Event::Start(_), _) => {}
    })
    .map_err(|why| malformed(FORMAT, why))?;
    if is_delta {
        return Err(malformed(FORMAT, "it holds only what changed; give the whole list, SDN_ENHANCED.XML"));
    }
    if list.name.is_empty() {
        super::SDN.clone_into(&mut list.name);
    }
    Ok(list)
}

impl Entry {
    /// Stores the text of an element.
    fn set(&mut self, path: &Path, value: &str) {
        let entity = &mut self.entity;
        match path.last_two() {
            ("generalInfo", "entityType") => self.kind = kind(value).filter(|_| !value.is_empty()),
            ("sanctionsPrograms", "sanctionsProgram") => add(&mut entity.programs, value),
            ("name", "isPrimary") => self.is_primary = value == "true",
            ("name", "isLowQuality") => self.is_weak = value == "true",
            ("translation", "formattedFullName") => {
                if self.is_primary && entity.name.is_empty() {
                    entity.name = tidy(value);
                } else {
                    add(if self.is_weak { &mut entity.weak_aliases } else { &mut entity.aliases }, value);
                }
            }
            ("address", "country") => add_country(&mut entity.countries, value),
            ("feature", "type") => self.feature = tidy(value),
            ("feature", "value") => self.set_feature(value),
            ("identityDocument", "type") => self.document[0] = tidy(value),
            ("identityDocument", "documentNumber") => self.document[1] = tidy(value),
            ("identityDocument", "issuingCountry") => self.document[2] = tidy(value),
            ("identityDocuments", "identityDocument") => {
                let [label, number, country] = &self.document;
                if let Some(kind) = identifiers::kind(label) {
                    add_identifier(&mut entity.ids, kind, country, number);
                }
            }
            _ => {}
        }
    }

    /// Stores the value of the open feature.
    fn set_feature(&mut self, value: &str) {
        match self.feature.as_str() {
            "Birthdate" => dates::add(&mut self.entity.birth_dates, value),
            "Nationality Country" | "Citizenship Country" | "Nationality of Registration" => {
                add_country(&mut self.entity.countries, value);
            }
            label => {
                if let Some(kind) = identifiers::kind(label) {
                    add_identifier(&mut self.entity.ids, kind, "", value);
                }
            }
        }
    }

    /// Returns the entity, or `None` if it is left out.
    fn finish(self) -> Option<ListedEntity> {
        let mut entity = self.entity;
        entity.kind = self.kind?;
        entity.topics = vec![Topic::Sanction];
        if entity.name.is_empty() && !entity.aliases.is_empty() {
            entity.name = entity.aliases.remove(0);
        }
        infer_countries(&mut entity);
        (!entity.name.is_empty()).then_some(entity)
    }
}
