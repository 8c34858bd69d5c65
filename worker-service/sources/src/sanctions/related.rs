//! Screens the parties related to a company against the lists.

use std::sync::Arc;

use domain::evidence::{EvidenceDraft, Signal, SignalKind};
use screening::Hit;

use super::{
    evidence::{self, Age, SANCTIONS_MATCH},
    list::{LoadedList, RESEMBLANCE_THRESHOLD},
};
use crate::related::{PartyKind, RelatedParty};

/// The kind of signal for a related party that matches an entry of a sanctions list.
pub(super) const RELATED_SANCTIONS_MATCH: SignalKind = SignalKind::from_static("sanctions_related_match");
/// The kind of signal for a related party that matches an entry of a watch list that is not a sanction.
pub(super) const RELATED_WATCHLIST_MATCH: SignalKind = SignalKind::from_static("watchlist_related_match");

/// Maximum number of entries of one list that become evidence for one party.
const MATCHES_MAX: usize = 3;

/// Screens `parties` against `lists`. The evidence of a match says who the party is; one more piece names the parties
/// that match nothing.
pub(super) fn screen(lists: &[Arc<LoadedList>], parties: &[RelatedParty], age: Age) -> Vec<EvidenceDraft> {
    let mut found = Vec::new();
    let mut clear: Vec<&str> = Vec::new();
    let mut unscreened: Vec<&str> = Vec::new();
    for party in parties {
        if party.kind == PartyKind::Person {
            unscreened.push(&party.name);
            continue;
        }
        let mut is_match = false;
        for list in lists {
            let (country, number) = (party.country.as_deref(), party.number.as_deref());
            let hits = list.screener.search_with(&party.name, country, number, RESEMBLANCE_THRESHOLD);
            is_match |= hits.iter().any(Hit::is_match);
            found.extend(
                hits.iter().take(MATCHES_MAX).map(|hit| of_party(evidence::of_match(list, hit, age), party)),
            );
        }
        if !is_match {
            clear.push(&party.name);
        }
    }
    found.sort_by_key(|draft| std::cmp::Reverse(draft.max_strength()));
    found.extend(of_no_match(&clear, lists));
    found.extend(of_unscreened(&unscreened));
    found
}

/// Makes the evidence about a related party of the evidence that it matches an entry.
pub(super) fn of_party(draft: EvidenceDraft, party: &RelatedParty) -> EvidenceDraft {
    let related = |signal: Signal| Signal {
        kind: if signal.kind == SANCTIONS_MATCH { RELATED_SANCTIONS_MATCH } else { RELATED_WATCHLIST_MATCH },
        ..signal
    };
    EvidenceDraft {
        title: format!("{} ({} of the company)", draft.title, party.relation.noun()),
        text: format!("{} {}", party.in_words(), draft.text),
        signals: draft.signals.into_iter().map(related).collect(),
        ..draft
    }
}

/// Returns the evidence that the parties `names` match no entry, if there are any.
pub(super) fn of_no_match(names: &[&str], lists: &[Arc<LoadedList>]) -> Option<EvidenceDraft> {
    let lists: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
    of_clear(names, &lists.join("; "))
}

/// Returns the evidence that the parties `names` match no entry of `lists`, if there are any.
pub(super) fn of_clear(names: &[&str], lists: &str) -> Option<EvidenceDraft> {
    (!names.is_empty()).then(|| {
        EvidenceDraft::note(
            "No match of related parties",
            format!("Related parties without a match on {lists}: {}.", names.join("; ")),
        )
    })
}

/// Returns the note that the persons `names` were not screened, if there are any.
fn of_unscreened(names: &[&str]) -> Option<EvidenceDraft> {
    (!names.is_empty()).then(|| {
        EvidenceDraft::note(
            "Persons were not screened",
            format!(
                "The lists in use name no persons, so these related persons were not screened: {}.",
                names.join("; ")
            ),
        )
    })
}
