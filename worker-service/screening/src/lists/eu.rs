//! The EU's consolidated list of financial sanctions, version 1.1, as XML and as CSV.

use std::collections::HashMap;

use super::{
    country::{self, add_country},
    entities::Entities,
    list::{List, ListError, malformed},
    table::{Columns, rows},
    text::{add, tidy},
    xml::{self, Event},
};
use crate::entity::ListedEntity;

const XML: &str = "EU consolidated list (XML 1.1)";
const CSV: &str = "EU consolidated list (CSV 1.1)";
const NAME: &str = "EU consolidated list";

/// Types of identification that a company can have, with the kind of identifier.
const IDENTIFICATIONS: [(&str, &str); 6] = [
    ("regnumber", "reg"),
    ("fiscalcode", "tax"),
    ("swiftbic", "swift"),
    ("tradelic", "reg"),
    ("imo", "imo"),
    ("other", "reg"),
];

/// First code point beyond the Latin letters of European languages.
const AFTER_LATIN: char = '\u{250}';

/// The names of an entity by their quality. The list does not mark a main name.
#[derive(Default)]
struct Names {
    strong: Vec<String>,
    weak: Vec<String>,
}

impl Names {
    /// Adds the name that is `whole` or consists of `parts`.
    fn add(&mut self, is_weak: bool, whole: &str, parts: [&str; 3]) {
        let names = if is_weak { &mut self.weak } else { &mut self.strong };
        match whole {
            "" => add(names, &parts.join(" ")),
            whole => add(names, whole),
        }
    }

    /// Sets the names of `entity`. Its main name is the first strong one in Latin letters, or else the first
    /// strong one, or else the first weak one.
    fn give(self, entity: &mut ListedEntity) {
        let is_latin = |name: &&String| name.chars().all(|c| !c.is_alphabetic() || c < AFTER_LATIN);
        let main = self.strong.iter().find(is_latin).or(self.strong.first()).or(self.weak.first()).cloned();
        entity.name = main.unwrap_or_default();
        for name in self.strong.iter().chain(&self.weak).filter(|name| **name != entity.name) {
            add(&mut entity.aliases, name);
        }
    }
}

/// An entity whose element is open.
#[derive(Default)]
struct OpenEntity {
    entity: ListedEntity,
    names: Names,
    is_enterprise: bool,
}

/// Reads the list from XML.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not well-formed XML, has a document type, or nests
/// elements too deeply.
pub(super) fn read_xml(text: &str) -> Result<List, ListError> {
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    let mut open: Option<OpenEntity> = None;
    xml::read(text, |event| match event {
        Event::Start(name, attributes) => {
            let get = |name: &str| {
                let attribute = attributes.iter().find(|(other, _)| other == name);
                attribute.map(|(_, value)| value.as_str()).unwrap_or_default()
            };
            match (name.as_str(), &mut open) {
                ("export", _) => list.published = non_empty([get("generationDate")]).map(str::to_owned),
                ("sanctionEntity", _) => {
                    let number = non_empty([get("euReferenceNumber"), get("logicalId")]);
                    let mut opened = OpenEntity::default();
                    opened.entity.id = format!("eu-{}", number.unwrap_or_default());
                    open = Some(opened);
                }
                (name, Some(open)) => read_element(name, get, open),
                _ => {}
            }
        }
        Event::End(name) if name == "sanctionEntity" => {
            if let Some(OpenEntity { mut entity, names, is_enterprise: true }) = open.take() {
                names.give(&mut entity);
                if !entity.name.is_empty() {
                    list.entities.push(entity);
                }
            }
        }
        Event::Text(_) | Event::End(_) => {}
    })
    .map_err(|why| malformed(XML, why))?;
    Ok(list)
}

/// Reads an element inside of a sanctionEntity; `get` returns the value of an attribute.
fn read_element<'a>(name: &str, get: impl Fn(&str) -> &'a str, open: &mut OpenEntity) {
    let OpenEntity { entity, names, is_enterprise } = open;
    match name {
        "subjectType" => *is_enterprise = get("code") == "enterprise" || get("classificationCode") == "E",
        "regulation" => add(&mut entity.programs, get("programme")),
        "nameAlias" => {
            let parts = ["firstName", "middleName", "lastName"].map(&get);
            names.add(get("strong") == "false", get("wholeName"), parts);
        }
        "address" => add_country(&mut entity.countries, get("countryIso2Code")),
        "identification" if get("knownFalse") != "true" && get("revokedByIssuer") != "true" => {
            let number = non_empty([get("number"), get("latinNumber")]);
            add_identification(entity, get("identificationTypeCode"), get("countryIso2Code"), number);
        }
        _ => {}
    }
}

/// Reads the list from CSV: a row for each part of an entity.
///
/// # Errors
/// Returns [`ListError::Malformed`] if a column is missing or a row is not CSV.
pub(super) fn read_csv(text: &str) -> Result<List, ListError> {
    let mut reader = rows(text, b';', true);
    let columns = Columns::of(reader.headers().map_err(|error| malformed(CSV, error))?);
    columns.require(
        CSV,
        &["Entity_LogicalId", "Entity_SubjectType_ClassificationCode", "NameAlias_WholeName"],
    )?;
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    let mut entities = Entities::default();
    let mut names: HashMap<String, Names> = HashMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| malformed(CSV, error))?;
        let get = |name: &str| columns.get(&row, name);
        // This format swaps the values of the columns for code and classification.
        let is_enterprise =
            get("Entity_SubjectType_ClassificationCode") == "enterprise" || get("Entity_SubjectType") == "E";
        let number = non_empty([get("Entity_EU_ReferenceNumber"), get("Entity_LogicalId")]);
        let (true, Some(number)) = (is_enterprise, number) else { continue };
        if list.published.is_none() {
            list.published = non_empty([get("fileGenerationDate")]).map(str::to_owned);
        }
        let id = format!("eu-{number}");
        let entity = entities.entry(&id);
        add(&mut entity.programs, get("Entity_Regulation_Programme"));
        add_country(&mut entity.countries, get("Address_CountryIso2Code"));
        if get("Identification_KnownFalse") != "true" && get("Identification_RevokedByIssuer") != "true" {
            let number = non_empty([get("Identification_Number"), get("Identification_LatinNumber")]);
            let (code, country) = (get("Identification_TypeCode"), get("Identification_CountryIso2Code"));
            add_identification(entity, code, country, number);
        }
        let parts = ["NameAlias_FirstName", "NameAlias_MiddleName", "NameAlias_LastName"].map(get);
        let is_weak = get("NameAlias_Remark").to_lowercase().contains("low quality")
            || get("NameAlias_Strong") == "false";
        names.entry(id).or_default().add(is_weak, get("NameAlias_WholeName"), parts);
    }
    for entity in &mut entities.entities {
        names.remove(&entity.id).unwrap_or_default().give(entity);
    }
    list.entities = entities.finish();
    Ok(list)
}

/// Adds an identifier of the type `code`, unless a company cannot have one of that type.
fn add_identification(entity: &mut ListedEntity, code: &str, country: &str, number: Option<&str>) {
    let kind = IDENTIFICATIONS.iter().find(|(known, _)| *known == code).map(|(_, kind)| kind);
    if let (Some(kind), Some(number)) = (kind, number) {
        let country = country::code(country).unwrap_or_default();
        add(&mut entity.ids, &format!("{kind}:{country}:{}", tidy(number)));
    }
}

/// Returns the first text that is not empty.
fn non_empty<const N: usize>(texts: [&str; N]) -> Option<&str> {
    texts.into_iter().find(|text| !text.is_empty())
}
