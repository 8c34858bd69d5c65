//! Turns the results of screening into evidence.

use std::time::Duration;

use domain::{
    evidence::{EvidenceDraft, Facts, ListMatch, Signal, SignalKind},
    language::Words,
    request::ReportRequest,
    time::UtcTime,
};
use screening::{ListedEntity, Topic};

use super::{
    list::{LoadedList, Recency},
    matched::Match,
};
use crate::{country_name::country_name, texts::Texts};

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
pub(super) fn of_match(list: &LoadedList, matched: &Match<'_>, age: Age, words: &Words) -> EvidenceDraft {
    let (entry, texts) = (&matched.entity, texts(words));
    let percent = percent(matched.score);
    let score = percent.to_string();
    let mut text = texts.paragraph();
    text.say("listed", &[("list", &list.name), ("entry", entry.name), ("id", entry.id)]);
    if matched.is_weak {
        text.say("by_weak_name", &[("name", matched.name)]);
    } else if matched.name != entry.name {
        text.say("by_other_name", &[("name", matched.name)]);
    }
    let birth_dates: Vec<String> = entry.birth_dates.iter().map(ToString::to_string).collect();
    let birth_dates: Vec<&str> = birth_dates.iter().map(String::as_str).collect();
    text.list("born", &birth_dates, 5);
    let countries: Vec<String> = entry.countries.iter().map(|code| country_name(code, words)).collect();
    let countries: Vec<&str> = countries.iter().map(String::as_str).collect();
    text.list("countries", &countries, 10);
    text.list("programs", &entry.programs, 10);
    text.list("other_names", &entry.aliases, 5);
    text.list("weak_aliases", &entry.weak_aliases, 5);
    let reasons = matched.reasons.in_words(words);
    match matched.reasons.score_in_words(words) {
        Some(parts) => {
            text.say("score_of_parts", &[("score", &score), ("parts", &parts), ("reasons", &reasons)]);
        }
        None => text.say("score_because", &[("score", &score), ("reasons", &reasons)]),
    }
    text.push(dated(list, age, words));
    let listing = Listing::of(entry);
    let label = match matched.is_match {
        true => listing.label,
        false if listing.signal == SANCTIONS_MATCH => "labels.resembles_sanction",
        false => "labels.resembles_other",
    };
    let strength = match matched.is_match && listing.is_itself {
        true => percent.max(MATCH_STRENGTH),
        false => percent.min(MATCH_STRENGTH - 1),
    };
    EvidenceDraft {
        title: texts.fill("title", &[("label", &texts.text(label)), ("entry", entry.name)]),
        text: text.finish(),
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
                reasons: Some(matched.reasons.clone()),
            }),
            ..Facts::default()
        },
    }
}

/// Returns the words for texts of this source.
pub(super) fn texts(words: &Words) -> Texts<'_> {
    Texts::new(words, "sanctions")
}

/// What an entry of a list says of a company that it matches.
struct Listing {
    /// The key of what it is called.
    label: &'static str,
    signal: SignalKind,
    /// Whether the entry itself is the reason, and not somebody whom it is linked to.
    is_itself: bool,
}

impl Listing {
    /// Returns what `entry` says: a sanction before everything else.
    fn of(entry: &ListedEntity<&str>) -> Self {
        if entry.is_sanctioned() {
            return Self { label: "labels.sanction", signal: SANCTIONS_MATCH, is_itself: true };
        }
        let topic = entry.topics.iter().min().copied().unwrap_or(Topic::Other);
        let label = match topic {
            Topic::Sanction => "labels.sanction",
            Topic::SanctionLinked => "labels.sanction_linked",
            Topic::ExportControl => "labels.export_control",
            Topic::Debarment => "labels.debarment",
            Topic::Wanted => "labels.wanted",
            Topic::Crime => "labels.crime",
            Topic::Regulatory => "labels.regulatory",
            Topic::PoliticallyExposed => "labels.public_office",
            Topic::RelatedToPoliticallyExposed => "labels.related_to_public_office",
            Topic::Other => "labels.other",
        };
        let is_linked = topic == Topic::SanctionLinked;
        let signal = if is_linked { SANCTIONS_MATCH } else { WATCHLIST_MATCH };
        Self { label, signal, is_itself: !is_linked }
    }
}

/// Returns the evidence that no entry of a list matches the company.
pub(super) fn of_no_match(
    list: &LoadedList,
    request: &ReportRequest,
    age: Age,
    words: &Words,
) -> EvidenceDraft {
    let (texts, entries) = (texts(words), list.organizations.len().to_string());
    let mut text = texts.paragraph();
    let (name, country) = (request.company_name.as_str(), words.country(request.country));
    text.say(
        "no_match",
        &[("name", name), ("country", country), ("entries", &entries), ("list", &list.name)],
    );
    text.push(dated(list, age, words));
    EvidenceDraft::note(texts.fill("no_match_title", &[("list", &list.name)]), text.finish())
}

