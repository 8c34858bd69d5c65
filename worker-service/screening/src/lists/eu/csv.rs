//! The list as CSV: a row for each part of an entity.

use std::collections::HashMap;

use super::{NAME, Names, add_birth_date, add_identification, begin, kind, non_empty};
use crate::lists::{
    country::add_country,
    entities::Entities,
    list::{List, ListError},
    table::{Table, rows},
    text::add,
};

const FORMAT: &str = "EU consolidated list (CSV 1.1)";

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if a column is missing or a row is not CSV or cut off.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let required = ["Entity_LogicalId", "Entity_SubjectType_ClassificationCode", "NameAlias_WholeName"];
    let mut table = Table::new(FORMAT, rows(text, b';', true), &required)?;
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    let mut entities = Entities::default();
    let mut names: HashMap<String, Names> = HashMap::new();
    while let Some(row) = table.next()? {
        let get = |name: &str| row.get(name);
        // This format swaps the values of the columns for code and classification.
        let kind = kind(get("Entity_SubjectType_ClassificationCode"), get("Entity_SubjectType"));
        let number = non_empty([get("Entity_EU_ReferenceNumber"), get("Entity_LogicalId")]);
        let (Some(kind), Some(number)) = (kind, number) else { continue };
        if list.published.is_none() {
            list.published = non_empty([get("fileGenerationDate")]).map(str::to_owned);
        }
        let id = format!("eu-{number}");
        let entity = entities.entry(&id);
        begin(entity, kind);
        add(&mut entity.programs, get("Entity_Regulation_Programme"));
        add_country(&mut entity.countries, get("Address_CountryIso2Code"));
        add_country(&mut entity.countries, get("Citizenship_CountryIso2Code"));
        let years = [get("BirthDate_Year"), get("BirthDate_YearRangeFrom"), get("BirthDate_YearRangeTo")];
        add_birth_date(entity, get("BirthDate_BirthDate"), years, get("BirthDate_Circa") == "true");
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
