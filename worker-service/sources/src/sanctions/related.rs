//! Screens the parties related to a company against the lists.

use std::sync::Arc;

use domain::{
    evidence::{EvidenceDraft, Facts, Party, Signal, SignalKind},
    language::Words,
};
use screening::persons::PersonQuery;

use super::{
    evidence::{self, Age, SANCTIONS_MATCH},
    list::{LoadedList, RESEMBLANCE_THRESHOLD},
    matched::Match,
};
use crate::{
    related::{PartyKind, RelatedParty},
    texts::joined,
};

/// The kind of signal for a related party that matches an entry of a sanctions list.
pub(super) const RELATED_SANCTIONS_MATCH: SignalKind = SignalKind::from_static("sanctions_related_match");
/// The kind of signal for a related party that matches an entry of a watch list that is not a sanction.
pub(super) const RELATED_WATCHLIST_MATCH: SignalKind = SignalKind::from_static("watchlist_related_match");

/// Maximum number of entries of one list that become evidence for one party.
const MATCHES_MAX: usize = 3;

/// Screens `parties` against `lists`. The evidence of a match says who the party is; one more piece names the parties
/// that match nothing.
pub(super) fn screen(
    lists: &[Arc<LoadedList>],
    parties: &[RelatedParty],
    age: Age,
    words: &Words,
) -> Vec<EvidenceDraft> {
    let mut found = Vec::new();
    let (mut clear, mut listed): (Vec<Party>, Vec<Party>) = (Vec::new(), Vec::new());
    for party in parties {
        let mut is_match = false;
        for list in lists {
            let matches = matches(list, party);
            is_match |= matches.iter().any(|matched| matched.is_match);
            let of_match = |matched: &Match<'_>| evidence::of_match(list, matched, age, words);
            found.extend(matches.iter().map(|matched| of_party(of_match(matched), party, words)));
        }
        let was_screened = party.kind == PartyKind::Organization || lists.iter().any(names_persons);
        if is_match {
            listed.push(party.to_fact());
        } else if was_screened {
            clear.push(party.to_fact());
        }
    }
    found.sort_by_key(|draft| std::cmp::Reverse(draft.max_strength()));
    let names: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
    found.extend(of_clear(clear, &listed, &evidence::texts(words).listed(&names), words));
    found.extend(of_unscreened(parties, lists, words));
    found
}

/// Returns the best matches of a party with the entries of a list.
fn matches<'a>(list: &'a LoadedList, party: &RelatedParty) -> Vec<Match<'a>> {
    let (country, number) = (party.country.as_deref(), party.number.as_deref());
    match party.kind {
        PartyKind::Organization => {
            let hits = list.organizations.search_with(&party.name, country, number, RESEMBLANCE_THRESHOLD);
            hits.iter().take(MATCHES_MAX).map(Match::of).collect()
        }
        PartyKind::Person => {
            // A register may write a date that is none; the person is then screened by name and country.
            let birth_date = party.birth_date.as_deref().and_then(|date| date.parse().ok());
            let query = PersonQuery { name: &party.name, birth_date: birth_date.as_ref(), country, number };
            let hits = list.persons.search(&query, RESEMBLANCE_THRESHOLD);
            hits.iter().take(MATCHES_MAX).map(Match::of_person).collect()
        }
    }
}

fn names_persons(list: &Arc<LoadedList>) -> bool {
    !list.persons.is_empty()
}

/// Makes the evidence about a related party of the evidence that it matches an entry.
pub(super) fn of_party(draft: EvidenceDraft, party: &RelatedParty, words: &Words) -> EvidenceDraft {
    let related = |signal: Signal| Signal {
        kind: if signal.kind == SANCTIONS_MATCH { RELATED_SANCTIONS_MATCH } else { RELATED_WATCHLIST_MATCH },
        ..signal
    };
    let title = [("title", draft.title.as_str()), ("relation", party.relation.noun(words))];
    EvidenceDraft {
        title: evidence::texts(words).fill("party_title", &title),
        text: joined(&[party.in_words(words), draft.text], words),
        signals: draft.signals.into_iter().map(related).collect(),
        facts: Facts { party: Some(party.to_fact()), ..draft.facts },
        ..draft
    }
}

/// Returns the evidence that the parties `clear` match no entry of `lists`, if there are any. Each is named once, and one
/// of which another name is among the `listed` not at all.
pub(super) fn of_clear(
    clear: Vec<Party>,
    listed: &[Party],
    lists: &str,
    words: &Words,
) -> Option<EvidenceDraft> {
    let mut unmatched: Vec<Party> = Vec::new();
    for party in clear {
        if !unmatched.contains(&party) && !listed.iter().any(|listed| listed.is(&party)) {
            unmatched.push(party);
        }
    }
    let names: Vec<&str> = unmatched.iter().map(|party| party.name.as_str()).collect();
    let texts = evidence::texts(words);
    let text = texts.fill("unmatched", &[("lists", lists), ("names", &texts.listed(&names))]);
    (!unmatched.is_empty()).then(|| EvidenceDraft {
        facts: Facts { unmatched, ..Facts::default() },
        ..EvidenceDraft::note(texts.text("unmatched_title"), text)
    })
}

