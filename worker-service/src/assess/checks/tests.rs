use domain::{
    evidence::{EvidenceDraft, Signal, SignalKind, SourceName, SourceOutcome, SourceStatus},
    report::Usage,
    request::ReportRequestDraft,
    time::UtcTime,
};
use serde_json::{Value, json};

use super::*;

fn snapshot(signals: Vec<Signal>) -> Snapshot {
    let at = UtcTime::from_epoch_millis(0);
    let outcome = SourceOutcome {
        source: SourceName::from_static("news"),
        status: SourceStatus::Ok,
        as_of: Some(at),
        items: 1,
    };
    let text = "The court fined Acme  5 million euros.".to_owned();
    let draft = EvidenceDraft { signals, ..EvidenceDraft::note("Acme fined", text) };
    Snapshot::freeze(vec![(outcome, vec![draft])], at)
}

fn request() -> ReportRequest {
    let draft = ReportRequestDraft {
        company_name: Some("Acme 24".into()),
        corporate_number: Some("X-9".into()),
        country: Some("AQ".into()),
        ..ReportRequestDraft::default()
    };
    draft.check().unwrap()
}

fn answer(value: Value) -> ModelAnswer {
    ModelAnswer {
        model: "m".into(),
        prompt: "p".into(),
        content: Content::Structured(value),
        stop_reason: "tool_use".into(),
        usage: Usage::default(),
        parameters: Default::default(),
        tokens: Default::default(),
        paid: None,
        first: false,
        claims: vec![],
        passed_over: vec![],
    }
}

fn check(answer: &ModelAnswer, request: &ReportRequest, snapshot: &Snapshot) -> Checked {
    let assessed = sources::rulebook().assess(snapshot, &[], request.language);
    let instructions = Instructions::find(snapshot, &request.company_name);
    Checks { request, snapshot, assessed: &assessed, instructions: &instructions }.check(answer)
}

fn valid_answer() -> Value {
    json!({
        "level": "MEDIUM",
        "summary": {"text": "Acme was fined.", "citations": ["E1"]},
        "findings": [{"category": "adverse_media", "severity": "medium", "statement": "A court fined Acme.",
            "citations": [{"evidenceId": "E1", "quote": "fined Acme 5\nmillion"}]}],
    })
}

fn checked(change: impl FnOnce(&mut Value)) -> Checked {
    let mut value = valid_answer();
    change(&mut value);
    let snapshot = snapshot(vec![Signal { kind: SignalKind::from_static("adverse_media"), strength: 80 }]);
    check(&answer(value), &request(), &snapshot)
}

fn problems(change: impl FnOnce(&mut Value)) -> Vec<String> {
    checked(change).problems.iter().map(Problem::for_model).collect()
}

#[test]
fn a_proven_answer_passes_completely() {
    let checked = checked(|_| {});
    assert_eq!(checked.problems, []);
    let opinion = checked.opinion.unwrap();
    assert_eq!((opinion.findings.len(), opinion.summary.is_some(), checked.dropped.len()), (1, true, 0));
}

#[test]
fn a_claim_without_proof_is_dropped_and_recorded() {
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 6] = [
        (
            |v| v["findings"][0]["citations"][0]["quote"] = json!("e"),
            "its quote of E1 is too short to prove anything",
        ),
        (|v| v["findings"][0]["citations"] = json!([]), "it cites no evidence"),
        (
            |v| v["findings"][0]["citations"][0]["evidenceId"] = json!("E9"),
            "it cites E9, which is no evidence",
        ),
        (
            |v| v["findings"][0]["citations"][0]["quote"] = json!("fined Acme 6 million"),
            "its quote does not stand in E1",
        ),
        (|v| v["findings"][0]["citations"][0]["quote"] = json!("  "), "it quotes nothing of E1"),
        (
            |v| v["findings"][0]["statement"] = json!("a\u{202e}b"),
            "it holds U+202E (direction control) at character 2",
        ),
    ];
    for (change, reason) in changes {
        let checked = checked(change);
        let found: Vec<String> = checked.problems.iter().map(Problem::for_model).collect();
        assert_eq!(found, [format!("finding 1: {reason}")]);
        assert_eq!(checked.dropped[0].reason, reason);
        assert!(checked.opinion.unwrap().findings.is_empty());
    }
}

