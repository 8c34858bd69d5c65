//! The officers of a company and the persons with significant control over it, as the register lists them.

use domain::{
    evidence::{EvidenceDraft, Facts},
    language::Words,
};
use screening::lists::country_code;
use serde::Deserialize;

use crate::{
    country_name::country_name,
    related::{PartyKind, RelatedParty, Relation},
    texts::Texts,
};

/// Maximum number of officers, and of controllers, that become evidence. All are handed on for screening.
const SHOWN_MAX: usize = 10;

/// A page of officers, or of persons with significant control.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    total_results: Option<usize>,
}

/// An officer or a person with significant control. The register marks persons without `kind` or `identification`.
#[derive(Deserialize)]
struct Item {
    /// Missing for a person whose details are protected.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    name_elements: Option<NameElements>,
    /// The kind of a person with significant control.
    #[serde(default)]
    kind: Option<String>,
    /// The role of an officer.
    #[serde(default)]
    officer_role: Option<String>,
    #[serde(default)]
    appointed_on: Option<String>,
    #[serde(default)]
    resigned_on: Option<String>,
    #[serde(default)]
    notified_on: Option<String>,
    #[serde(default)]
    ceased_on: Option<String>,
    /// Set instead of `ceased_on` for some entries.
    #[serde(default)]
    ceased: Option<bool>,
    #[serde(default)]
    date_of_birth: Option<BirthMonth>,
    #[serde(default)]
    nationality: Option<String>,
    #[serde(default)]
    natures_of_control: Option<Vec<String>>,
    #[serde(default)]
    identification: Option<Identification>,
}

#[derive(Deserialize)]
struct NameElements {
    #[serde(default)]
    forename: Option<String>,
    #[serde(default)]
    middle_name: Option<String>,
    #[serde(default)]
    surname: Option<String>,
}

/// The register publishes month and year only.
#[derive(Deserialize)]
struct BirthMonth {
    #[serde(default)]
    month: Option<u8>,
    year: u16,
}

#[derive(Deserialize)]
struct Identification {
    #[serde(default)]
    registration_number: Option<String>,
    #[serde(default)]
    country_registered: Option<String>,
}

/// What the register says of the people behind a company.
#[derive(Debug, Default, PartialEq)]
pub(super) struct People {
    pub(super) evidence: Vec<EvidenceDraft>,
    pub(super) parties: Vec<RelatedParty>,
}

impl People {
    /// Reads a page. Those who resigned or ceased to control the company are left out.
    pub(super) fn read(page: Page, relation: Relation, words: &Words) -> Self {
        let Page { items, total_results } = page;
        let read = items.len();
        let current: Vec<Item> = items.into_iter().filter(Item::is_current).collect();
        let mut people = Self::default();
        for item in &current {
            let Some(party) = item.party(relation, words) else {
                people.evidence.push(protected(item, relation, words));
                continue;
            };
            people.evidence.push(item.evidence(&party, words));
            people.parties.push(party);
        }
        let texts = texts(words);
        let hidden = people.evidence.len().saturating_sub(SHOWN_MAX);
        people.evidence.truncate(SHOWN_MAX);
        if hidden > 0 {
            let names: Vec<&str> =
                people.parties.iter().skip(SHOWN_MAX).map(|party| party.name.as_str()).collect();
            let (count, names) = (hidden.to_string(), texts.listed(&names));
            let values = of_relation(relation, words, [("count", &count), ("names", &names)]);
            people
                .evidence
                .push(EvidenceDraft::note(texts.fill("more_title", &values), texts.fill("more", &values)));
        }
        let unread = total_results.unwrap_or_default().saturating_sub(read);
        if unread > 0 {
            let unread = unread.to_string();
            let values = of_relation(relation, words, [("count", &unread), ("names", "")]);
            people
                .evidence
                .push(EvidenceDraft::gap(texts.fill("unread_title", &values), texts.fill("unread", &values)));
        }
        people
    }

