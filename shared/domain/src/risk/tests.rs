use super::*;
use crate::{
    evidence::{EvidenceDraft, Signal, SignalKind, Snapshot, SourceOutcome, SourceStatus},
    language::Language,
    time::UtcTime,
};

const SANCTIONS: &str = r#"
version = "2026-11.9"
[[rule]]
id = "sanctions.match"
signal = "sanctions_match"
at_least = 80
points = 90
floor = "HIGH"
review = true
"#;

const NEWS: &str = r#"
version = "2026-11.10"
[[rule]]
id = "news.adverse"
signal = "adverse_media"
at_least = 50
below = 90
points = 35
floor = "MEDIUM"
"#;

const WORDS: &str = r#"
[rules."sanctions.match"]
effect = "The company matches."
review = "A person must confirm the match."
"#;

fn snapshot(signals: &[(&'static str, u8)]) -> Snapshot {
    let draft = |&(kind, strength): &(&'static str, u8)| EvidenceDraft {
        signals: vec![Signal { kind: SignalKind::from_static(kind), strength }],
        ..EvidenceDraft::note("t", "x")
    };
    let at = UtcTime::from_epoch_millis(0);
    let source = SourceName::from_static("sanctions");
    let outcome = SourceOutcome { source, status: SourceStatus::Ok, as_of: Some(at), items: 1 };
    Snapshot::freeze(vec![(outcome, signals.iter().map(draft).collect())], at)
}

fn rulebook() -> Rulebook {
    let words = [("en", WORDS), ("xx", "not even TOML")];
    Rulebook::compose(&[
        RulebookPart { rules: SANCTIONS, words: &words },
        RulebookPart { rules: NEWS, words: &[] },
    ])
    .unwrap()
}

#[test]
fn rules_apply_in_the_order_of_their_parts_and_signals_of_unknown_kinds_have_no_effect() {
    let snapshot = snapshot(&[
        ("adverse_media", 60),
        ("adverse_media", 95),
        ("from_the_future", 100),
        ("sanctions_match", 80),
    ]);
    let assessed = rulebook().assess(&snapshot, &[], Language::ENGLISH);
    let applied: Vec<_> =
        assessed.rules.iter().map(|rule| (rule.rule.as_str(), rule.because.concat())).collect();
    assert_eq!(applied, [("sanctions.match", "E4".to_owned()), ("news.adverse", "E1".to_owned())]);
    assert_eq!((assessed.floor, assessed.score), (Grade::High, 100));
    let decision = OpenDecision {
        text: "A person must confirm the match.".to_owned(),
        rule: Some("sanctions.match".to_owned()),
        evidence: vec!["E4".to_owned()],
    };
    assert_eq!(assessed.review, [decision], "a decision names its rule and its evidence");
    // A rule without words is shown by its id.
    assert_eq!(assessed.rules[1].effect, "news.adverse");
}

#[test]
fn a_mandatory_source_that_no_snapshot_names_is_missing() {
    let unknown = SourceName::from_static("procurement");
    let assessed = rulebook().assess(
        &snapshot(&[]),
        &[SourceName::from_static("sanctions"), unknown.clone()],
        Language::ENGLISH,
    );
    assert_eq!(assessed.missing, [unknown]);
    assert_eq!(assessed.level(Some(Grade::High)), RiskLevel::Undetermined);
}

#[test]
fn the_version_is_the_newest_of_the_parts() {
    assert_eq!(rulebook().rules().version(), "2026-11.10");
    assert_eq!(rulebook().rules().weight("sanctions.match"), Some((90, Grade::High)));
    // A report may come from a version that has other rules.
    assert_eq!(rulebook().rules().weight("procurement.excluded"), None);
}

#[test]
fn a_rule_that_is_defined_twice_or_cannot_apply_is_an_error() {
    assert!(
        matches!(Rules::compose([SANCTIONS, SANCTIONS]), Err(RulesError::Duplicate(id)) if id == "sanctions.match")
    );
    let empty = NEWS.replace("below = 90", "below = 50");
    assert!(matches!(Rules::compose([empty.as_str()]), Err(RulesError::Range(_))));
    let points = NEWS.replace("points = 35", "points = 101");
    assert!(matches!(Rules::compose([points.as_str()]), Err(RulesError::Range(_))));
    assert!(matches!(Rules::compose(["version = 1"]), Err(RulesError::File(_))));
}