#[test]
fn one_invalid_citation_among_valid_ones_drops_the_claim() {
    let bad = json!({"evidenceId": "E1", "quote": "never said"});
    let checked = checked(|v| v["findings"][0]["citations"].as_array_mut().unwrap().push(bad));
    assert_eq!(checked.dropped.len(), 1);
}

#[test]
fn a_summary_must_cite_evidence() {
    assert_eq!(problems(|v| v["summary"]["citations"] = json!([])), ["summary: it cites no evidence"]);
    let unknown = problems(|v| v["summary"]["citations"] = json!(["E1", "E7"]));
    assert_eq!(unknown, ["summary: it cites E7, which is no evidence"]);
    let long = checked(|v| v["summary"]["text"] = json!("x".repeat(3_001)));
    assert!(long.opinion.unwrap().summary.is_none());
}

#[test]
fn a_level_under_the_floor_is_a_problem() {
    let problems = problems(|v| v["level"] = json!("LOW"));
    assert_eq!(problems, ["the answer: the level Low is under the floor Medium"]);
}

#[test]
fn an_answer_that_does_not_follow_the_schema_gives_no_opinion() {
    type Change = fn(&mut Value);
    let changes: [Change; 4] = [
        |v| v["level"] = json!("SAFE"),
        |v| v["extra"] = json!(1),
        |v| *v = json!([]),
        |v| v["findings"] = json!("none"),
    ];
    for change in changes {
        let checked = checked(change);
        assert!(checked.opinion.is_none());
        assert!(checked.problems[0].for_model().starts_with("the answer: it does not follow the schema"));
    }
}

#[test]
fn prose_instead_of_the_tool_call_gives_no_opinion() {
    let snapshot = snapshot(vec![]);
    let prose = ModelAnswer {
        content: Content::Text("I cannot help.".into()),
        stop_reason: "end_turn".into(),
        ..answer(json!({}))
    };
    let checked = check(&prose, &request(), &snapshot);
    assert!(checked.opinion.is_none() && checked.problems.len() == 1);
}

#[test]
fn an_answer_that_was_cut_off_gives_no_opinion_even_if_it_looks_complete() {
    for stop_reason in ["max_tokens", "model_context_window_exceeded"] {
        let cut = ModelAnswer { stop_reason: stop_reason.into(), ..answer(valid_answer()) };
        let checked = check(&cut, &request(), &snapshot(vec![]));
        assert!(checked.opinion.is_none());
        assert_eq!(checked.problems[0].flaw, Flaw::NoAnswer { stop_reason: stop_reason.into() });
    }
}

#[test]
fn a_number_that_is_in_no_cited_evidence_is_rejected() {
    let problems = |statement: &str| problems(|value| value["findings"][0]["statement"] = json!(statement));
    for proven in
        ["A court fined Acme 5 million.", "Acme 24 was fined 05 million (E1).", "Acme was fined ５ million."]
    {
        assert_eq!(problems(proven), [""; 0], "{proven}");
    }
    for (invented, figure) in [
        ("A court fined Acme 7 million.", "7 million"),
        ("A court fined Acme 5 billion.", "5 billion"),
        ("A court fined Acme 5,000,000 in 2019.", "2019"),
    ] {
        let found = problems(invented);
        assert!(found.iter().any(|what| what.contains(&format!("it says {figure},"))), "{found:?}");
    }
    let found = problems("A court fined Acme 5 million dollars.");
    assert!(found[0].contains("in another unit or currency"), "{found:?}");
}

