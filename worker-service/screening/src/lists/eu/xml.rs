//! The list as XML.

use super::{NAME, Names, add_birth_date, add_identification, begin, kind, non_empty};
use crate::{
    entity::{EntityKind, ListedEntity},
    lists::{
        country::add_country,
        list::{List, ListError, malformed},
        text::add,
        xml::{self, Attributes, Event},
    },
};

const FORMAT: &str = "EU consolidated list (XML 1.1)";

/// An entity whose element is open.
#[derive(Default)]
struct OpenEntity {
    entity: ListedEntity,
    names: Names,
    kind: Option<EntityKind>,
    /// Whether the last name has no attribute that makes it weak.
    is_last_strong: bool,
}

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not well-formed XML, has a document type, or nests
/// elements too deeply.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    let mut open: Option<OpenEntity> = None;
    xml::read(text, |event, path| match (event, path.name()) {
        (Event::Start(export), "export") => {
            list.published = non_empty([export.get("generationDate")]).map(str::to_owned);
        }
        (Event::Start(attributes), "sanctionEntity") => {
            let number = non_empty([attributes.get("euReferenceNumber"), attributes.get("logicalId")]);
            let id = format!("eu-{}", number.unwrap_or_default());
            let entity = ListedEntity { id, ..ListedEntity::default() };
            open = Some(OpenEntity { entity, ..OpenEntity::default() });
        }
        (Event::Start(attributes), name) => {
            if let Some(open) = &mut open {
                read_element(name, attributes, open);
            }
        }
        (Event::End(_), "sanctionEntity") => {
            if let Some(OpenEntity { mut entity, names, kind: Some(kind), .. }) = open.take() {
                begin(&mut entity, kind);
                names.give(&mut entity);
                if !entity.name.is_empty() {
                    list.entities.push(entity);
                }
            }
        }
        (Event::End(remark), "remark") if path.parent() == "nameAlias" => {
            let is_weak = remark.to_lowercase().contains("low quality");
            if let Some(open) = open.as_mut().filter(|open| is_weak && open.is_last_strong) {
                open.names.weaken_last();
            }
        }
        (Event::End(_), _) => {}
    })
    .map_err(|why| malformed(FORMAT, why))?;
    Ok(list)
}

/// Reads an element inside of a sanctionEntity.
fn read_element(name: &str, attributes: &Attributes<'_>, open: &mut OpenEntity) {
    let OpenEntity { entity, names, kind: entity_kind, is_last_strong } = open;
    let get = |name: &str| attributes.get(name);
    match name {
        "subjectType" => *entity_kind = kind(get("code"), get("classificationCode")),
        "regulation" => add(&mut entity.programs, get("programme")),
        "nameAlias" => {
            let parts = [get("firstName"), get("middleName"), get("lastName")];
            *is_last_strong = get("strong") != "false";
            names.add(!*is_last_strong, get("wholeName"), parts);
        }
        "address" | "citizenship" => add_country(&mut entity.countries, get("countryIso2Code")),
        "birthdate" => {
            let years = [get("year"), get("yearRangeFrom"), get("yearRangeTo")];
            add_birth_date(entity, get("birthdate"), years, get("circa") == "true");
        }
        "identification" if get("knownFalse") != "true" && get("revokedByIssuer") != "true" => {
            let number = non_empty([get("number"), get("latinNumber")]);
            add_identification(entity, get("identificationTypeCode"), get("countryIso2Code"), number);
        }
        _ => {}
    }
}
