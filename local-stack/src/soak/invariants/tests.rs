//! Shows that each invariant holds for a sound run and is reported as violated for a run that breaks it.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::answer_counter::{AnswerCount, AnswerCounts};
use super::super::inspect::{DailyUsage, LeftoverMessage, StoredState};
use super::super::load::{AcceptedSubmission, RejectedSubmission, Submissions, corporate_number};
use super::super::options::Options;
use super::super::process::ProcessHistory;
use super::super::run::Run;
use super::super::schedule::KillInterval;
use super::*;
use crate::fault_proxy::Plan;
use crate::stack::Options as StackOptions;

/// A finished soak of two reports: the first completed at once, the second after an interrupted attempt.
struct SoakCase {
    options: Options,
    submissions: Submissions,
    processes: Vec<ProcessHistory>,
    plan: Plan,
    model_calls: u64,
    answers: AnswerCounts,
    state: StoredState,
}

fn report_item(number: u32, attempt: u32) -> Value {
    let id = expected_id(7, number);
    json!({
        "pk": format!("R#dev#{id}"), "report_id": id, "status": "COMPLETED",
        "attempt": attempt,
        "request": {"companyName": "Penhallow Grain Ltd", "corporateNumber": corporate_number(number),
            "country": "GB", "language": "en", "purpose": null, "callbackUrl": null},
        "outcome": {"risk_level": "LOW", "risk_score": 0, "summary": "", "review": {"required": false, "reasons": []},
            "artifacts": {"json": {"key": artifact_key(number, attempt), "sha256": "aa", "bytes": 3}}},
        "usage": {"inputTokens": 1, "outputTokens": 1, "costUsd": 0.000_010, "modelCalls": 1},
        "created_at": "2026-01-05T12:00:00.000Z", "started_at": "2026-01-05T12:00:01.000Z",
        "ended_at": "2026-01-05T12:00:02.000Z",
    })
}

fn artifact_key(number: u32, attempt: u32) -> String {
    format!("reports/dev/{}/{attempt}/report.json", expected_id(7, number))
}

impl SoakCase {
    fn new() -> Self {
        let accepted = |number| AcceptedSubmission {
            number,
            ids: vec![expected_id(7, number)],
            requests: 1,
            replayed: false,
        };
        let numbers = [(0, 1), (1, 2)];
        let object = |(number, attempt)| (artifact_key(number, attempt), Ok(("aa".to_owned(), 3)));
        let answer = |(number, _)| (expected_id(7, number), ["answer-1.json".to_owned()].into());
        let state = StoredState {
            reports: numbers
                .map(|(number, attempt)| serde_json::from_value(report_item(number, attempt)).unwrap())
                .into(),
            artifacts: numbers.map(object).into(),
            journal: numbers.map(answer).into(),
            daily_usage: vec![DailyUsage { committed: 20, cost: 20, model_calls: 2, reports: 2 }],
            ..StoredState::default()
        };
        let counts = [
            (corporate_number(0), AnswerCount { answered: 2, lost: 1 }),
            (corporate_number(1), AnswerCount { answered: 2, lost: 0 }),
        ];
        Self {
            options: Options {
                stack: StackOptions { seed: 7, ..StackOptions::default() },
                reports: 2,
                apis: 1,
                workers: 1,
                backlog: 10,
                within: Duration::from_secs(1),
                kill_every: "never".parse::<KillInterval>().unwrap(),
                logs: None,
            },
            submissions: Submissions { accepted: vec![accepted(0), accepted(1)], rejected: Vec::new() },
            processes: ["api-1", "worker-1"]
                .map(|name| ProcessHistory { name: name.to_owned(), kills: 1, unexpected_ends: Vec::new() })
                .into(),
            plan: Plan::new(Vec::new(), 7),
            model_calls: 4,
            answers: counts.into(),
            state,
        }
    }

    fn violations(&self) -> Vec<&'static str> {
        let run = Run {
            options: &self.options,
            elapsed: Duration::ZERO,
            submissions: &self.submissions,
            processes: &self.processes,
            faults: &self.plan,
            model_calls: self.model_calls,
            answers: &self.answers,
            state: &self.state,
        };
        check(&run).into_iter().map(|violation| violation.invariant).collect()
    }

    /// Changes attributes of the first report.
    fn with_changes(mut self, changes: Value) -> Self {
        let mut changed = report_item(0, 1);
        let Value::Object(changes) = changes else { panic!("changes are an object") };
        changed.as_object_mut().unwrap().extend(changes);
        self.state.reports[0] = serde_json::from_value(changed).unwrap();
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn with_message(self, body: &str, dead_lettered: bool) -> Self {
        self.with(|case| {
            case.state.leftover_messages.push(LeftoverMessage { body: body.to_owned(), dead_lettered });
        })
    }
}

fn message(number: u32) -> String {
    json!({"v": 1, "tenant": "dev", "reportId": expected_id(7, number)}).to_string()
}

#[track_caller]
fn assert_violates(case: &SoakCase, expected: &str) {
    let violations = case.violations();
    assert!(violations.iter().any(|invariant| invariant.contains(expected)), "{expected}: {violations:?}");
}

#[test]
fn a_sound_run_violates_nothing() {
    assert_eq!(SoakCase::new().violations(), Vec::<&str>::new());
    let ended = SoakCase::new().with_message(&message(0), true).with_message(&message(1), false);
    assert_eq!(ended.violations(), Vec::<&str>::new(), "messages of ended reports are allowed");
    let failed = json!({"status": "FAILED", "outcome": null,
        "error": {"code": "workers_vanished", "message": "", "retryable": true}});
    assert_eq!(SoakCase::new().with_changes(failed).violations(), Vec::<&str>::new(), "FAILED is terminal");
}

