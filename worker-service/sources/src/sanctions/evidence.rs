//! Turns the results of screening into evidence.

use std::time::Duration;

use domain::{
    evidence::{EvidenceDraft, Facts, ListMatch, Signal, SignalKind},
    request::ReportRequest,
    time::UtcTime,
};
use screening::{ListedEntity, Topic};

use super::{
    list::{LoadedList, Recency},
    matched::Match,
};
use crate::country_name::country_name;

/// What the age of a list is compared with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Age {
    pub(super) now: UtcTime,
    /// The age from which on a list is out of date.
    pub(super) max_age: Duration,
}

/// Minimum strength of a signal to which the rules `sanctions.match` and `watchlist.match` apply.
pub(super) const MATCH_STRENGTH: u8 = 80;

/// The kind of signal for a match with an entry of a sanctions list.
pub(super) const SANCTIONS_MATCH: SignalKind = SignalKind::from_static("sanctions_match");
/// The kind of signal for a match with an entry of a watch list that is not a sanction.
pub(super) const WATCHLIST_MATCH: SignalKind = SignalKind::from_static("watchlist_match");

/// Returns the evidence of a match: the list, the entry, the name that matched, the score and its reasons.
pub(super) fn of_match(list: &LoadedList, matched: &Match<'_>, age: Age) -> EvidenceDraft {
    let entry = &matched.entity;
    let percent = percent(matched.score);
    let mut text = format!("{} lists {} (entry {}).", list.name, entry.name, entry.id);
    if matched.is_weak {
        let name = matched.name;
        text.push_str(&format!(" Recognised by its weak alias {name}, which alone does not identify it."));
    } else if matched.name != entry.name {
        text.push_str(&format!(" Recognised by its other name {}.", matched.name));
    }
    let mut add = |label: &str, values: &[&str], max: usize| {
        if !values.is_empty() {
            let shown = &values[..values.len().min(max)];
            let more = if values.len() > max { ", and more" } else { "" };
            text.push_str(&format!(" {label}: {}{more}.", shown.join("; ")));
        }
    };
    let birth_dates: Vec<String> = entry.birth_dates.iter().map(ToString::to_string).collect();
    let birth_dates: Vec<&str> = birth_dates.iter().map(String::as_str).collect();
    add("Born", &birth_dates, 5);
    let countries: Vec<String> = entry.countries.iter().map(|code| country_name(code)).collect();
    let countries: Vec<&str> = countries.iter().map(String::as_str).collect();
    add("Countries", &countries, 10);
    add("Programs", &entry.programs, 10);
    add("Other names", &entry.aliases, 5);
    add("Weak aliases", &entry.weak_aliases, 5);
    let parts = matched.parts.as_deref().map(|parts| format!(" ({parts})")).unwrap_or_default();
    text.push_str(&format!(" Match score {percent}%{parts}: {}.{}", matched.reasons, dated(list, age)));
    let listing = Listing::of(entry);
    let label = match matched.is_match {
        true => listing.label,
        false if listing.signal == SANCTIONS_MATCH => "Resembles an entry of a sanctions list",
        false => "Resembles an entry of a watch list",
    };
    let strength = match matched.is_match && listing.is_itself {
        true => percent.max(MATCH_STRENGTH),
        false => percent.min(MATCH_STRENGTH - 1),
    };
    EvidenceDraft {
        title: format!("{label}: {}", entry.name),
        text,
        url: None,
        published_at: None,
        signals: vec![Signal { kind: listing.signal, strength }],
        facts: Facts {
            list_match: Some(ListMatch {
                list: list.name.clone(),
                entry: entry.name.to_owned(),
                score: percent,
                is_match: matched.is_match,
                linked: !listing.is_itself,
                reasons: Some(format!("{}{}", matched.reasons, parts)),
            }),
            ..Facts::default()
        },
    }
}

/// What an entry of a list says of a company that it matches.
struct Listing {
    label: &'static str,
    signal: SignalKind,
    /// Whether the entry itself is the reason, and not somebody whom it is linked to.
    is_itself: bool,
}

impl Listing {
    /// Returns what `entry` says: a sanction before everything else.
    fn of(entry: &ListedEntity<&str>) -> Self {
        if entry.is_sanctioned() {
            return Self { label: "Sanctions list", signal: SANCTIONS_MATCH, is_itself: true };
        }
        let topic = entry.topics.iter().min().copied().unwrap_or(Topic::Other);
        let label = match topic {
            Topic::Sanction => "Sanctions list",
            Topic::SanctionLinked => "Linked to an entry of a sanctions list",
            Topic::ExportControl => "Watch list, export control",
            Topic::Debarment => "Watch list, exclusion from contracts",
            Topic::Wanted => "Watch list, wanted",
            Topic::Crime => "Watch list, crime",
            Topic::Regulatory => "Watch list, warning of a supervisor",
            Topic::PoliticallyExposed => "Watch list, public office",
            Topic::RelatedToPoliticallyExposed => "Watch list, relation to a public office",
            Topic::Other => "Watch list",
        };
        let is_linked = topic == Topic::SanctionLinked;
        let signal = if is_linked { SANCTIONS_MATCH } else { WATCHLIST_MATCH };
        Self { label, signal, is_itself: !is_linked }
    }
}

