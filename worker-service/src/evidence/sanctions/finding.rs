//! What screening found, as evidence.

use domain::{
    evidence::{EvidenceDraft, Signal, SignalKind},
    request::ReportRequest,
};

use super::store::Loaded;
use screening::{Explanation, Hit, MATCH_THRESHOLD};

/// A listed body that the company could be: which list and entry, which name, how sure and why.
pub(super) fn hit(list: &Loaded, hit: &Hit<'_>) -> EvidenceDraft {
    let entry = hit.entry;
    let percent = percent(hit.score);
    let why = Explanation::of(hit);
    let mut text = format!("{} lists {} (entry {}).", list.name, entry.name, entry.id);
    if hit.name != entry.name {
        text.push_str(&format!(" Recognised by its other name {}.", hit.name));
    }
    let mut add = |label: &str, values: &[String], most: usize| {
        if !values.is_empty() {
            let shown: Vec<&str> = values.iter().take(most).map(String::as_str).collect();
            let more = if values.len() > most { ", and more" } else { "" };
            text.push_str(&format!(" {label}: {}{more}.", shown.join("; ")));
        }
    };
    add("Countries", &entry.countries, 10);
    add("Programs", &entry.programs, 10);
    add("Other names", &entry.aliases, 5);
    text.push_str(&format!(" Match score {percent}%: {}.{}", why.in_words(), dated(list)));
    let (what, strength) = if hit.score >= MATCH_THRESHOLD {
        // Rules count a match from 80 on.
        ("Sanctions list", percent.max(80))
    } else {
        ("Resembles an entry of a sanctions list", percent.min(79))
    };
    EvidenceDraft {
        title: format!("{what}: {}", entry.name),
        text,
        url: None,
        published_at: None,
        signals: vec![Signal { kind: SignalKind::SanctionsMatch, strength }],
    }
}

/// That a list has nobody who could be the company.
pub(super) fn clear(list: &Loaded, request: &ReportRequest) -> EvidenceDraft {
    let (name, country, bodies) = (&request.company_name, request.country, list.screen.len());
    EvidenceDraft {
        title: format!("No match on {}", list.name),
        text: format!(
            "Screening of \"{name}\" ({country}) against the {bodies} bodies of {} found none that reaches the score of a match.{}",
            list.name,
            dated(list)
        ),
        url: None,
        published_at: None,
        signals: Vec::new(),
    }
}

/// Which list it was, to be found again: its name, date, size and digest.
pub(super) fn version(list: &Loaded) -> String {
    format!("{}.{} SHA-256 {}", list.name, dated(list), list.sha256)
}

/// The list's own date and when it was loaded.
fn dated(list: &Loaded) -> String {
    let (bodies, loaded) = (list.screen.len(), list.loaded_at.to_string());
    let loaded = loaded.get(..10).unwrap_or_default();
    match &list.published {
        Some(published) => format!(" List of {published}, {bodies} bodies, loaded on {loaded}."),
        None => format!(" List of {bodies} bodies, loaded on {loaded}."),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
fn percent(score: f32) -> u8 {
    (score.clamp(0.0, 1.0) * 100.0).round() as u8
}
