//! The lists of the Office of Foreign Assets Control (US Treasury): the SDN list and the consolidated non-SDN
//! list, each in four formats ("SDN Data Formats", "Advanced Sanctions Data Model").

pub(super) mod advanced;
pub(super) mod classic;
pub(super) mod csv;
pub(super) mod enhanced;
mod remarks;

use crate::entity::{EntityKind, ListedEntity};

/// The name of the SDN list.
const SDN: &str = "OFAC SDN";
/// The name of the consolidated list.
const CONSOLIDATED: &str = "OFAC Consolidated (non-SDN)";
/// The name of a list of which neither its content nor the name of its file says which it is.
const UNNAMED: &str = "OFAC sanctions list";

/// Returns the name of the list in the file at `path`: SDN.CSV or SDN.XML, CONS_PRIM.CSV or CONSOLIDATED.XML.
fn name_of_file(path: &str) -> &'static str {
    let path = path.split('?').next().unwrap_or_default();
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_uppercase();
    match () {
        () if name.contains("CONS") => CONSOLIDATED,
        () if name.contains("SDN") => SDN,
        () => UNNAMED,
    }
}

/// Returns the name of a list, given its name in one of OFAC's files: "SDN List", "Consolidated List" or the
/// name of a part of the latter.
fn list_name(name: &str) -> &'static str {
    if name.trim().eq_ignore_ascii_case("SDN List") { SDN } else { CONSOLIDATED }
}

/// Returns the kind of an entry that OFAC calls `name`, or `None` if it is left out.
fn kind(name: &str) -> Option<EntityKind> {
    match name.trim().to_ascii_lowercase().as_str() {
        "" | "entity" => Some(EntityKind::Organization),
        "individual" => Some(EntityKind::Person),
        _ => None,
    }
}

/// Takes the countries of an entity without an address from its identifiers.
fn infer_countries(entity: &mut ListedEntity) {
    if entity.countries.is_empty() {
        let countries = entity.ids.iter().filter_map(|id| id.split(':').nth(1));
        for country in countries.filter(|code| !code.is_empty()) {
            if !entity.countries.iter().any(|known| known == country) {
                entity.countries.push(country.to_owned());
            }
        }
    }
}