#[test]
fn an_open_or_missing_report_is_a_violation() {
    assert_violates(&SoakCase::new().with_changes(json!({"status": "PROCESSING"})), "1. after a 202");
    assert_violates(&SoakCase::new().with(|case| drop(case.state.reports.pop())), "1. after a 202");
}

#[test]
fn a_submission_without_a_202_is_a_violation() {
    assert_violates(&SoakCase::new().with(|case| drop(case.submissions.accepted.pop())), "every submission");
    let rejected = RejectedSubmission { number: 0, answer: "422".to_owned() };
    assert_violates(
        &SoakCase::new().with(|case| case.submissions.rejected.push(rejected)),
        "every submission",
    );
}

#[test]
fn a_missing_or_different_artifact_is_a_violation() {
    assert_violates(&SoakCase::new().with(|case| case.state.artifacts.clear()), "4. COMPLETED");
    for object in [Err("NoSuchKey".to_owned()), Ok(("bb".to_owned(), 3)), Ok(("aa".to_owned(), 4))] {
        let case = SoakCase::new().with(|case| {
            case.state.artifacts.insert(artifact_key(0, 1), object);
        });
        assert_violates(&case, "4. COMPLETED");
    }
    assert_violates(&SoakCase::new().with_changes(json!({"outcome": null})), "4. COMPLETED");
}

#[test]
fn inconsistent_attempts_times_and_leases_are_violations() {
    for changes in [
        json!({"attempt": 0}),
        json!({"attempt": 4}),
        json!({"lease_holder": "worker"}),
        json!({"due_at": 5}),
        json!({"started_at": null}),
        json!({"ended_at": null}),
        json!({"ended_at": "2026-01-05T12:00:00.500Z"}),
        json!({"status": "CANCELLED"}),
        json!({"status": "FAILED"}),
        json!({"error": {"code": "x", "message": "", "retryable": true}}),
        // The artifacts belong to the first attempt.
        json!({"attempt": 2}),
    ] {
        assert_violates(&SoakCase::new().with_changes(changes), "are consistent");
    }
}

#[test]
fn answers_that_no_report_needed_are_violations() {
    let with_more_answers = |number, answered| {
        SoakCase::new().with(|case| {
            case.answers.get_mut(&corporate_number(number)).unwrap().answered += answered;
            case.model_calls += answered;
        })
    };
    assert_violates(&with_more_answers(0, 1), "bought twice");
    assert_violates(&with_more_answers(1, 1), "bought twice");
    assert_violates(&SoakCase::new().with(|case| case.model_calls += 1), "bought twice");
    assert_violates(&SoakCase::new().with(|case| case.processes[1].kills = 0), "bought twice");
    let unknown = AnswerCount { answered: 1, lost: 0 };
    let case = SoakCase::new().with(|case| {
        case.model_calls += 1;
        case.answers.insert("1".to_owned(), unknown);
    });
    assert_violates(&case, "bought twice");
    assert_violates(&SoakCase::new().with(|case| case.state.journal.clear()), "usage");
}

#[test]
fn messages_for_open_or_unknown_reports_are_violations() {
    for dead_lettered in [false, true] {
        assert_violates(
            &SoakCase::new()
                .with_changes(json!({"status": "PENDING"}))
                .with_message(&message(0), dead_lettered),
            "6. and 7.",
        );
        assert_violates(&SoakCase::new().with_message(&message(9), dead_lettered), "6. and 7.");
        assert_violates(&SoakCase::new().with_message("{}", dead_lettered), "6. and 7.");
    }
}

#[test]
fn two_reports_for_one_submission_are_violations() {
    let extra = serde_json::from_value(report_item(5, 1)).unwrap();
    assert_violates(&SoakCase::new().with(|case| case.state.reports.push(extra)), "8. one key");
    let again = serde_json::from_value(report_item(0, 1)).unwrap();
    assert_violates(&SoakCase::new().with(|case| case.state.reports.push(again)), "8. one key");
    assert_violates(
        &SoakCase::new().with(|case| case.submissions.accepted[0].ids.push(expected_id(7, 1))),
        "8. one key",
    );
    assert_violates(
        &SoakCase::new().with(|case| case.submissions.accepted[0].ids.push(expected_id(7, 0))),
        "8. one key",
    );
}

#[test]
fn a_process_that_ends_unexpectedly_is_a_violation() {
    assert_violates(
        &SoakCase::new().with(|case| case.processes[0].unexpected_ends.push("exit status: 101".to_owned())),
        "unexpectedly",
    );
}

#[test]
fn daily_usage_that_differs_from_the_reports_is_a_violation() {
    let sound = DailyUsage { committed: 20, cost: 20, model_calls: 2, reports: 2 };
    for wrong in [
        DailyUsage { model_calls: 1, ..sound },
        DailyUsage { model_calls: 3, ..sound },
        DailyUsage { cost: 19, ..sound },
        DailyUsage { cost: 21, committed: 21, ..sound },
        DailyUsage { reports: 1, ..sound },
        DailyUsage { committed: 10, ..sound },
    ] {
        let mut case = SoakCase::new();
        case.state.daily_usage = vec![wrong];
        assert_eq!(
            case.violations(),
            ["the tenant's daily usage equals the cost of its reports"],
            "{wrong:?}"
        );
    }
}