    /// Returns the note that the register was asked for parties of a relation and gave no answer.
    pub(super) fn unanswered(relation: Relation, words: &Words) -> Self {
        let (texts, values) = (texts(words), of_relation(relation, words, [("count", ""), ("names", "")]));
        let note =
            EvidenceDraft::gap(texts.fill("unanswered_title", &values), texts.fill("unanswered", &values));
        Self { evidence: vec![note], parties: Vec::new() }
    }
}

/// Returns the words for texts about people.
fn texts(words: &Words) -> Texts<'_> {
    Texts::new(words, "registry.people")
}

/// Returns what texts say of a relation, and what else they say.
fn of_relation<'a>(
    relation: Relation,
    words: &'a Words,
    [first, second]: [(&'static str, &'a str); 2],
) -> [(&'static str, &'a str); 4] {
    let many = words.text_of("texts.registry.people.relations", relation.as_str());
    [("relation", relation.noun(words)), ("relations", many), first, second]
}

impl Item {
    fn is_current(&self) -> bool {
        self.resigned_on.is_none() && self.ceased_on.is_none() && self.ceased != Some(true)
    }

    fn party_kind(&self) -> PartyKind {
        let is_organization = |text: &Option<String>| {
            let words = ["corporate", "legal-person", "limited-liability-partnership-entity"];
            text.as_deref().is_some_and(|text| words.iter().any(|word| text.contains(word)))
        };
        if is_organization(&self.kind) || is_organization(&self.officer_role) {
            PartyKind::Organization
        } else {
            PartyKind::Person
        }
    }

    /// Returns the party, or `None` if its name is protected.
    fn party(&self, relation: Relation, words: &Words) -> Option<RelatedParty> {
        let kind = self.party_kind();
        let name = match (kind, self.name_elements.as_ref().and_then(NameElements::in_order)) {
            (PartyKind::Person, Some(name)) => name,
            _ => self.name.clone().filter(|name| !name.trim().is_empty())?,
        };
        let identification = self.identification.as_ref();
        let country = match kind {
            PartyKind::Person => self.nationality.as_deref().and_then(country_code),
            PartyKind::Organization => {
                identification.and_then(|known| known.country_registered.as_deref()).and_then(country_code)
            }
        };
        Some(RelatedParty {
            name,
            registered_name: None,
            kind,
            relation,
            named_by: words.text("texts.registry.companies_house").to_owned(),
            since: self.appointed_on.clone().or_else(|| self.notified_on.clone()),
            country,
            number: identification.and_then(|known| known.registration_number.clone()),
            birth_date: self.date_of_birth.as_ref().map(BirthMonth::in_words),
        })
    }

    fn evidence(&self, party: &RelatedParty, words: &Words) -> EvidenceDraft {
        let texts = texts(words);
        let mut text = texts.paragraph();
        text.push(party.in_words(words));
        let spaced = |text: &String| text.replace('-', " ");
        text.field("role", self.officer_role.as_ref().map(spaced).as_deref());
        let natures: Vec<String> = self.natures_of_control.iter().flatten().map(spaced).collect();
        let natures: Vec<&str> = natures.iter().map(String::as_str).collect();
        text.list("control", &natures, usize::MAX);
        text.field("number", party.number.as_deref());
        let country = party.country.as_deref().map(|code| country_name(code, words));
        text.field("country", country.as_deref());
        text.field("born", party.birth_date.as_deref());
        let title = texts.fill(&format!("{}_title", party.relation.as_str()), &[("name", &party.name)]);
        let facts = Facts { party: Some(party.to_fact()), ..Facts::default() };
        EvidenceDraft { facts, ..EvidenceDraft::note(title, text.finish()) }
    }
}

impl NameElements {
    fn in_order(&self) -> Option<String> {
        self.surname.as_ref()?;
        let parts = [&self.forename, &self.middle_name, &self.surname];
        Some(parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" "))
    }
}

impl BirthMonth {
    fn in_words(&self) -> String {
        match self.month {
            Some(month) => format!("{:04}-{month:02}", self.year),
            None => format!("{:04}", self.year),
        }
    }
}