/// Returns the note that the persons among `parties` were not screened against the lists that name no persons, if there
/// are both.
fn of_unscreened(
    parties: &[RelatedParty],
    lists: &[Arc<LoadedList>],
    words: &Words,
) -> Option<EvidenceDraft> {
    let persons: Vec<&str> = parties
        .iter()
        .filter(|party| party.kind == PartyKind::Person)
        .map(|party| party.name.as_str())
        .collect();
    let silent: Vec<&str> =
        lists.iter().filter(|list| !names_persons(list)).map(|list| list.name.as_str()).collect();
    (!persons.is_empty() && !silent.is_empty()).then(|| {
        let texts = evidence::texts(words);
        let (lists, names) = (texts.listed(&silent), texts.listed(&persons));
        let text = texts.fill("unscreened", &[("lists", &lists), ("names", &names)]);
        EvidenceDraft::gap(texts.text("unscreened_title"), text)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::language::Language;

    use super::*;
    use crate::{related::Relation, texts::words};

    const BODY: &str = r#"{"id":"b1","name":"Quillmarsh Bearings","countries":["RU"]}"#;
    const PERSON: &str = r#"{"id":"p1","kind":"person","name":"TOVMASSIAN, Aram Karenovich","weakAliases":["KESTREL"],"birthDates":["1961-04-09"],"countries":["AM"]}"#;

    fn party(name: &str, kind: PartyKind, birth_date: Option<&str>) -> RelatedParty {
        RelatedParty {
            name: name.to_owned(),
            registered_name: None,
            kind,
            relation: Relation::Officer,
            named_by: "UK Companies House".to_owned(),
            since: Some("2019-03-01".to_owned()),
            country: Some("AM".to_owned()),
            number: None,
            birth_date: birth_date.map(str::to_owned),
        }
    }

    /// Returns the evidence about `parties` with a list of these lines.
    fn screened(lines: &[&str], parties: &[RelatedParty]) -> Vec<EvidenceDraft> {
        let now = "2026-11-28T00:00:00Z".parse().unwrap();
        let list = Arc::new(LoadedList::invented(&lines.join("\n"), now));
        let age = Age { now, max_age: Duration::from_secs(3600) };
        screen(&[list], parties, age, words(Language::ENGLISH))
    }

    fn titles(evidence: &[EvidenceDraft]) -> Vec<&str> {
        evidence.iter().map(|draft| draft.title.as_str()).collect()
    }

    #[test]
    fn an_officer_on_a_list_is_found_by_name_and_birth_date_and_a_namesake_is_not() {
        let aram = |birth_date| party("Aram TOVMASSIAN", PartyKind::Person, birth_date);
        for known in ["1961-04-09", "1961-04", "1961"] {
            let evidence = screened(&[BODY, PERSON], &[aram(Some(known))]);
            assert_eq!(
                titles(&evidence),
                ["Sanctions list: TOVMASSIAN, Aram Karenovich (officer of the company)"],
                "{known}"
            );
            assert_eq!(evidence[0].signals[0].kind, RELATED_SANCTIONS_MATCH);
            let text = &evidence[0].text;
            assert!(
                text.starts_with("UK Companies House names Aram TOVMASSIAN as an officer of the company")
            );
            assert!(text.contains("Born: 1961-04-09."), "{text}");
        }
        let evidence = screened(&[BODY, PERSON], &[aram(Some("1984-11"))]);
        assert!(!titles(&evidence).iter().any(|title| title.starts_with("Sanctions list")), "{evidence:?}");
        assert!(titles(&evidence).contains(&"No match of related parties"));
    }

    #[test]
    fn a_date_that_a_register_writes_wrongly_does_not_keep_a_person_from_being_screened() {
        let aram = party("Aram Karenovich Tovmassian", PartyKind::Person, Some("1961-00"));
        let evidence = screened(&[BODY, PERSON], &[aram]);
        assert!(titles(&evidence)[0].contains("TOVMASSIAN, Aram Karenovich"), "{evidence:?}");
    }

    #[test]
    fn a_party_that_is_listed_under_another_name_is_one_party_and_not_cleared() {
        let named = |name: &str, registered_name: Option<&str>| RelatedParty {
            registered_name: registered_name.map(str::to_owned),
            number: Some("1553965023150".to_owned()),
            country: Some("RU".to_owned()),
            ..party(name, PartyKind::Organization, None)
        };
        let parties = [named("Alpha Holding", None), named("Quillmarsh Bearings", Some("Alpha Holding"))];
        let evidence = screened(&[BODY], &parties);
        assert_eq!(titles(&evidence), ["Sanctions list: Quillmarsh Bearings (officer of the company)"]);
        let party = evidence[0].facts.party.as_ref().unwrap();
        assert_eq!(party.name, "Alpha Holding", "a party has the name under which its register keeps it");
    }

    #[test]
    fn a_list_without_persons_is_named_and_clears_no_person() {
        let parties = [
            party("Jo Harlow", PartyKind::Person, None),
            party("Dunmere Ltd", PartyKind::Organization, None),
        ];
        let evidence = screened(&[BODY], &parties);
        assert_eq!(titles(&evidence), ["No match of related parties", "Persons were not screened"]);
        assert!(evidence[0].text.ends_with("Invented list: Dunmere Ltd."), "{}", evidence[0].text);
        assert_eq!(
            evidence[1].text,
            "These related persons were not screened against lists that name no persons (Invented list): Jo Harlow."
        );
    }

    #[test]
    fn organisations_are_compared_with_organisations_and_persons_with_persons() {
        let parties = [
            party("Quillmarsh Bearings", PartyKind::Person, None),
            party("Aram Tovmassian", PartyKind::Organization, None),
        ];
        let evidence = screened(&[BODY, PERSON], &parties);
        assert_eq!(titles(&evidence), ["No match of related parties"], "{evidence:?}");
    }
}
