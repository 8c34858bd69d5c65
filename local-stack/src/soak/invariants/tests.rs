//! Each invariant holds for a sound run, and is the one that breaks when what it is about is broken.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::clients::{Accepted, Rejected, Submissions, corporate_number};
use super::super::inspect::{Book, Found, Left};
use super::super::ledger::{Tallies, Tally};
use super::super::process::Life;
use super::super::summary::Run;
use super::super::{KillEvery, Options};
use super::*;
use crate::fault_proxy::Plan;
use crate::stack::Options as StackOptions;

/// A run of two reports: the first was completed at once, the second after an attempt that was cut short.
struct World {
    options: Options,
    accepted: Submissions,
    lives: Vec<Life>,
    plan: Plan,
    answered: u64,
    ledger: Tallies,
    found: Found,
}

fn row(number: u32, attempt: u32) -> Value {
    let id = id_of(7, number);
    json!({
        "pk": format!("R#dev#{id}"), "report_id": id, "status": "COMPLETED",
        "attempt": attempt, "attempts_allowed": 3,
        "request": {"companyName": "Penhallow Grain Ltd", "corporateNumber": corporate_number(number),
            "country": "GB", "language": "en", "purpose": null, "callbackUrl": null},
        "outcome": {"risk_level": "LOW", "risk_score": 0, "summary": "", "review": {"required": false, "reasons": []},
            "artifacts": {"json": {"key": key_of(number, attempt), "sha256": "aa", "bytes": 3}}},
        "usage": {"inputTokens": 1, "outputTokens": 1, "costUsd": 0.000_010, "modelCalls": 1},
        "created_at": "2026-01-05T12:00:00.000Z", "started_at": "2026-01-05T12:00:01.000Z",
        "ended_at": "2026-01-05T12:00:02.000Z",
    })
}

fn key_of(number: u32, attempt: u32) -> String {
    format!("reports/dev/{}/{attempt}/report.json", id_of(7, number))
}

impl World {
    fn new() -> Self {
        let accepted =
            |number| Accepted { number, ids: vec![id_of(7, number)], requests: 1, replayed: false };
        let numbers = [(0, 1), (1, 2)];
        let object = |(number, attempt)| (key_of(number, attempt), Ok(("aa".to_owned(), 3)));
        let answer = |(number, _)| (id_of(7, number), ["answer-1.json".to_owned()].into());
        let found = Found {
            rows: numbers
                .map(|(number, attempt)| serde_json::from_value(row(number, attempt)).unwrap())
                .into(),
            artifacts: numbers.map(object).into(),
            journal: numbers.map(answer).into(),
            books: vec![Book { committed: 20, cost: 20, model_calls: 2, reports: 2 }],
            ..Found::default()
        };
        let tallies = [
            (corporate_number(0), Tally { answered: 2, lost: 1 }),
            (corporate_number(1), Tally { answered: 2, lost: 0 }),
        ];
        Self {
            options: Options {
                stack: StackOptions { seed: 7, ..StackOptions::default() },
                reports: 2,
                apis: 1,
                workers: 1,
                backlog: 10,
                within: Duration::from_secs(1),
                kill_every: "never".parse::<KillEvery>().unwrap(),
                logs: None,
            },
            accepted: Submissions { accepted: vec![accepted(0), accepted(1)], refused: Vec::new() },
            lives: ["api-1", "worker-1"]
                .map(|name| Life { name: name.to_owned(), kills: 1, ends: Vec::new() })
                .into(),
            plan: Plan::new(Vec::new(), 7),
            answered: 4,
            ledger: tallies.into(),
            found,
        }
    }

    fn broken(&self) -> Vec<&'static str> {
        let run = Run {
            options: &self.options,
            took: Duration::ZERO,
            accepted: &self.accepted,
            lives: &self.lives,
            rig: &self.plan,
            answered: self.answered,
            ledger: &self.ledger,
            found: &self.found,
        };
        check(&run).into_iter().map(|broken| broken.invariant).collect()
    }

    /// Changes the row of the first report.
    fn with_row(mut self, changes: Value) -> Self {
        let mut changed = row(0, 1);
        let Value::Object(changes) = changes else { panic!("changes are an object") };
        changed.as_object_mut().unwrap().extend(changes);
        self.found.rows[0] = serde_json::from_value(changed).unwrap();
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn with_message(self, body: &str, dead: bool) -> Self {
        self.with(|world| world.found.left.push(Left { body: body.to_owned(), dead }))
    }
}

fn message(number: u32) -> String {
    json!({"v": 1, "tenant": "dev", "reportId": id_of(7, number)}).to_string()
}

#[track_caller]
fn breaks(world: &World, words: &str) {
    let broken = world.broken();
    assert!(broken.iter().any(|invariant| invariant.contains(words)), "{words}: {broken:?}");
}

