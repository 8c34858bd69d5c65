//! Validates the corpus of claims.

#[path = "corpus/mod.rs"]
mod corpus;

use std::collections::{HashMap, HashSet};

use corpus::{Entry, Part, Verdict, read};

/// Kinds of untrue claims, as the corpus's README names them.
const KINDS: [&str; 15] = [
    "magnitude",
    "unit",
    "currency",
    "year",
    "moved_number",
    "negation_added",
    "negation_dropped",
    "allegation_as_fact",
    "roles_swapped",
    "namesake_or_parent",
    "outdated",
    "proves_nothing",
    "invented_cause",
    "place_or_party_swapped",
    "plan_as_fact",
];

/// Fewest claims of each verdict, by part. `held-out` is empty between two sets of claims.
const COUNT_MIN: [(Part, usize); 2] = [(Part::Development, 300), (Part::HeldOut, 100)];

fn all() -> Vec<Entry> {
    read(Part::Development).into_iter().chain(read(Part::HeldOut)).collect()
}

#[test]
fn ids_are_unique() {
    let mut seen = HashSet::new();
    for entry in all() {
        assert!(seen.insert(entry.id.clone()), "{}", entry.id);
    }
}

#[test]
fn every_quote_is_verbatim_in_its_evidence() {
    for entry in all() {
        assert!(!entry.cites.is_empty(), "{}", entry.id);
        for citation in &entry.cites {
            let evidence = entry.evidence.iter().find(|evidence| evidence.id == citation.evidence);
            let evidence = evidence.unwrap_or_else(|| panic!("{} cites unknown evidence", entry.id));
            let is_quoted =
                evidence.title.contains(&citation.quote) || evidence.text.contains(&citation.quote);
            assert!(
                is_quoted && !citation.quote.trim().is_empty(),
                "{} has a quote that is not in its evidence",
                entry.id
            );
        }
        for evidence in &entry.evidence {
            assert!(
                ["sanctions", "news", "registry", "country_risk"].contains(&evidence.source.as_str()),
                "{}",
                entry.id
            );
        }
    }
}

#[test]
fn languages_are_those_of_reports() {
    for entry in all() {
        assert!(["en", "ja"].contains(&entry.language.as_str()), "{}", entry.id);
    }
}

#[test]
fn each_part_has_both_verdicts_of_every_kind_and_enough_of_them() {
    for (part, count_min) in COUNT_MIN {
        let entries = read(part);
        if part == Part::HeldOut && entries.is_empty() {
            continue;
        }
        let mut counts: HashMap<(&str, bool), usize> = HashMap::new();
        for entry in &entries {
            *counts.entry((&entry.kind, entry.verdict == Verdict::True)).or_default() += 1;
        }
        for kind in KINDS {
            assert!(counts.contains_key(&(kind, false)), "{} has no untrue claim of {kind}", part.folder());
            // True claims of the held-out part have kinds of their own.
            let has_true = part == Part::HeldOut || counts.contains_key(&(kind, true));
            assert!(has_true, "{} has no true claim of {kind}", part.folder());
        }
        for verdict in [true, false] {
            let count: usize =
                counts.iter().filter(|((_, is_true), _)| *is_true == verdict).map(|(_, count)| count).sum();
            assert!(count >= count_min, "{} has {count} claims with the verdict {verdict}", part.folder());
        }
    }
}

#[test]
fn every_claim_is_read() {
    for entry in read(Part::Development) {
        let claim = entry.claim();
        assert!(claim.pieces.iter().all(|piece| !piece.quotes.is_empty()), "{}", entry.id);
    }
}
