//! Records of the register of legal entity identifiers, in the JSON of the GLEIF API v1.

use domain::{language::Words, time::UtcTime};
use screening::names::same_company;
use serde::Deserialize;

use crate::{
    country_name::country_name,
    related::{PartyKind, RelatedParty, Relation},
};

/// Maximum number of names of a parent that are screened: its own, and names in other languages and scripts.
const NAMES_MAX: usize = 4;

#[derive(Deserialize)]
pub(super) struct Records {
    #[serde(default)]
    pub(super) meta: Option<Meta>,
    pub(super) data: Vec<LeiRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    #[serde(default)]
    pub(super) golden_copy: Option<GoldenCopy>,
}

/// The edition of the register that answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GoldenCopy {
    #[serde(default)]
    pub(super) publish_date: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Single {
    pub(super) data: LeiRecord,
}

/// The relationship record of a company and its parent.
#[derive(Deserialize)]
pub(super) struct Relationship {
    data: RelationshipData,
}

#[derive(Deserialize)]
struct RelationshipData {
    attributes: RelationshipAttributes,
}

#[derive(Deserialize)]
struct RelationshipAttributes {
    relationship: Periods,
}

#[derive(Deserialize)]
struct Periods {
    #[serde(default)]
    periods: Vec<Period>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Period {
    #[serde(default)]
    start_date: Option<String>,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
pub(super) struct LeiRecord {
    pub(super) attributes: Attributes,
}

#[derive(Deserialize)]
pub(super) struct Attributes {
    pub(super) lei: String,
    pub(super) entity: Entity,
    #[serde(default)]
    pub(super) registration: Registration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entity {
    pub(super) legal_name: Name,
    #[serde(default)]
    pub(super) other_names: Option<Vec<Name>>,
    #[serde(default)]
    pub(super) transliterated_other_names: Option<Vec<Name>>,
    #[serde(default)]
    pub(super) registered_as: Option<String>,
    #[serde(default)]
    pub(super) registered_at: Option<Authority>,
    #[serde(default)]
    pub(super) jurisdiction: Option<String>,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) expiration: Option<Expiration>,
    #[serde(default)]
    pub(super) legal_address: Option<Address>,
}

#[derive(Deserialize)]
pub(super) struct Name {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Authority {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) other: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    #[serde(default)]
    pub(super) address_lines: Option<Vec<String>>,
    #[serde(default)]
    pub(super) city: Option<String>,
    #[serde(default)]
    pub(super) postal_code: Option<String>,
    #[serde(default)]
    pub(super) country: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Expiration {
    #[serde(default)]
    pub(super) date: Option<String>,
    #[serde(default)]
    pub(super) reason: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Registration {
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) last_update_date: Option<String>,
}

impl Records {
    /// Returns when the edition of the register that answered was published.
    pub(super) fn published_at(&self) -> Option<UtcTime> {
        self.meta.as_ref()?.golden_copy.as_ref()?.publish_date.as_ref()?.parse().ok()
    }
}

impl Relationship {
    /// Returns the day on which the relationship began. Accounting and filing periods say nothing about it.
    pub(super) fn since(&self) -> Option<String> {
        let mut periods = self.data.attributes.relationship.periods.iter();
        let period = periods.find(|period| period.kind == "RELATIONSHIP_PERIOD")?;
        period.start_date.as_deref()?.get(..10).map(str::to_owned)
    }
}

impl LeiRecord {
    /// Returns the company as a related party, under each of its names.
    pub(super) fn as_parties(
        &self,
        relation: Relation,
        since: Option<&str>,
        words: &Words,
    ) -> Vec<RelatedParty> {
        let party = |name: &str| RelatedParty {
            name: name.to_owned(),
            registered_name: (name != self.name()).then(|| self.name().to_owned()),
            kind: PartyKind::Organization,
            relation,
            named_by: words.text("texts.registry.lei_register").to_owned(),
            since: since.map(str::to_owned),
            country: self.country().map(str::to_owned),
            number: Some(self.registered_as().unwrap_or(&self.attributes.lei).to_owned()),
            birth_date: None,
        };
        self.names().take(NAMES_MAX).map(party).collect()
    }

    pub(super) fn name(&self) -> &str {
        &self.attributes.entity.legal_name.name
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let entity = &self.attributes.entity;
        let others = entity.other_names.iter().chain(&entity.transliterated_other_names).flatten();
        std::iter::once(self.name()).chain(others.map(|other| other.name.as_str()))
    }

    /// Returns the number that the company's register gave it.
    pub(super) fn registered_as(&self) -> Option<&str> {
        self.attributes.entity.registered_as.as_deref()
    }

    /// Returns the city of the legal address.
    pub(super) fn city(&self) -> Option<&str> {
        self.attributes.entity.legal_address.as_ref()?.city.as_deref()
    }

    /// Returns whether the record has `name`.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names().any(|known| same_company(known, name))
    }

    /// Returns the two-letter code of the country of the legal address.
    pub(super) fn country(&self) -> Option<&str> {
        let entity = &self.attributes.entity;
        let address = entity.legal_address.as_ref().and_then(|address| address.country.as_deref());
        // A jurisdiction may be a part of a country, such as US-DE.
        address.or(entity.jurisdiction.as_deref()).map(|code| code.split('-').next().unwrap_or(code))
    }
}

impl Address {
    /// Formats the address, or returns `None` if it has no part.
    pub(super) fn formatted(&self, words: &Words) -> Option<String> {
        let lines = self.address_lines.iter().flatten().map(String::as_str);
        let rest = [&self.city, &self.postal_code].into_iter().flatten().map(String::as_str);
        let country = self.country.as_deref().map(|code| country_name(code, words));
        let parts: Vec<&str> =
            lines.chain(rest).chain(country.as_deref()).filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(words.text("texts.address_separator")))
    }
}
