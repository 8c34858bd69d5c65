//! The parts of FollowTheMoney that are read.

use serde::Deserialize;

/// An entity.
#[derive(Deserialize)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) schema: String,
    pub(super) caption: Option<String>,
    pub(super) target: Option<bool>,
    pub(super) last_seen: Option<String>,
    #[serde(default)]
    pub(super) datasets: Vec<String>,
    pub(super) properties: Properties,
}

/// The value of a property: a text, or in nested files another entity.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Related {
    Text(String),
    Entity { properties: Box<Properties> },
    Other(serde::de::IgnoredAny),
}

impl Related {
    /// Returns the text, or `None` if the value is an entity.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Returns the properties of the entity, or `None` if the value is a text.
    pub(super) fn properties(&self) -> Option<&Properties> {
        if let Self::Entity { properties } = self { Some(properties) } else { None }
    }
}

/// The values of the properties that are read.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Properties {
    pub(super) name: Vec<Related>,
    pub(super) alias: Vec<Related>,
    pub(super) weak_alias: Vec<Related>,
    pub(super) previous_name: Vec<Related>,
    pub(super) abbreviation: Vec<Related>,
    pub(super) country: Vec<Related>,
    pub(super) jurisdiction: Vec<Related>,
    pub(super) nationality: Vec<Related>,
    pub(super) citizenship: Vec<Related>,
    pub(super) topics: Vec<Related>,
    pub(super) birth_date: Vec<Related>,
    pub(super) program: Vec<Related>,
    pub(super) program_id: Vec<Related>,
    pub(super) sanctions: Vec<Related>,
    pub(super) entity: Vec<Related>,
    registration_number: Vec<Related>,
    tax_number: Vec<Related>,
    vat_code: Vec<Related>,
    inn_code: Vec<Related>,
    ogrn_code: Vec<Related>,
    usc_code: Vec<Related>,
    lei_code: Vec<Related>,
    id_number: Vec<Related>,
    passport_number: Vec<Related>,
    swift_bic: Vec<Related>,
    imo_number: Vec<Related>,
    duns_code: Vec<Related>,
}

impl Properties {
    /// Returns the identifiers, each with its kind and the country whose register it is in, if only one has it.
    pub(super) fn identifiers(&self) -> [(&'static str, &'static str, &[Related]); 12] {
        [
            ("reg", "", &self.registration_number),
            ("tax", "", &self.tax_number),
            ("tax", "", &self.vat_code),
            ("tax", "RU", &self.inn_code),
            ("reg", "RU", &self.ogrn_code),
            ("reg", "CN", &self.usc_code),
            ("lei", "", &self.lei_code),
            ("id", "", &self.id_number),
            ("passport", "", &self.passport_number),
            ("swift", "", &self.swift_bic),
            ("imo", "", &self.imo_number),
            ("duns", "", &self.duns_code),
        ]
    }
}
