//! The tables of an advanced file: what its numbers stand for.

use std::collections::HashMap;

use crate::lists::{
    country, identifiers,
    xml::{Event, Path},
};

/// The tables, each by the ids of its rows.
#[derive(Default)]
pub(super) struct Tables {
    /// The names of kinds of parties: "Entity", "Individual", "Vessel", "Aircraft".
    party_types: HashMap<String, String>,
    /// For each part of a kind of party, the id of the kind.
    party_subtypes: HashMap<String, String>,
    /// The names of the parts of kinds. Most are "Unknown", which is the kind itself.
    party_subtype_names: HashMap<String, String>,
    pub(super) features: HashMap<String, String>,
    pub(super) lists: HashMap<String, String>,
    /// For each place, the code of its country.
    pub(super) places: HashMap<String, String>,
    /// For each identity of a party, its documents as `kind:country:number`.
    pub(super) documents: HashMap<String, Vec<String>>,
    /// Codes of countries.
    countries: HashMap<String, String>,
    document_types: HashMap<String, &'static str>,
    /// The id of the open row.
    id: String,
    /// Type, issuing country and identity of the open document.
    document: [String; 3],
}

impl Tables {
    /// Reads an element of the tables.
    pub(super) fn read(&mut self, event: Event<'_>, path: &Path) {
        match (event, path.last_two()) {
            (Event::Start(attributes), (_, "IDRegDocument")) => {
                self.document = ["IDRegDocTypeID", "IssuedBy-CountryID", "IdentityID"]
                    .map(|name| attributes.get(name).to_owned());
            }
            (Event::Start(attributes), (_, "LocationCountry")) => {
                if let Some(code) = self.countries.get(attributes.get("CountryID")) {
                    self.places.insert(self.id.clone(), code.clone());
                }
            }
            (Event::Start(attributes), (_, "Location" | "PartySubType")) => {
                attributes.get("ID").clone_into(&mut self.id);
                let kind = attributes.get("PartyTypeID");
                if !kind.is_empty() {
                    self.party_subtypes.insert(self.id.clone(), kind.to_owned());
                }
            }
            (Event::Start(attributes), ("CountryValues", "Country")) => {
                attributes.get("ID").clone_into(&mut self.id);
                if let Some(code) = country::code(attributes.get("ISO2")) {
                    self.countries.insert(self.id.clone(), code);
                }
            }
            (Event::Start(attributes), (parent, _)) if parent.ends_with("Values") => {
                attributes.get("ID").clone_into(&mut self.id);
            }
            (Event::End(value), (parent, name)) => self.end(parent, name, value),
            (Event::Start(_), _) => {}
        }
    }

    /// Stores the text of an element.
    fn end(&mut self, parent: &str, name: &str, value: &str) {
        let id = || self.id.clone();
        match (parent, name) {
            ("PartyTypeValues", "PartyType") => drop(self.party_types.insert(id(), value.to_owned())),
            ("PartySubTypeValues", "PartySubType") => {
                self.party_subtype_names.insert(id(), value.to_owned());
            }
            ("FeatureTypeValues", "FeatureType") => drop(self.features.insert(id(), value.to_owned())),
            ("ListValues", "List") => drop(self.lists.insert(id(), value.to_owned())),
            ("CountryValues", "Country") => {
                if let Some(code) = country::code(value) {
                    self.countries.entry(id()).or_insert(code);
                }
            }
            ("IDRegDocTypeValues", "IDRegDocType") => {
                if let Some(kind) = identifiers::kind(value) {
                    self.document_types.insert(id(), kind);
                }
            }
            // A place that is only a country has it as its text.
            ("LocationPartValue", "Value") => {
                if let Some(code) = country::code(value) {
                    self.places.entry(id()).or_insert(code);
                }
            }
            ("IDRegDocument", "IDRegistrationNo") => {
                let [kind, country, identity] = &self.document;
                if let Some(kind) = self.document_types.get(kind) {
                    let country = self.countries.get(country).map_or("", String::as_str);
                    let documents = self.documents.entry(identity.clone()).or_default();
                    identifiers::add_identifier(documents, kind, country, value);
                }
            }
            _ => {}
        }
    }

    /// Returns the name of the kind of party to which `subtype` belongs.
    pub(super) fn kind_of(&self, subtype: &str) -> Option<&str> {
        let kind = self.party_subtypes.get(subtype).and_then(|kind| self.party_types.get(kind));
        kind.or_else(|| self.party_subtype_names.get(subtype)).map(String::as_str)
    }
}
