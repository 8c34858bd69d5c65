//! Shows that each invariant holds for a sound run and is reported as violated for a run that breaks it.

use std::time::Duration;

use domain::usage::MicroUsd;
use serde_json::{Value, json};

use super::super::load::{AcceptedSubmission, RejectedSubmission, Submissions, corporate_number};
use super::super::options::Options;
use super::super::process::ProcessHistory;
use super::super::run::Run;
use super::super::schedule::KillInterval;
use super::super::watch::Watch;
use super::*;
use crate::answer_counter::{AnswerCount, AnswerCounts};
use crate::daily_usage::DailyUsage;
use crate::fault_proxy::Plan;
use crate::inspect::{LeftoverMessage, Object, ObjectContent, StoredState};
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
    watch: Watch,
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

fn object(sha256: &str, bytes: u64, report: Option<Value>) -> Object {
    let report = report.map(|content| serde_json::from_value(content).map_err(|error| error.to_string()));
    Ok(ObjectContent { sha256: sha256.to_owned(), bytes, report })
}

/// The JSON artifact of a report, whose evidence was retrieved a quarter of a second after its submission.
fn content(number: u32) -> Value {
    json!({
        "reportId": expected_id(7, number), "company": report_item(number, 1)["request"],
        "sources": [{"source": "news", "status": "ok"}],
        "evidence": [{"id": "E1", "source": "news", "retrievedAt": "2026-01-05T12:00:00.250Z"}],
    })
}