/// Returns the evidence of a party whose name the register protects.
fn protected(item: &Item, relation: Relation, words: &Words) -> EvidenceDraft {
    let (texts, values) = (texts(words), [("relation", relation.noun(words))]);
    let mut text = texts.paragraph();
    text.say("protected", &values);
    if let Some(since) = item.notified_on.as_deref().or(item.appointed_on.as_deref()) {
        text.say("protected_since", &[("since", since)]);
    }
    EvidenceDraft::gap(texts.fill("protected_title", &values), text.finish())
}

#[cfg(test)]
mod tests {
    use domain::language::Language;
    use serde_json::{Value, json};

    use super::*;
    use crate::texts::words;

    fn english() -> &'static Words {
        words(Language::ENGLISH)
    }

    fn read(items: Value, relation: Relation) -> People {
        People::read(serde_json::from_value(json!({ "items": items })).unwrap(), relation, english())
    }

    #[test]
    fn controllers_are_read_with_what_identifies_them() {
        let items = json!([
            {"kind": "individual-person-with-significant-control", "name": "Mr Osric Tane Vell", "notified_on": "2019-02-01",
             "name_elements": {"title": "Mr", "forename": "Osric", "middle_name": "Tane", "surname": "Vell"},
             "date_of_birth": {"month": 3, "year": 1969}, "nationality": "Russian",
             "natures_of_control": ["ownership-of-shares-75-to-100-percent"]},
            {"kind": "corporate-entity-person-with-significant-control", "name": "Veshmet Jsc", "notified_on": "2020-01-01",
             "identification": {"registration_number": "1553965023150", "country_registered": "Russia"}},
            {"kind": "individual-person-with-significant-control", "name": "Mr Past", "ceased_on": "2021-01-01"},
            {"kind": "super-secure-person-with-significant-control", "description": "super-secure-persons-with-significant-control"}
        ]);
        let People { evidence, parties } = read(items, Relation::Controller);
        let [person, company] = parties.as_slice() else { panic!("{parties:?}") };
        assert_eq!((person.name.as_str(), person.kind), ("Osric Tane Vell", PartyKind::Person));
        assert_eq!(person.birth_date.as_deref(), Some("1969-03"));
        assert_eq!(
            (company.kind, company.number.as_deref()),
            (PartyKind::Organization, Some("1553965023150"))
        );
        assert_eq!(company.country.as_deref(), Some("RU"));
        assert_eq!(evidence.len(), 3);
        assert!(evidence[0].text.contains("ownership of shares 75 to 100 percent"), "{}", evidence[0].text);
        assert!(evidence[2].text.contains("not screened"), "{}", evidence[2].text);
    }

    #[test]
    fn officers_can_be_companies_and_those_who_resigned_are_left_out() {
        let items = json!([
            {"name": "QUILL, Ann", "officer_role": "director", "appointed_on": "2019-02-01"},
            {"name": "VESHMET JSC", "officer_role": "corporate-director", "appointed_on": "2020-01-01"},
            {"name": "PAST, Ben", "officer_role": "director", "resigned_on": "2021-01-01"}
        ]);
        let parties = read(items, Relation::Officer).parties;
        let known: Vec<_> = parties.iter().map(|party| (party.name.as_str(), party.kind)).collect();
        assert_eq!(known, [("QUILL, Ann", PartyKind::Person), ("VESHMET JSC", PartyKind::Organization)]);
    }

    #[test]
    fn what_is_not_shown_or_read_is_on_the_record() {
        let items: Vec<Value> =
            (0..13).map(|at| json!({"name": format!("Officer {at}"), "officer_role": "director"})).collect();
        let page = json!({"items": items, "total_results": 120});
        let people = People::read(serde_json::from_value(page).unwrap(), Relation::Officer, english());
        assert_eq!((people.evidence.len(), people.parties.len()), (SHOWN_MAX + 2, 13));
        assert!(people.evidence[SHOWN_MAX].text.contains("Officer 12"));
        assert!(people.evidence[SHOWN_MAX + 1].text.contains("107"));
    }
}
