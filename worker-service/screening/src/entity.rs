//! Entries of sanctions lists: organisations and persons.

use crate::birth_date::BirthDate;

/// What an entry of a list is. Vessels and aircraft are left out: no request names one, and their owners and
/// operators have entries of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EntityKind {
    /// A company or another organisation.
    #[default]
    Organization,
    /// A natural person.
    Person,
}

/// Why somebody is on a list, as OpenSanctions distinguishes topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Designated under a sanctions programme.
    Sanction,
    /// Linked to somebody designated, for example owned by it, and not designated itself.
    SanctionLinked,
    /// Subject to export controls.
    ExportControl,
    /// Excluded from public or development bank contracts.
    Debarment,
    /// Wanted by the police or a court.
    Wanted,
    /// Suspected or convicted of a crime.
    Crime,
    /// Warned about by a financial supervisor.
    Regulatory,
    /// Holds or held a public office.
    PoliticallyExposed,
    /// Related to somebody who holds or held a public office.
    RelatedToPoliticallyExposed,
    /// Listed for a reason that is none of the others.
    Other,
}

/// What a name is to its entity. A stronger name is a lower value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameKind {
    /// The main name.
    #[default]
    Main,
    /// Another name.
    Alias,
    /// A name that alone does not identify the entity: see [`ListedEntity::weak_aliases`].
    Weak,
}

impl NameKind {
    /// Returns the name used in explanations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Alias => "alias",
            Self::Weak => "weak",
        }
    }

    /// Returns the kind of the name at `position` of [`ListedEntity::names`], given the number of other names.
    pub(crate) fn at(position: usize, aliases: usize) -> Self {
        match position {
            0 => Self::Main,
            _ if position <= aliases => Self::Alias,
            _ => Self::Weak,
        }
    }
}

/// An entry of a list. Its texts are owned, or borrowed from the [`Screener`](crate::Screener) that holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedEntity<Text = String> {
    /// Its id, unique across all lists.
    pub id: Text,
    /// What it is.
    pub kind: EntityKind,
    /// Its main name.
    pub name: Text,
    /// Its other names.
    pub aliases: Vec<Text>,
    /// Names that alone do not identify the entity: those that the publisher calls weak or of low quality
    /// (common words, nicknames and code names), and abbreviations of up to three letters in longer names.
    pub weak_aliases: Vec<Text>,
    /// The possible dates of birth of a person.
    pub birth_dates: Vec<BirthDate>,
    /// The countries of its addresses, and of the nationality of a person: ISO 3166-1 alpha-2.
    pub countries: Vec<Text>,
    /// Why it is listed. Empty if the list does not say, as in a list of one's own.
    pub topics: Vec<Topic>,
    /// The sanctions programmes under which it is listed.
    pub programs: Vec<Text>,
    /// Its identifiers as `kind:country:number`, with an empty country if the list states none. Kinds are
    /// `reg`, `tax`, `lei`, `id` (not specified), `imo`, `swift` and `duns`.
    pub ids: Vec<Text>,
}

impl ListedEntity {
    /// Returns the same entity with borrowed texts.
    pub fn borrowed(&self) -> ListedEntity<&str> {
        fn borrowed(texts: &[String]) -> Vec<&str> {
            texts.iter().map(String::as_str).collect()
        }
        ListedEntity {
            id: &self.id,
            kind: self.kind,
            name: &self.name,
            aliases: borrowed(&self.aliases),
            weak_aliases: borrowed(&self.weak_aliases),
            birth_dates: self.birth_dates.clone(),
            countries: borrowed(&self.countries),
            topics: self.topics.clone(),
            programs: borrowed(&self.programs),
            ids: borrowed(&self.ids),
        }
    }
}

impl<Text: AsRef<str>> ListedEntity<Text> {
    /// Returns whether the entity is in `country`, or `None` if either side has no country.
    pub(crate) fn is_in(&self, country: Option<&str>) -> Option<bool> {
        let country = country.filter(|_| !self.countries.is_empty());
        country.map(|code| self.countries.iter().any(|other| other.as_ref() == code))
    }

    /// Returns whether the entity is sanctioned. An entity without a topic counts as sanctioned.
    pub fn is_sanctioned(&self) -> bool {
        self.topics.is_empty() || self.topics.contains(&Topic::Sanction)
    }

    /// Returns all names: the main name, the other names, then the weak ones.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = std::iter::once(&self.name).chain(&self.aliases).chain(&self.weak_aliases);
        names.map(AsRef::as_ref)
    }
}
