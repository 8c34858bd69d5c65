//! A party of an advanced file.

use super::{super::kind, period::Period, tables::Tables};
use crate::{
    entity::{EntityKind, ListedEntity},
    lists::{
        identifiers::{self, add_identifier},
        text::{add, tidy},
        xml::{Event, Path},
    },
};

/// A party whose element is open.
pub(super) struct Party {
    entity: ListedEntity,
    kind: Option<EntityKind>,
    profile: String,
    is_primary: bool,
    is_weak: bool,
    /// The parts of the open name.
    name: Vec<String>,
    /// The name of the type of the open feature.
    feature: String,
    period: Period,
}

impl Party {
    /// Creates a party with OFAC's number.
    pub(super) fn new(number: &str) -> Self {
        Self {
            entity: ListedEntity { id: format!("ofac-{number}"), ..ListedEntity::default() },
            kind: None,
            profile: String::new(),
            is_primary: false,
            is_weak: false,
            name: Vec::new(),
            feature: String::new(),
            period: Period::default(),
        }
    }

    /// Reads an element of the party.
    pub(super) fn read(&mut self, event: Event<'_>, path: &Path, tables: &Tables) {
        match (event, path.name()) {
            (Event::Start(attributes), "Profile") => {
                attributes.get("ID").clone_into(&mut self.profile);
                self.kind = tables.kind_of(attributes.get("PartySubTypeID")).and_then(kind);
            }
            (Event::Start(attributes), "Identity") => {
                if let Some(documents) = tables.documents.get(attributes.get("ID")) {
                    documents.iter().for_each(|id| add(&mut self.entity.ids, id));
                }
            }
            (Event::Start(attributes), "Alias") => {
                self.is_primary = attributes.get("Primary") == "true";
                self.is_weak = attributes.get("LowQuality") == "true";
            }
            (Event::Start(_), "DocumentedName") => self.name.clear(),
            (Event::End(value), "NamePartValue") => self.name.push(tidy(value)),
            (Event::End(_), "DocumentedName") => self.add_name(),
            (Event::Start(attributes), "Feature") => {
                let name = tables.features.get(attributes.get("FeatureTypeID"));
                self.feature = name.cloned().unwrap_or_default();
                self.period = Period::default();
            }
            (Event::Start(attributes), "VersionLocation") => {
                if let Some(country) = tables.places.get(attributes.get("LocationID")) {
                    self.add_country(country);
                }
            }
            (Event::End(value), "VersionDetail") => {
                if let Some(kind) = identifiers::kind(&self.feature) {
                    add_identifier(&mut self.entity.ids, kind, "", value);
                }
            }
            (Event::End(_), "Feature") if self.feature == "Birthdate" => {
                if let Some(date) = self.period.birth_date()
                    && !self.entity.birth_dates.contains(&date)
                {
                    self.entity.birth_dates.push(date);
                }
            }
            (event, _) => self.period.read(&event, path),
        }
    }

    /// Adds the open name. The first part of a person's name is the family name.
    fn add_name(&mut self) {
        let name = match (self.kind, self.name.as_slice()) {
            (Some(EntityKind::Person), [family, given @ ..]) if !given.is_empty() => {
                format!("{family}, {}", given.join(" "))
            }
            (_, parts) => parts.join(" "),
        };
        let entity = &mut self.entity;
        if self.is_primary && entity.name.is_empty() {
            entity.name = name;
        } else {
            add(if self.is_weak { &mut entity.weak_aliases } else { &mut entity.aliases }, &name);
        }
    }

    /// Adds the country of an address or a nationality. Places of birth are neither.
    fn add_country(&mut self, code: &str) {
        let is_whereabouts = matches!(
            self.feature.as_str(),
            "Location" | "Nationality Country" | "Citizenship Country" | "Nationality of Registration"
        );
        if is_whereabouts {
            add(&mut self.entity.countries, code);
        }
    }

    /// Returns the id of the party's profile and its entity, or `None` if it is left out.
    pub(super) fn finish(self) -> Option<(String, ListedEntity)> {
        let Self { mut entity, kind, profile, .. } = self;
        entity.kind = kind?;
        (!entity.name.is_empty()).then_some((profile, entity))
    }
}