impl SoakCase {
    fn new() -> Self {
        let accepted = |number| AcceptedSubmission {
            number,
            ids: vec![expected_id(7, number)],
            requests: 1,
            replayed: false,
            conflict: None,
        };
        let numbers = [(0, 1), (1, 2)];
        let artifact =
            |(number, attempt)| (artifact_key(number, attempt), object("aa", 3, Some(content(number))));
        let answer = |(number, _)| (expected_id(7, number), ["answer-1.json".to_owned()].into());
        let state = StoredState {
            reports: numbers
                .map(|(number, attempt)| serde_json::from_value(report_item(number, attempt)).unwrap())
                .into(),
            artifacts: numbers.map(artifact).into(),
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
            watch: Watch::default(),
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
            watch: &self.watch,
            deadline: Duration::from_secs(60),
            evidence_max_age: Duration::from_secs(600),
            tenant_day_budget: MicroUsd::new(100),
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

    /// Replaces the JSON artifact of the first report.
    fn with_content(self, change: impl FnOnce(&mut Value)) -> Self {
        let mut content = content(0);
        change(&mut content);
        self.with(|case| {
            case.state.artifacts.insert(artifact_key(0, 1), object("aa", 3, Some(content)));
        })
    }

    /// Looks at the first report with each of the `states` in turn.
    fn with_looks(self, states: &[Value]) -> Self {
        self.with(|case| {
            for state in states {
                let mut look = json!({"report_id": expected_id(7, 0), "attempt": 1, "due_at": 5});
                look.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
                case.watch.record(vec![serde_json::from_value(look).unwrap()]);
            }
        })
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
        "ended_at": "2026-01-05T12:01:00.000Z",
        "error": {"code": "workers_vanished", "message": "", "retryable": true}});
    assert_eq!(
        SoakCase::new().with_changes(failed).violations(),
        Vec::<&str>::new(),
        "a report may fail at its deadline"
    );
}

#[test]
fn an_open_or_missing_report_is_a_violation() {
    assert_violates(&SoakCase::new().with_changes(json!({"status": "PROCESSING"})), "1. After a 202");
    assert_violates(&SoakCase::new().with(|case| drop(case.state.reports.pop())), "1. After a 202");
}

#[test]
fn a_submission_without_a_202_is_a_violation() {
    assert_violates(&SoakCase::new().with(|case| drop(case.submissions.accepted.pop())), "Every submission");
    let rejected = RejectedSubmission { number: 0, answer: "422".to_owned() };
    assert_violates(
        &SoakCase::new().with(|case| case.submissions.rejected.push(rejected)),
        "Every submission",
    );
}

#[test]
fn a_missing_or_different_artifact_is_a_violation() {
    assert_violates(&SoakCase::new().with(|case| case.state.artifacts.clear()), "4. COMPLETED");
    for object in [Err("NoSuchKey".to_owned()), object("bb", 3, None), object("aa", 4, None)] {
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
        json!({"due_at": 5}),
        json!({"started_at": null}),
        json!({"ended_at": null}),
        json!({"ended_at": "2026-01-05T12:00:00.500Z"}),
        json!({"status": "CANCELLED"}),
        json!({"status": "FAILED"}),
        json!({"error": {"code": "x", "message": "", "retryable": true}}),
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
    assert_violates(&with_more_answers(0, 1), "5. The model calls");
    assert_violates(&with_more_answers(1, 1), "5. The model calls");
    assert_violates(&SoakCase::new().with(|case| case.model_calls += 1), "5. The model calls");
    assert_violates(&SoakCase::new().with(|case| case.processes[1].kills = 0), "5. The model calls");
    let unknown = AnswerCount { answered: 1, lost: 0 };
    let case = SoakCase::new().with(|case| {
        case.model_calls += 1;
        case.answers.insert("1".to_owned(), unknown);
    });
    assert_violates(&case, "5. The model calls");
    assert_violates(&SoakCase::new().with(|case| case.state.journal.clear()), "5. The model calls");
}

#[test]
fn a_terminal_state_that_changes_is_a_violation() {
    let completed = json!({"status": "COMPLETED", "ended_at": "2026-01-05T12:00:02.000Z"});
    let sound =
        SoakCase::new().with_looks(&[json!({"status": "PENDING"}), completed.clone(), completed.clone()]);
    assert_eq!(sound.violations(), Vec::<&str>::new());
    for later in [
        json!({"status": "PROCESSING"}),
        json!({"status": "FAILED", "ended_at": "2026-01-05T12:00:02.000Z"}),
        json!({"status": "COMPLETED", "ended_at": "2026-01-05T12:00:03.000Z"}),
        json!({"status": "COMPLETED", "ended_at": "2026-01-05T12:00:02.000Z", "attempt": 2}),
    ] {
        assert_violates(&SoakCase::new().with_looks(&[completed.clone(), later]), "2. A terminal state");
    }
}

#[test]
fn a_change_without_the_current_lease_is_a_violation() {
    assert_violates(&SoakCase::new().with_changes(json!({"lease_holder": "worker"})), "3. A worker");
    // The artifacts belong to the first attempt.
    assert_violates(&SoakCase::new().with_changes(json!({"attempt": 2})), "3. A worker");
    let back = [json!({"status": "PROCESSING", "attempt": 2}), json!({"status": "PROCESSING", "attempt": 1})];
    assert_violates(&SoakCase::new().with_looks(&back), "3. A worker");
}

#[test]
fn an_open_report_that_nothing_will_look_at_is_a_violation() {
    for status in ["PENDING", "PROCESSING"] {
        let unpromised = [json!({"status": status, "due_at": null})];
        assert_violates(&SoakCase::new().with_looks(&unpromised), "6. A message");
        let open = SoakCase::new().with_changes(json!({"status": status}));
        assert_violates(&open.with_message(&message(0), true), "6. A message");
    }
}

#[test]
fn a_report_that_fails_before_its_deadline_is_a_violation() {
    let failed = |ended_at: &str| {
        SoakCase::new().with_changes(json!({"status": "FAILED", "outcome": null, "ended_at": ended_at,
            "error": {"code": "throttled", "message": "", "retryable": true}}))
    };
    assert_violates(&failed("2026-01-05T12:00:59.999Z"), "7. Waiting");
    assert_eq!(failed("2026-01-05T12:01:00.000Z").violations(), Vec::<&str>::new());
}

#[test]
fn evidence_of_another_submission_or_company_is_a_violation() {
    let retrieved = |status: &'static str, at: &'static str| {
        SoakCase::new().with_content(|content| {
            content["sources"][0]["status"] = json!(status);
            content["evidence"][0]["retrievedAt"] = json!(at);
        })
    };
    assert_violates(&retrieved("ok", "2026-01-05T11:59:59.999Z"), "9. Everything");
    assert_violates(&retrieved("stale", "2026-01-05T11:49:59.000Z"), "9. Everything");
    assert_violates(&retrieved("ok", "2026-01-05T12:00:02.001Z"), "9. Everything");
    assert_eq!(retrieved("stale", "2026-01-05T11:50:01.000Z").violations(), Vec::<&str>::new());
    for (pointer, value) in
        [("/reportId", expected_id(7, 1)), ("/company/corporateNumber", corporate_number(1))]
    {
        let other =
            SoakCase::new().with_content(|content| *content.pointer_mut(pointer).unwrap() = json!(value));
        assert_violates(&other, "9. Everything");
    }
    let unreadable = SoakCase::new().with_content(|content| *content = json!({}));
    assert_violates(&unreadable, "9. Everything");
    let missing = SoakCase::new().with(|case| {
        case.state.artifacts.insert(artifact_key(0, 1), object("aa", 3, None));
    });
    assert_violates(&missing, "9. Everything");
}

#[test]
fn messages_that_name_no_report_are_violations() {
    for dead_lettered in [false, true] {
        assert_violates(&SoakCase::new().with_message(&message(9), dead_lettered), "Each message");
        assert_violates(&SoakCase::new().with_message("{}", dead_lettered), "Each message");
    }
}

#[test]
fn every_invariant_is_documented_and_has_a_check() {
    let document = include_str!("../../../../docs/ARCHITECTURE.md");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let document = words(document);
    for (number, invariant) in (1..).zip(INVARIANTS) {
        assert!(invariant.starts_with(&format!("{number}. ")), "{invariant}");
        assert!(document.contains(&words(invariant)), "docs/ARCHITECTURE.md lacks: {invariant}");
    }
}

#[test]
fn two_reports_for_one_submission_are_violations() {
    let extra = serde_json::from_value(report_item(5, 1)).unwrap();
    assert_violates(&SoakCase::new().with(|case| case.state.reports.push(extra)), "8. The same tenant");
    let again = serde_json::from_value(report_item(0, 1)).unwrap();
    assert_violates(&SoakCase::new().with(|case| case.state.reports.push(again)), "8. The same tenant");
    assert_violates(
        &SoakCase::new().with(|case| case.submissions.accepted[0].ids.push(expected_id(7, 1))),
        "8. The same tenant",
    );
    assert_violates(
        &SoakCase::new().with(|case| case.submissions.accepted[0].ids.push(expected_id(7, 0))),
        "8. The same tenant",
    );
    let conflict = |status| SoakCase::new().with(|case| case.submissions.accepted[0].conflict = Some(status));
    assert_violates(&conflict(StatusCode::ACCEPTED), "8. The same tenant");
    assert_eq!(conflict(StatusCode::UNPROCESSABLE_ENTITY).violations(), Vec::<&str>::new());
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
        DailyUsage { committed: 101, ..sound },
    ] {
        let mut case = SoakCase::new();
        case.state.daily_usage = vec![wrong];
        assert_eq!(
            case.violations(),
            ["The tenant's daily usage equals the cost of its reports."],
            "{wrong:?}"
        );
    }
}