/// Returns the evidence that no entry of a list matches the company.
pub(super) fn of_no_match(list: &LoadedList, request: &ReportRequest, age: Age) -> EvidenceDraft {
    let (name, country, entries) = (&request.company_name, request.country, list.organizations.len());
    EvidenceDraft::note(
        format!("No match on {}", list.name),
        format!(
            "Screening of \"{name}\" ({}) against the {entries} bodies of {} found none that reaches the score of a match.{}",
            country.name(),
            list.name,
            dated(list, age)
        ),
    )
}

/// Returns what identifies the version of a list: its name, date, size and digest.
pub(super) fn version(list: &LoadedList, age: Age) -> String {
    format!("{}.{} SHA-256 {}", list.name, dated(list, age), list.sha256)
}

/// Returns sentences with the date and size of a list, when it was loaded, and whether it is out of date.
fn dated(list: &LoadedList, age: Age) -> String {
    let day = |time: UtcTime| time.to_string().get(..10).unwrap_or_default().to_owned();
    let loaded = day(list.loaded_at);
    let entries = match (list.organizations.len(), list.persons.len()) {
        (bodies, 0) => format!("{bodies} bodies"),
        (bodies, persons) => format!("{bodies} bodies and {persons} persons"),
    };
    let dated = match (&list.stated_date, list.published_at) {
        (Some(stated), _) => format!("List of {stated}, {entries}"),
        (None, Some(modified)) => format!("List in a file of {}, {entries}", day(modified)),
        (None, None) => format!("List of {entries}"),
    };
    let recency = match list.recency(age.now, age.max_age) {
        Recency::Current => String::new(),
        Recency::Outdated => {
            format!(" The list is out of date: it is more than {} old.", in_days(age.max_age))
        }
        Recency::Undated => " It is not known when the list was published.".to_owned(),
    };
    format!(" {dated}, loaded on {loaded}.{recency}")
}

/// Returns a duration in words, in days, or in hours if it is shorter than two days.
fn in_days(duration: Duration) -> String {
    let hours = duration.as_secs() / 3600;
    if hours < 48 { format!("{hours} hours") } else { format!("{} days", hours / 24) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
fn percent(score: f32) -> u8 {
    (score.clamp(0.0, 1.0) * 100.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"id":"w1","name":"HARAKAT-E NOWRUZ","weakAliases":["KESTREL"],"countries":["AF"],"topics":["sanction"]}
{"id":"d1","name":"Merriden Roads Contractors","countries":["GB"],"topics":["debarment"]}
{"id":"l1","name":"Tealwick Holdings","countries":["HK"],"topics":["sanction.linked"]}
{"id":"o1","name":"Quillmarsh Bearings","countries":["RU"]}
"#;

    /// Returns title, text, kind and strength of the evidence that a company matches.
    fn evidence(name: &str, country: &str) -> (String, String, SignalKind, u8) {
        let now: UtcTime = "2026-11-28T00:00:00Z".parse().unwrap();
        let list = LoadedList::invented(LIST, now);
        let hits = list.organizations.search(name, Some(country), 0.7);
        let age = Age { now, max_age: Duration::from_secs(3600) };
        let EvidenceDraft { title, text, signals, .. } = of_match(&list, &Match::of(&hits[0]), age);
        let Signal { kind, strength } = signals.into_iter().next().unwrap();
        (title, text, kind, strength)
    }

    #[test]
    fn a_weak_alias_alone_is_a_resemblance() {
        let (title, text, kind, strength) = evidence("Kestrel Ltd", "AF");
        assert_eq!(title, "Resembles an entry of a sanctions list: HARAKAT-E NOWRUZ");
        assert!(text.contains("(entry w1). Recognised by its weak alias KESTREL"), "{text}");
        assert!(text.contains(" Match score 75% (name ") && text.contains("%, weak alias -2"), "{text}");
        assert!(kind == SANCTIONS_MATCH && (70..MATCH_STRENGTH).contains(&strength), "{strength}");
        let (title, _, _, strength) = evidence("Harakat-e Nowruz", "AF");
        assert!(title == "Sanctions list: HARAKAT-E NOWRUZ" && strength >= MATCH_STRENGTH);
    }

    #[test]
    fn the_topics_of_an_entry_decide_what_a_match_is() {
        let (title, _, kind, strength) = evidence("Merriden Roads Contractors", "GB");
        assert_eq!(title, "Watch list, exclusion from contracts: Merriden Roads Contractors");
        assert!(kind == WATCHLIST_MATCH && strength >= MATCH_STRENGTH);
        let (title, _, kind, strength) = evidence("Tealwick Holdings", "HK");
        assert_eq!(title, "Linked to an entry of a sanctions list: Tealwick Holdings");
        assert!(kind == SANCTIONS_MATCH && strength < MATCH_STRENGTH);
        // A list of one's own that states no topic is one of sanctions.
        let (title, _, kind, strength) = evidence("Quillmarsh Bearings", "RU");
        assert!(
            title.starts_with("Sanctions list: ") && kind == SANCTIONS_MATCH && strength >= MATCH_STRENGTH
        );
    }
}