#[test]
fn a_finding_that_may_not_follow_from_its_evidence_is_doubted_and_not_returned_to_the_model() {
    for (untrue, why) in [
        ("A court did not fine Acme 5 million euros.", "says the opposite"),
        ("A court fined Acme because it had bribed officials.", "which nothing that it cites mentions"),
    ] {
        let checked = checked(|value| value["findings"][0]["statement"] = json!(untrue));
        assert_eq!((checked.problems.len(), checked.opinion.unwrap().findings.len()), (0, 1), "{untrue}");
        let [doubt] = checked.doubts.as_slice() else { panic!("{untrue}: {:?}", checked.doubts) };
        assert!(doubt.statement == untrue && doubt.reason.contains(why), "{doubt:?}");
    }
    assert_eq!(checked(|_| {}).doubts, []);
}

#[test]
fn a_date_that_is_in_no_cited_evidence_is_rejected() {
    let problems = |statement: &str| problems(|value| value["findings"][0]["statement"] = json!(statement));
    for date in ["March 24", "24 March 2024"] {
        let found = problems(&format!("A court fined Acme 5 million on {date}."));
        assert!(found.iter().any(|what| what.contains(&format!("it says {date},"))), "{found:?}");
    }
}

#[test]
fn a_summary_may_name_the_score_but_no_other_unproven_number() {
    let found = |text: &str| problems(|value| value["summary"]["text"] = json!(text));
    assert_eq!(found("The rules give a score of 35 of 100; Acme was fined 5 million."), [""; 0]);
    // The time at which the sources were queried is known: see `snapshot`.
    assert_eq!(found("As of 1 January 1970 one source of one was searched, and 1 piece was found."), [""; 0]);
    let unproven =
        |figure: &str| vec![format!("summary: it says {figure}, which stands in nothing that it cites")];
    assert_eq!(found("As of 2 January 1970 nothing was found."), unproven("2 January 1970"));
    assert_eq!(found("Acme was fined 8 million."), unproven("8 million"));
    assert_eq!(found("Acme was fined eight million."), unproven("eight million"));
    let in_dollars = found("Acme was fined 5 million dollars.");
    assert!(in_dollars[0].contains("another unit or currency"), "{in_dollars:?}");
}

#[test]
fn text_in_another_language_than_the_reports_is_rejected() {
    let german = "Ein Gericht in Hamburg verurteilte das Unternehmen wegen Bestechung zu einer hohen Geldstrafe, und \
        der gesamte Vorstand ist noch am selben Tag von allen seinen Ämtern zurückgetreten.";
    let found = problems(|value| value["findings"][0]["statement"] = json!(german));
    assert!(found.contains(&"finding 1: it is not written in English".to_owned()), "{found:?}");
    // Statements that are too short individually are long enough together.
    let short = "Das Unternehmen wurde wegen Bestechung zu einer hohen Geldstrafe verurteilt.";
    let found = problems(|value| {
        value["summary"]["text"] = json!(short);
        let finding = value["findings"][0].clone();
        value["findings"] = json!([finding, finding, finding]);
        for index in 0..3 {
            value["findings"][index]["statement"] = json!(short);
        }
    });
    assert_eq!(found.len(), 4, "{found:?}");
    let found = problems(|value| value["summary"]["text"] = json!("裁判所は同社に罰金を科しました。"));
    assert_eq!(found, ["summary: it is not written in English"]);
}

#[test]
fn all_flaws_of_a_claim_are_reported_and_the_first_is_the_reason_for_dropping_it() {
    let checked = checked(|value| {
        value["findings"][0]["statement"] = json!("Fined 77 million.");
        value["findings"][0]["citations"] =
            json!([{"evidenceId": "E9", "quote": "x"}, {"evidenceId": "E1", "quote": "never said"}]);
    });
    let found: Vec<Check> = checked.problems.iter().map(|problem| problem.flaw.check()).collect();
    assert_eq!(found, [Check::Citation, Check::Quote, Check::Number]);
    assert_eq!(checked.dropped[0].reason, "it cites E9, which is no evidence");
}
