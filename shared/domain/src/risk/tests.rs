use proptest::prelude::*;

use super::*;
use crate::{
    evidence::{EvidenceDraft, Signal, SourceOutcome, SourceStatus},
    language::Language,
    time::UtcTime,
};

fn snapshot(status: SourceStatus, signals: &[(SignalKind, u8)]) -> Snapshot {
    let finding = |&(kind, strength): &(SignalKind, u8)| EvidenceDraft {
        title: "t".into(),
        text: "x".into(),
        url: None,
        published_at: None,
        signals: vec![Signal { kind, strength }],
    };
    let as_of = status.has_answer().then_some(UtcTime::from_epoch_millis(0));
    let items = u32::try_from(signals.len()).unwrap();
    let outcome = SourceOutcome { source: SourceName::Sanctions, status, as_of, items };
    Snapshot::freeze(vec![(outcome, signals.iter().map(finding).collect())], UtcTime::from_epoch_millis(0))
}

fn assess(status: SourceStatus, signals: &[(SignalKind, u8)]) -> Assessed {
    Rules::built_in().assess(&snapshot(status, signals), &[SourceName::Sanctions], Language::ENGLISH.words())
}

#[test]
fn a_sanctions_match_is_high_whatever_the_model_thinks() {
    let assessed =
        assess(SourceStatus::Ok, &[(SignalKind::AdverseMedia, 10), (SignalKind::SanctionsMatch, 95)]);
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

#[test]
fn rule_ids_are_unique_and_ranges_are_not_empty() {
    let rules = &Rules::built_in().rules;
    for (index, rule) in rules.iter().enumerate() {
        assert!(rules[index + 1..].iter().all(|other| other.id != rule.id), "{}", rule.id);
        assert!(rule.at_least < rule.below && rule.points <= 100, "{}", rule.id);
        for language in Language::all() {
            let says = |what: &str| language.words().find(&format!("rules.{}.{what}", rule.id)).is_some();
            assert!(says("effect") && says("review") == rule.review, "{language}: {}", rule.id);
        }
    }
}

const KINDS: [SignalKind; 7] = [
    SignalKind::SanctionsMatch,
    SignalKind::WatchlistMatch,
    SignalKind::AdverseMedia,
    SignalKind::RegistryInactive,
    SignalKind::RegistryMismatch,
    SignalKind::RegistryDistressed,
    SignalKind::CountryRisk,
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
