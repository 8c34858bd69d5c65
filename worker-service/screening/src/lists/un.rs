//! The UN Security Council's consolidated list as XML.

use super::{
    country::add_country,
    list::{List, ListError, malformed},
    text::{add, tidy},
    xml::{self, Event},
};
use crate::entity::ListedEntity;

const FORMAT: &str = "UN consolidated list (XML)";

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not well-formed XML, has a document type, or nests
/// elements too deeply.
pub(super) fn read(text: &str) -> Result<List, ListError> {
    let mut list = List { name: "UN consolidated list".to_owned(), ..List::default() };
    // The open elements from the root on.
    let mut path: Vec<String> = Vec::new();
    let mut entity: Option<ListedEntity> = None;
    let mut reference = String::new();
    // The text since the last tag.
    let mut value = String::new();
    xml::read(text, |event| match event {
        Event::Start(name, attributes) => {
            value.clear();
            if name == "CONSOLIDATED_LIST" {
                list.published =
                    attributes.into_iter().find(|(name, _)| name == "dateGenerated").map(|(_, date)| date);
            }
            if name == "ENTITY" {
                entity = Some(ListedEntity::default());
                reference.clear();
            }
            path.push(name);
        }
        Event::Text(text) => value.push_str(&text),
        Event::End(name) => {
            path.pop();
            if let Some(entity) = &mut entity {
                let parent = path.last().map(String::as_str).unwrap_or_default();
                set(entity, &mut reference, (parent, &name), &value);
            }
            value.clear();
            if name == "ENTITY"
                && let Some(mut entity) = entity.take()
                && !entity.name.is_empty()
            {
                entity.id = format!("un-{reference}");
                list.entities.push(entity);
            }
        }
    })
    .map_err(|why| malformed(FORMAT, why))?;
    Ok(list)
}

/// Stores the text of an element, which is known by the names of its parent and itself. The `reference`
/// becomes the entity's id: its reference number, or its data id until that is known.
fn set(entity: &mut ListedEntity, reference: &mut String, element: (&str, &str), value: &str) {
    match element {
        ("ENTITY", "FIRST_NAME") => entity.name = tidy(value),
        ("ENTITY", "DATAID") if reference.is_empty() => *reference = tidy(value),
        ("ENTITY", "REFERENCE_NUMBER") if !tidy(value).is_empty() => {
            tidy(value).trim_end_matches('.').clone_into(reference);
        }
        ("ENTITY", "UN_LIST_TYPE") => add(&mut entity.programs, value),
        ("ENTITY", "NAME_ORIGINAL_SCRIPT") => add(&mut entity.aliases, value),
        ("ENTITY_ALIAS", "ALIAS_NAME") => {
            for alias in value.split("; ") {
                add(&mut entity.aliases, alias);
            }
        }
        ("ENTITY_ADDRESS", "COUNTRY") => add_country(&mut entity.countries, value),
        _ => {}
    }
}
