//! Parties related to the company: who owns, controls or runs it, as registers name them. Sources that screen names
//! screen them as well.

use std::collections::HashSet;

use domain::{evidence::Party, language::Words};
use screening::names::same_company;

/// Maximum number of related parties of one report that are screened. Parents and controllers come before officers.
pub const RELATED_MAX: usize = 25;

/// What a related party is to the company, the closest relation first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The company whose consolidated accounts include the company directly.
    DirectParent,
    /// The company at the top of the group.
    UltimateParent,
    /// Somebody who controls the company: by shares, votes or the right to appoint its directors.
    Controller,
    /// A director, secretary or member.
    Officer,
}

impl Relation {
    /// Returns the name of the relation in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DirectParent => "direct_parent",
            Self::UltimateParent => "ultimate_parent",
            Self::Controller => "controller",
            Self::Officer => "officer",
        }
    }

    /// Returns the relation as a noun in the language of `words`.
    pub(crate) fn noun(self, words: &Words) -> &str {
        words.text_of("relations", self.as_str())
    }
}

/// What a related party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartyKind {
    /// A company or another organisation.
    Organization,
    /// A natural person.
    Person,
}

/// Somebody related to the company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelatedParty {
    /// The name, as the register writes it.
    pub name: String,
    /// The name under which the register keeps the party, if `name` is another one of it.
    pub registered_name: Option<String>,
    /// What the party is.
    pub kind: PartyKind,
    /// What it is to the company.
    pub relation: Relation,
    /// The register that names it, in the language of the report.
    pub named_by: String,
    /// The date since which the relation exists, or is registered, as the register writes it.
    pub since: Option<String>,
    /// The country of an organisation, or of the nationality of a person: ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The registration number or LEI of an organisation.
    pub number: Option<String>,
    /// The birth date of a person, as far as the register shows it: `1969-01-23`, `1969-01` or `1969`.
    pub birth_date: Option<String>,
}

impl RelatedParty {
    /// Returns a sentence with the relation, its date, and the register that names it.
    pub(crate) fn in_words(&self, words: &Words) -> String {
        let Self { name, relation, named_by, since, .. } = self;
        let role = words.text_of("texts.related.roles", relation.as_str());
        let key = if since.is_some() { "texts.related.named_since" } else { "texts.related.named" };
        let since = since.as_deref().unwrap_or_default();
        words.fill(key, &[("register", named_by), ("name", name), ("role", role), ("since", since)])
    }

    /// Returns what reports present of the party.
    pub(crate) fn to_fact(&self) -> Party {
        Party {
            name: self.registered_name.as_ref().unwrap_or(&self.name).clone(),
            relation: self.relation.as_str().to_owned(),
            since: self.since.clone(),
            country: self.country.clone(),
            number: self.number.clone(),
            birth_date: self.birth_date.clone(),
        }
    }

    /// Returns whether `other` is the same party, perhaps in another relation.
    fn is(&self, other: &Self) -> bool {
        let agree = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        self.kind == other.kind
            && agree(&self.number, &other.number)
            && agree(&self.birth_date, &other.birth_date)
            && match self.kind {
                PartyKind::Organization => same_company(&self.name, &other.name),
                PartyKind::Person => self.name.eq_ignore_ascii_case(&other.name),
            }
    }
}

/// Returns the parties to screen, each once and in its closest relation, and the number of those that exceed
/// [`RELATED_MAX`].
pub(crate) fn to_screen(parties: impl IntoIterator<Item = RelatedParty>) -> (Vec<RelatedParty>, usize) {
    let mut named: Vec<RelatedParty> =
        parties.into_iter().filter(|party| !party.name.trim().is_empty()).collect();
    named.sort_by_key(|party| party.relation);
    let mut exact = HashSet::new();
    let mut distinct: Vec<RelatedParty> = Vec::new();
    for party in named {
        let is_new = exact.insert((party.kind, party.name.to_lowercase(), party.birth_date.clone()));
        if is_new && !distinct.iter().any(|known| known.is(&party)) {
            distinct.push(party);
        }
    }
    let excess = distinct.len().saturating_sub(RELATED_MAX);
    distinct.truncate(RELATED_MAX);
    (distinct, excess)
}

#[cfg(test)]
mod tests {
    use domain::language::Language;

    use super::*;

    fn party(name: &str, kind: PartyKind, relation: Relation) -> RelatedParty {
        RelatedParty {
            name: name.to_owned(),
            registered_name: None,
            kind,
            relation,
            named_by: "The register".to_owned(),
            since: None,
            country: None,
            number: None,
            birth_date: None,
        }
    }

    #[test]
    fn each_party_is_screened_once_in_its_closest_relation() {
        let holder = |name, relation| party(name, PartyKind::Organization, relation);
        let (parties, excess) = to_screen([
            holder("Veshmet JSC", Relation::Controller),
            holder("VESHMET JSC", Relation::UltimateParent),
            holder("Veshmet JSC", Relation::DirectParent),
            holder(" ", Relation::Officer),
        ]);
        assert_eq!(parties.iter().map(|party| party.relation).collect::<Vec<_>>(), [Relation::DirectParent]);
        assert_eq!(excess, 0);
    }

    #[test]
    fn persons_of_one_name_and_other_birth_dates_are_two_persons() {
        let born = |date: &str| RelatedParty {
            birth_date: Some(date.to_owned()),
            ..party("Ann Quill", PartyKind::Person, Relation::Officer)
        };
        assert_eq!(to_screen([born("1969-01"), born("1970-01"), born("1969-01")]).0.len(), 2);
    }

    #[test]
    fn officers_are_the_first_to_exceed_the_limit() {
        let officers =
            (0..RELATED_MAX).map(|at| party(&format!("Officer {at}"), PartyKind::Person, Relation::Officer));
        let parent = party("Veshmet JSC", PartyKind::Organization, Relation::UltimateParent);
        let (parties, excess) = to_screen(officers.chain([parent]));
        assert_eq!((parties.len(), excess, parties[0].relation), (RELATED_MAX, 1, Relation::UltimateParent));
    }

    #[test]
    fn the_relation_is_told_with_its_date() {
        let mut officer = party("Ann Quill", PartyKind::Person, Relation::Officer);
        officer.since = Some("2019-02-01".to_owned());
        let told = |tag: &str| officer.in_words(Language::find(tag).unwrap().base_words());
        assert_eq!(
            told("en"),
            "The register names Ann Quill as an officer of the company, since 2019-02-01."
        );
        assert_eq!(told("ja"), "The registerによれば、Ann Quillは2019-02-01から対象企業の役員です。");
    }
}
