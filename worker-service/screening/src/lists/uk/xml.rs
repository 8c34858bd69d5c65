//! The list as XML, with one `Designation` for each entry.

use super::{NAME, add_birth_date, add_name, add_numbers, begin, kind};
use crate::{
    entity::{EntityKind, ListedEntity},
    lists::{
        country::add_country,
        entities::named,
        list::{List, ListError, malformed},
        text::{add, tidy},
        xml::{self, Event, Path},
    },
};

const FORMAT: &str = "UK sanctions list (XML)";

/// A designation, and the parts of its open name.
#[derive(Default)]
struct Designation {
    entity: ListedEntity,
    kind: Option<EntityKind>,
    /// The parts of the open name: the elements Name1 to Name6.
    name: [String; 6],
    name_type: String,
    strength: String,
}

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not well-formed XML.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    let mut designation = Designation::default();
    xml::read(text, |event, path| match (event, path.last_two()) {
        (Event::Start(_), (_, "Designation")) => designation = Designation::default(),
        (Event::End(_), (_, "Designation")) => {
            list.entities.extend(std::mem::take(&mut designation).finish());
        }
        (Event::End(date), ("Designations", "DateGenerated")) => list.published = Some(date.to_owned()),
        (Event::End(value), _) => designation.set(path, value),
        (Event::Start(_), _) => {}
    })
    .map_err(|why| malformed(FORMAT, why))?;
    Ok(list)
}

impl Designation {
    /// Stores the text of an element.
    fn set(&mut self, path: &Path, value: &str) {
        let entity = &mut self.entity;
        match path.last_two() {
            (_, "UniqueID") => entity.id = format!("uk-{value}"),
            (_, "IndividualEntityShip") => self.kind = kind(value),
            (_, "RegimeName") => add(&mut entity.programs, value),
            ("Names", "Name") => {
                let parts = std::mem::take(&mut self.name);
                let name = tidy(&parts.join(" "));
                add_name(
                    entity,
                    &name,
                    &std::mem::take(&mut self.name_type),
                    &std::mem::take(&mut self.strength),
                );
            }
            ("Name", "NameType") => value.clone_into(&mut self.name_type),
            ("Name", "AliasStrength") => value.clone_into(&mut self.strength),
            ("Name", part) => {
                let number = part.strip_prefix("Name").and_then(|number| number.parse::<usize>().ok());
                if let Some(part) = number.and_then(|number| self.name.get_mut(number.checked_sub(1)?)) {
                    value.clone_into(part);
                }
            }
            (_, "NameNonLatinScript") => add(&mut entity.aliases, value),
            (_, "AddressCountry" | "Nationality") => add_country(&mut entity.countries, value),
            (_, "DOB") => add_birth_date(entity, value),
            (_, "BusinessRegistrationNumber") => add_numbers(&mut entity.ids, value),
            _ => {}
        }
    }

    /// Returns the entity, or `None` if it is left out.
    fn finish(self) -> Option<ListedEntity> {
        let mut entity = self.entity;
        begin(&mut entity, self.kind?);
        named(entity).filter(|entity| !entity.id.is_empty())
    }
}
