//! Entities on sanctions lists.

/// A company or another organisation on a sanctions list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedEntity {
    /// Its id, unique across all lists.
    pub id: String,
    /// Its main name.
    pub name: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// The countries of its addresses, ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// The sanctions programmes under which it is listed.
    pub programs: Vec<String>,
    /// Its identifiers as `kind:country:number`, with an empty country if the list states none. Kinds are
    /// `reg`, `tax`, `lei`, `id` (not specified), `imo`, `swift` and `duns`.
    pub ids: Vec<String>,
}

impl ListedEntity {
    /// Returns whether the entity is in `country`, or `None` if either side has no country.
    pub(crate) fn is_in(&self, country: Option<&str>) -> Option<bool> {
        let country = country.filter(|_| !self.countries.is_empty());
        country.map(|code| self.countries.iter().any(|other| other == code))
    }
}
