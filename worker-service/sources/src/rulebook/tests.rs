use std::collections::{BTreeMap, BTreeSet};

use domain::{
    evidence::{EvidenceDraft, Signal, SignalKind, Snapshot, SourceName, SourceOutcome, SourceStatus},
    language::Language,
    risk::{Grade, RiskLevel, RulesAssessment},
    time::UtcTime,
};
use proptest::prelude::*;

use super::*;

const SANCTIONS: SourceName = SourceName::from_static("sanctions");

fn snapshot(status: SourceStatus, signals: &[(&'static str, u8)]) -> Snapshot {
    let draft = |&(kind, strength): &(&'static str, u8)| EvidenceDraft {
        signals: vec![Signal { kind: SignalKind::from_static(kind), strength }],
        ..EvidenceDraft::note("t", "x")
    };
    let as_of = status.has_answer().then_some(UtcTime::from_epoch_millis(0));
    let items = u32::try_from(signals.len()).unwrap();
    let outcome = SourceOutcome { source: SANCTIONS, status, as_of, items };
    Snapshot::freeze(vec![(outcome, signals.iter().map(draft).collect())], UtcTime::from_epoch_millis(0))
}

fn assess(status: SourceStatus, signals: &[(&'static str, u8)]) -> RulesAssessment {
    rulebook().assess(&snapshot(status, signals), &[SANCTIONS], Language::ENGLISH)
}

#[test]
fn a_sanctions_match_is_high_whatever_the_model_thinks() {
    let assessed = assess(SourceStatus::Ok, &[("adverse_media", 10), ("sanctions_match", 95)]);
    assert_eq!(assessed.rules.len(), 1);
    assert_eq!(assessed.rules[0].because, ["E2"]);
    assert_eq!(assessed.score, 90);
    assert_eq!(assessed.level(Some(Grade::Low)), RiskLevel::High);
}

#[test]
fn the_model_may_raise_the_level() {
    assert_eq!(assess(SourceStatus::Ok, &[]).level(Some(Grade::Medium)), RiskLevel::Medium);
    assert_eq!(assess(SourceStatus::Ok, &[]).level(None), RiskLevel::Low);
}

#[test]
fn a_missing_mandatory_source_leaves_the_level_undetermined() {
    for status in [SourceStatus::Failed, SourceStatus::Skipped] {
        assert_eq!(assess(status, &[]).level(Some(Grade::High)), RiskLevel::Undetermined);
    }
    assert_eq!(assess(SourceStatus::Stale, &[]).level(None), RiskLevel::Low);
}

/// Composing the rulebook already checks that ids are unique, ranges are not empty and points are at most
/// 100.
#[test]
fn every_rule_has_words_in_every_language() {
    for (id, review) in rulebook().rules().ids() {
        for language in Language::all() {
            let has = |part: &str| rulebook().words(language).find(&format!("rules.{id}.{part}")).is_some();
            assert!(has("effect") && has("review") == review, "{language}: {id}");
        }
    }
}

/// Reports list rules in this order and record this version. Change the version with every change of a rule.
#[test]
fn the_rules_are_those_of_the_version() {
    let ids: Vec<&str> = rulebook().rules().ids().map(|(id, _)| id).collect();
    assert_eq!(
        ids,
        [
            "sanctions.match",
            "sanctions.possible-match",
            "watchlist.match",
            "sanctions.related-match",
            "sanctions.possible-related-match",
            "watchlist.related-match",
            "news.adverse",
            "registry.inactive",
            "registry.mismatch",
            "registry.distressed",
            "registry.late-or-once-insolvent",
            "registry.strike-off",
            "registry.office",
            "country.call-for-action",
            "country.embargo",
            "country.high-risk",
            "country.monitored",
        ]
    );
    assert_eq!(rulebook().rules().version(), "2026-11.4");
}

#[test]
fn every_source_has_a_name_in_every_language_and_the_words_of_english_with_the_same_placeholders() {
    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }
    fn keys(language: Language) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        let words = rulebook().words(language).entries();
        // Names of countries, schemes and languages are optional.
        let is_optional = |key: &str| {
            ["countries.", "schemes.", "texts.news.languages."].iter().any(|group| key.starts_with(group))
        };
        let required = words.filter(|(key, _)| !is_optional(key));
        required.map(|(key, text)| (key, placeholders(text))).collect()
    }
    for language in Language::all() {
        assert_eq!(keys(language), keys(Language::ENGLISH), "{language}");
        for source in REGISTERED {
            let name = format!("sources.{}", source.name);
            assert!(rulebook().words(language).find(&name).is_some(), "{language}: {name}");
        }
    }
}

#[test]
fn the_words_without_the_sources_are_the_same() {
    for language in Language::all() {
        assert_eq!(
            source_words::words(language).unwrap().tree(),
            rulebook().words(language).tree(),
            "{language}"
        );
    }
}

const KINDS: [&str; 11] = [
    "sanctions_match",
    "watchlist_match",
    "sanctions_related_match",
    "watchlist_related_match",
    "adverse_media",
    "registry_inactive",
    "registry_mismatch",
    "registry_distressed",
    "registry_strike_off",
    "registry_office",
    "country_risk",
];

proptest! {
    #[test]
    fn more_evidence_never_lowers_floor_or_score(
        some in prop::collection::vec((prop::sample::select(&KINDS[..]), 0_u8..=100), 0..6),
        more in (prop::sample::select(&KINDS[..]), 0_u8..=100),
    ) {
        let before = assess(SourceStatus::Ok, &some);
        let after = assess(SourceStatus::Ok, &[some, vec![more]].concat());
        prop_assert!(after.floor >= before.floor && after.score >= before.score);
    }
}