#[test]
fn a_sound_run_breaks_nothing() {
    assert_eq!(World::new().broken(), Vec::<&str>::new());
    let ended = World::new().with_message(&message(0), true).with_message(&message(1), false);
    assert_eq!(ended.broken(), Vec::<&str>::new(), "messages of ended reports change nothing");
    let failed = json!({"status": "FAILED", "outcome": null,
        "error": {"code": "workers_vanished", "message": "", "retryable": true}});
    assert_eq!(World::new().with_row(failed).broken(), Vec::<&str>::new(), "FAILED is an end");
}

#[test]
fn a_report_that_is_open_or_gone_is_found() {
    breaks(&World::new().with_row(json!({"status": "PROCESSING"})), "1. after a 202");
    breaks(&World::new().with(|world| drop(world.found.rows.pop())), "1. after a 202");
}

#[test]
fn a_submission_without_a_202_is_found() {
    breaks(&World::new().with(|world| drop(world.accepted.accepted.pop())), "every submission");
    let refused = Rejected { number: 0, answer: "422".to_owned() };
    breaks(&World::new().with(|world| world.accepted.refused.push(refused)), "every submission");
}

#[test]
fn an_artifact_that_is_missing_or_another_is_found() {
    breaks(&World::new().with(|world| world.found.artifacts.clear()), "4. COMPLETED");
    for object in [Err("NoSuchKey".to_owned()), Ok(("bb".to_owned(), 3)), Ok(("aa".to_owned(), 4))] {
        let world = World::new().with(|world| {
            world.found.artifacts.insert(key_of(0, 1), object);
        });
        breaks(&world, "4. COMPLETED");
    }
    breaks(&World::new().with_row(json!({"outcome": null})), "4. COMPLETED");
}

#[test]
fn attempts_times_and_leases_that_make_no_sense_are_found() {
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
        // The artifacts are those of the first attempt.
        json!({"attempt": 2}),
    ] {
        breaks(&World::new().with_row(changes), "make sense");
    }
}

#[test]
fn answers_that_were_bought_without_need_are_found() {
    let bought = |number, answered| {
        World::new().with(|world| {
            world.ledger.get_mut(&corporate_number(number)).unwrap().answered += answered;
            world.answered += answered;
        })
    };
    breaks(&bought(0, 1), "bought twice");
    breaks(&bought(1, 1), "bought twice");
    breaks(&World::new().with(|world| world.answered += 1), "bought twice");
    breaks(&World::new().with(|world| world.lives[1].kills = 0), "bought twice");
    let strange = Tally { answered: 1, lost: 0 };
    let world = World::new().with(|world| {
        world.answered += 1;
        world.ledger.insert("1".to_owned(), strange);
    });
    breaks(&world, "bought twice");
    breaks(&World::new().with(|world| world.found.journal.clear()), "usage");
}

#[test]
fn messages_for_open_or_unknown_reports_are_found() {
    for dead in [false, true] {
        breaks(
            &World::new().with_row(json!({"status": "PENDING"})).with_message(&message(0), dead),
            "6. and 7.",
        );
        breaks(&World::new().with_message(&message(9), dead), "6. and 7.");
        breaks(&World::new().with_message("{}", dead), "6. and 7.");
    }
}

#[test]
fn two_reports_for_one_submission_are_found() {
    let extra = serde_json::from_value(row(5, 1)).unwrap();
    breaks(&World::new().with(|world| world.found.rows.push(extra)), "8. one key");
    let again = serde_json::from_value(row(0, 1)).unwrap();
    breaks(&World::new().with(|world| world.found.rows.push(again)), "8. one key");
    breaks(&World::new().with(|world| world.accepted.accepted[0].ids.push(id_of(7, 1))), "8. one key");
    breaks(&World::new().with(|world| world.accepted.accepted[0].ids.push(id_of(7, 0))), "8. one key");
}

#[test]
fn a_process_that_ends_by_itself_is_found() {
    breaks(&World::new().with(|world| world.lives[0].ends.push("exit status: 101".to_owned())), "by itself");
}

#[test]
fn books_that_lack_or_invent_something_are_found() {
    let sound = Book { committed: 20, cost: 20, model_calls: 2, reports: 2 };
    for wrong in [
        Book { model_calls: 1, ..sound },
        Book { model_calls: 3, ..sound },
        Book { cost: 19, ..sound },
        Book { cost: 21, committed: 21, ..sound },
        Book { reports: 1, ..sound },
        Book { committed: 10, ..sound },
    ] {
        let mut world = World::new();
        world.found.books = vec![wrong];
        assert_eq!(world.broken(), ["the books of the tenant hold what its reports cost"], "{wrong:?}");
    }
}