/// Returns what identifies the version of a list: its name, date, size and digest.
pub(super) fn version(list: &LoadedList, age: Age, words: &Words) -> String {
    let dated = dated(list, age, words);
    texts(words).fill("version", &[("list", &list.name), ("dated", &dated), ("sha256", &list.sha256)])
}

/// Returns sentences with the date and size of a list, when it was loaded, and whether it is out of date.
fn dated(list: &LoadedList, age: Age, words: &Words) -> String {
    let texts = texts(words);
    let day = |time: UtcTime| time.to_string().get(..10).unwrap_or_default().to_owned();
    let (bodies, persons) = (list.organizations.len(), list.persons.len());
    let key = if persons == 0 { "bodies" } else { "bodies_and_persons" };
    let entries = texts.fill(key, &[("bodies", &bodies.to_string()), ("persons", &persons.to_string())]);
    let (key, date) = match (&list.stated_date, list.published_at) {
        (Some(stated), _) => ("stated", stated.clone()),
        (None, Some(modified)) => ("in_file", day(modified)),
        (None, None) => ("undated", String::new()),
    };
    let mut text = texts.paragraph();
    text.say(key, &[("date", &date), ("entries", &entries), ("loaded", &day(list.loaded_at))]);
    match list.recency(age.now, age.max_age) {
        Recency::Current => {}
        Recency::Outdated => text.say("outdated", &[("age", &in_days(age.max_age, words))]),
        Recency::Undated => text.say("date_unknown", &[]),
    }
    text.finish()
}

/// Returns a duration in words, in days, or in hours if it is shorter than two days.
fn in_days(duration: Duration, words: &Words) -> String {
    let hours = duration.as_secs() / 3600;
    let (key, count) = if hours < 48 { ("ages.hours", hours) } else { ("ages.days", hours / 24) };
    words.fill(key, &[("count", &count.to_string())])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
fn percent(score: f32) -> u8 {
    (score.clamp(0.0, 1.0) * 100.0).round() as u8
}

#[cfg(test)]
mod tests {
    use domain::language::Language;

    use super::*;
    use crate::texts::words;

    const LIST: &str = r#"{"id":"w1","name":"HARAKAT-E NOWRUZ","weakAliases":["KESTREL"],"countries":["AF"],"topics":["sanction"]}
{"id":"d1","name":"Merriden Roads Contractors","countries":["GB"],"topics":["debarment"]}
{"id":"l1","name":"Tealwick Holdings","countries":["HK"],"topics":["sanction.linked"]}
{"id":"o1","name":"Quillmarsh Bearings","countries":["RU"]}
"#;

    /// Returns title, text, kind and strength of the evidence that a company matches.
    fn evidence(name: &str, country: &str) -> (String, String, SignalKind, u8) {
        let EvidenceDraft { title, text, signals, .. } = draft(name, country, "en");
        let Signal { kind, strength } = signals.into_iter().next().unwrap();
        (title, text, kind, strength)
    }

    fn draft(name: &str, country: &str, language: &str) -> EvidenceDraft {
        let now: UtcTime = "2026-11-28T00:00:00Z".parse().unwrap();
        let list = LoadedList::invented(LIST, now);
        let hits = list.organizations.search(name, Some(country), 0.7);
        let age = Age { now, max_age: Duration::from_secs(3600) };
        of_match(&list, &Match::of(&hits[0]), age, words(Language::find(language).unwrap()))
    }

    #[test]
    fn evidence_is_in_the_language_of_the_report_and_its_reasons_are_data() {
        let draft = draft("Kestrel Ltd", "GB", "ja");
        assert_eq!(draft.title, "制裁リストの記載と類似：HARAKAT-E NOWRUZ");
        assert!(
            draft
                .text
                .starts_with("Invented listにHARAKAT-E NOWRUZが記載されています（番号w1）。別名「KESTREL」"),
            "{}",
            draft.text
        );
        for said in [
            "国：アフガニスタン。",
            "一致度",
            "弱い別名-",
            "「kestrel」は同一、",
            "国は異なる",
            "団体4件、2026-11-28読み込み。",
        ] {
            assert!(draft.text.contains(said), "{said}: {}", draft.text);
        }
        let reasons = draft.facts.list_match.unwrap().reasons.unwrap();
        assert_eq!((&*reasons.name, &*reasons.name_kind, &*reasons.country), ("KESTREL", "weak", "differs"));
        assert_eq!((&*reasons.words[0].query, &*reasons.words[0].how), ("kestrel", "same"));
        let parts: Vec<_> = reasons.score.iter().map(|part| (&*part.part, part.points > 0)).collect();
        assert_eq!(parts, [("name", true), ("country", false), ("weak_name", false)]);
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
        let found = draft("Tealwick Holdings", "HK", "en").facts.list_match.unwrap();
        assert!(found.is_match && found.linked, "the name matches, and somebody else is listed: {found:?}");
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
