//! Turns the results of screening into evidence.

use std::time::Duration;

use domain::{
    evidence::{EvidenceDraft, Signal, SignalKind},
    request::ReportRequest,
    time::UtcTime,
};
use screening::{Explanation, Hit, MATCH_THRESHOLD};

use super::list::{LoadedList, Recency};

/// What the age of a list is compared with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Age {
    pub(super) now: UtcTime,
    /// The age from which on a list is out of date.
    pub(super) max_age: Duration,
}

/// The kind of signal for a match with an entry of a sanctions list.
pub(super) const SANCTIONS_MATCH: SignalKind = SignalKind::from_static("sanctions_match");
/// The kind of signal for a match with an entry of a watch list that is not a sanction.
pub(super) const WATCHLIST_MATCH: SignalKind = SignalKind::from_static("watchlist_match");

/// Returns the evidence of a match: the list, the entry, the name that matched, the score and its reasons.
pub(super) fn of_match(list: &LoadedList, hit: &Hit<'_>, age: Age) -> EvidenceDraft {
    let entry = hit.entity;
    let percent = percent(hit.score);
    let explanation = Explanation::of(hit);
    let mut text = format!("{} lists {} (entry {}).", list.name, entry.name, entry.id);
    if hit.matched_name != entry.name {
        text.push_str(&format!(" Recognised by its other name {}.", hit.matched_name));
    }
    let mut add = |label: &str, values: &[String], max: usize| {
        if !values.is_empty() {
            let shown: Vec<&str> = values.iter().take(max).map(String::as_str).collect();
            let more = if values.len() > max { ", and more" } else { "" };
            text.push_str(&format!(" {label}: {}{more}.", shown.join("; ")));
        }
    };
    add("Countries", &entry.countries, 10);
    add("Programs", &entry.programs, 10);
    add("Other names", &entry.aliases, 5);
    text.push_str(&format!(" Match score {percent}%: {}.{}", explanation.in_words(), dated(list, age)));
    let (label, strength) = if hit.score >= MATCH_THRESHOLD {
        // The rule `sanctions.match` applies from strength 80.
        ("Sanctions list", percent.max(80))
    } else {
        ("Resembles an entry of a sanctions list", percent.min(79))
    };
    EvidenceDraft {
        title: format!("{label}: {}", entry.name),
        text,
        url: None,
        published_at: None,
        signals: vec![Signal { kind: SANCTIONS_MATCH, strength }],
    }
}

/// Returns the evidence that no entry of a list matches the company.
pub(super) fn of_no_match(list: &LoadedList, request: &ReportRequest, age: Age) -> EvidenceDraft {
    let (name, country, entries) = (&request.company_name, request.country, list.screener.len());
    EvidenceDraft::note(
        format!("No match on {}", list.name),
        format!(
            "Screening of \"{name}\" ({country}) against the {entries} bodies of {} found none that reaches the score of a match.{}",
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
    let (entries, loaded) = (list.screener.len(), day(list.loaded_at));
    let dated = match (&list.stated_date, list.published_at) {
        (Some(stated), _) => format!("List of {stated}, {entries} bodies"),
        (None, Some(modified)) => format!("List in a file of {}, {entries} bodies", day(modified)),
        (None, None) => format!("List of {entries} bodies"),
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
