//! The result of screening, as evidence.

use domain::{
    evidence::{EvidenceDraft, Signal, SignalKind},
    request::ReportRequest,
};
use screening::{Explanation, Hit, MATCH_THRESHOLD};

use super::list::LoadedList;

/// The kind of a match with an entry of a sanctions list.
pub(super) const SANCTIONS_MATCH: SignalKind = SignalKind::from_static("sanctions_match");
/// The kind of a match with an entry of a watch list that is not a sanction.
pub(super) const WATCHLIST_MATCH: SignalKind = SignalKind::from_static("watchlist_match");

/// Returns the evidence of a match: the list, the entry, the name that matched, the score and its reasons.
pub(super) fn of_match(list: &LoadedList, hit: &Hit<'_>) -> EvidenceDraft {
    let entry = hit.entry;
    let percent = percent(hit.score);
    let explanation = Explanation::of(hit);
    let mut text = format!("{} lists {} (entry {}).", list.name, entry.name, entry.id);
    if hit.name != entry.name {
        text.push_str(&format!(" Recognised by its other name {}.", hit.name));
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
    text.push_str(&format!(" Match score {percent}%: {}.{}", explanation.in_words(), dated(list)));
    let (label, strength) = if hit.score >= MATCH_THRESHOLD {
        // The rules count a match from 80.
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
pub(super) fn of_no_match(list: &LoadedList, request: &ReportRequest) -> EvidenceDraft {
    let (name, country, entries) = (&request.company_name, request.country, list.screen.len());
    EvidenceDraft::note(
        format!("No match on {}", list.name),
        format!(
            "Screening of \"{name}\" ({country}) against the {entries} bodies of {} found none that reaches the score of a match.{}",
            list.name,
            dated(list)
        ),
    )
}

/// Returns what identifies the version of a list: its name, date, size and digest.
pub(super) fn version(list: &LoadedList) -> String {
    format!("{}.{} SHA-256 {}", list.name, dated(list), list.sha256)
}

/// Returns the date and size of a list, and when it was loaded.
fn dated(list: &LoadedList) -> String {
    let (entries, loaded) = (list.screen.len(), list.loaded_at.to_string());
    let loaded = loaded.get(..10).unwrap_or_default();
    match &list.published {
        Some(published) => format!(" List of {published}, {entries} bodies, loaded on {loaded}."),
        None => format!(" List of {entries} bodies, loaded on {loaded}."),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
fn percent(score: f32) -> u8 {
    (score.clamp(0.0, 1.0) * 100.0).round() as u8
}
