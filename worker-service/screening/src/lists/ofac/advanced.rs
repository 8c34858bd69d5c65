//! OFAC's lists as advanced XML: SDN_ADVANCED.XML and CONS_ADVANCED.XML. Types, countries, places and documents
//! stand in tables before the parties that refer to them, and programmes in entries after them.

mod party;
mod period;
mod tables;

use std::collections::HashMap;

use self::{party::Party, tables::Tables};
use super::{SDN, infer_countries, list_name};
use crate::{
    entity::{ListedEntity, Topic},
    lists::{
        list::{List, ListError, malformed},
        text::add,
        xml::{self, Event},
    },
};

const FORMAT: &str = "OFAC list (advanced XML)";

/// The parts of the file that were read.
#[derive(Default)]
struct Reading {
    tables: Tables,
    party: Option<Party>,
    entities: Vec<ListedEntity>,
    /// Positions in `entities` by the id of the profile.
    by_profile: HashMap<String, usize>,
    /// The profile of the open entry, and its programme.
    profile: String,
    list_name: Option<&'static str>,
    date: [String; 3],
}

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not well-formed XML.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let mut reading = Reading::default();
    xml::read(text, |event, path| {
        if path.contains("ReferenceValueSets")
            || path.contains("Locations")
            || path.contains("IDRegDocuments")
        {
            reading.tables.read(event, path);
        } else if path.contains("DistinctParty") {
            reading.read_party(event, path);
        } else {
            reading.read_entry(event, path);
        }
    })
    .map_err(|why| malformed(FORMAT, why))?;
    let Reading { mut entities, list_name, date, .. } = reading;
    entities.iter_mut().for_each(infer_countries);
    let [year, month, day] = date;
    let published = (!day.is_empty()).then(|| format!("{year}-{month:0>2}-{day:0>2}"));
    Ok(List { name: list_name.unwrap_or(SDN).to_owned(), published, entities })
}

impl Reading {
    /// Reads an element of a party.
    fn read_party(&mut self, event: Event<'_>, path: &xml::Path) {
        let is_party = path.name() == "DistinctParty";
        match event {
            Event::Start(attributes) if is_party => self.party = Some(Party::new(attributes.get("FixedRef"))),
            Event::End(_) if is_party => {
                if let Some((profile, mut entity)) = self.party.take().and_then(Party::finish) {
                    entity.topics = vec![Topic::Sanction];
                    self.by_profile.insert(profile, self.entities.len());
                    self.entities.push(entity);
                }
            }
            event => {
                if let Some(party) = &mut self.party {
                    party.read(event, path, &self.tables);
                }
            }
        }
    }

    /// Reads an element of the entries, which hold programmes, or of the date of the file.
    fn read_entry(&mut self, event: Event<'_>, path: &xml::Path) {
        match (event, path.last_two()) {
            (Event::Start(attributes), (_, "SanctionsEntry")) => {
                attributes.get("ProfileID").clone_into(&mut self.profile);
                let list = self.tables.lists.get(attributes.get("ListID"));
                self.list_name = self.list_name.or(list.map(|name| list_name(name)));
            }
            (Event::End(value), ("SanctionsMeasure", "Comment")) => {
                if let Some(at) = self.by_profile.get(&self.profile) {
                    add(&mut self.entities[*at].programs, value);
                }
            }
            (Event::End(value), ("DateOfIssue", part)) => {
                let at = ["Year", "Month", "Day"].iter().position(|name| *name == part);
                if let Some(at) = at {
                    value.clone_into(&mut self.date[at]);
                }
            }
            _ => {}
        }
    }
}
