//! Facts of a piece of evidence as data, for reports that present it. The rules act on signals alone, and a model reads
//! the text alone.

use serde::{Deserialize, Serialize};

use super::match_reasons::MatchReasons;

/// Maximum length of a name or date, in characters.
const SHORT_MAX: usize = 300;

/// What a source knows of a piece of evidence beside its text. Reports of version 0.2 and earlier have none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EvidenceFacts))]
#[serde(rename_all = "camelCase", default)]
pub struct Facts {
    /// Who published it, such as the outlet of a news item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// The entry of a list that matches, or resembles, the company or a party related to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_match: Option<ListMatch>,
    /// The party related to the company that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
    /// The related parties that match no entry under any of their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<Party>,
    /// The dated events that it tells of, besides its publication.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// Whether it tells what could not be searched.
    #[serde(skip_serializing_if = "is_false")]
    pub gap: bool,
}

/// How well an entry of a list matches, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListMatch {
    /// The list.
    pub list: String,
    /// The name of the entry.
    pub entry: String,
    /// How well it matches, from 0 to 100.
    #[cfg_attr(feature = "openapi", schema(maximum = 100))]
    pub score: u8,
    /// Whether it is a match, which a person has to clear, and not only a resemblance.
    pub is_match: bool,
    /// Whether the entry is on the list because of somebody else, to whom it is linked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub linked: bool,
    /// Why it has this score; absent if the service that screens does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasons: Option<MatchReasons>,
}

/// A party related to the company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = RelatedParty))]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// The name, as the register writes it.
    pub name: String,
    /// What it is to the company: `direct_parent`, `ultimate_parent`, `controller` or `officer`.
    #[cfg_attr(feature = "openapi", schema(example = "direct_parent"))]
    pub relation: String,
    /// The date since which it is, as the register writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The country of an organisation, or of the nationality of a person: ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The registration number or LEI of an organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The birth date of a person, as far as the register shows it: `1969-01-23`, `1969-01` or `1969`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<String>,
}

impl Party {
    /// Returns whether `other` is the same party, perhaps in another relation: it has the same name, and neither another
    /// number nor another birth date.
    pub fn is(&self, other: &Self) -> bool {
        let agree = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        self.name.to_lowercase() == other.name.to_lowercase()
            && agree(&self.number, &other.number)
            && agree(&self.birth_date, &other.birth_date)
    }
}

/// A dated event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EvidenceEvent))]
pub struct Event {
    /// The date, as the source writes it: `2018-01-05`, `2018-01` or `2018`.
    #[cfg_attr(feature = "openapi", schema(example = "2018-01-05"))]
    pub date: String,
    /// What happened: `incorporated`, `ended` or `entry_updated`.
    #[cfg_attr(feature = "openapi", schema(example = "incorporated"))]
    pub kind: String,
}

impl Event {
    /// Returns the event `kind`, or `None` without a date.
    pub fn on(kind: &str, date: Option<&str>) -> Option<Self> {
        let date = date.filter(|date| !date.is_empty())?;
        Some(Self { date: date.to_owned(), kind: kind.to_owned() })
    }
}

impl Facts {
    /// Returns no facts.
    pub const fn none() -> Self {
        Self {
            publisher: None,
            list_match: None,
            party: None,
            unmatched: Vec::new(),
            events: Vec::new(),
            gap: false,
        }
    }

    /// Returns the facts of a piece of evidence that tells what could not be searched.
    pub fn gap() -> Self {
        Self { gap: true, ..Self::default() }
    }

    /// Returns the facts with their texts cleaned and shortened: sources take them from other parties.
    #[must_use]
    pub(super) fn cleaned(self) -> Self {
        let short = |text: String| safe_text::clean(&text, SHORT_MAX);
        let list_match = self.list_match.map(|found| ListMatch {
            list: short(found.list),
            entry: short(found.entry),
            reasons: found.reasons.map(MatchReasons::cleaned),
            ..found
        });
        let party = |party: Party| Party {
            name: short(party.name),
            relation: short(party.relation),
            since: party.since.map(short),
            country: party.country.map(short),
            number: party.number.map(short),
            birth_date: party.birth_date.map(short),
        };
        let event = |event: Event| Event { date: short(event.date), kind: short(event.kind) };
        Self {
            publisher: self.publisher.map(short),
            list_match,
            party: self.party.map(party),
            unmatched: self.unmatched.into_iter().map(party).collect(),
            events: self.events.into_iter().map(event).collect(),
            gap: self.gap,
        }
    }

    /// Returns whether there are no facts.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_a_later_version_are_read_and_none_are_written_as_nothing() {
        let read: Facts =
            serde_json::from_str(r#"{"publisher": "The Gazette", "edition": "evening", "gap": true}"#)
                .unwrap();
        assert_eq!(read, Facts { publisher: Some("The Gazette".to_owned()), ..Facts::gap() });
        assert_eq!(serde_json::to_string(&Facts::default()).unwrap(), "{}");
        assert!(Facts::default().is_empty() && !Facts::gap().is_empty());
        assert_eq!(Event::on("ended", Some("")), None);
    }
}
