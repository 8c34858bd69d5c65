//! The invariants of the lifecycle, checked on the state at the end of a soak. The checks make no requests,
//! so tests can show that each check fails for a run that violates its invariant.

use std::collections::{BTreeSet, HashMap};

use domain::identity::{IdempotencyKey, ReportId, Tenant};
use domain::lifecycle::Status;
use domain::message::ReportMessage;

use super::inspect::{DailyUsage, ReportItem};
use super::load::idempotency_key;
use super::run::Run;

/// The tenant whose key the clients use.
pub(super) const TENANT: &str = "dev";

/// A violated invariant with all its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) invariant: &'static str,
    /// Each case: a report id (or another subject) and its problem.
    pub(super) cases: Vec<(String, String)>,
}

type Reports<'a> = HashMap<&'a str, &'a ReportItem>;

/// Returns the number of answers for one report that are neither in its journal nor lost on the wire.
pub(super) fn unjournalled_answers(run: &Run<'_>, report: &ReportItem) -> u64 {
    let journalled = run.state.journal.get(&report.report_id).map_or(0, |answers| answers.len() as u64);
    let count = run.answers.get(&report.request.corporate_number.to_string()).copied().unwrap_or_default();
    count.answered.saturating_sub(journalled + count.lost)
}

/// Returns the number of interrupted attempts, each of which can have lost one answer. Every attempt counts
/// except the one that completed the report.
pub(super) fn interrupted_attempts(report: &ReportItem) -> u64 {
    u64::from(report.attempt).saturating_sub(u64::from(report.status == Status::Completed))
}

/// Returns every violated invariant. The numbers are those of the lifecycle's invariants in the design.
pub(super) fn check(run: &Run<'_>) -> Vec<Violation> {
    let reports: Reports<'_> =
        run.state.reports.iter().map(|report| (report.report_id.as_str(), report)).collect();
    let checks: [(&'static str, Vec<(String, String)>); 10] = [
        ("every submission is accepted in the end", unaccepted(run)),
        ("1. after a 202 the report reaches a terminal state", not_ended(run, &reports)),
        ("4. COMPLETED means every listed artifact exists with its SHA-256", artifacts(run)),
        ("attempts, times and leases of an ended report are consistent", inconsistent(run)),
        ("5. no model answer is bought twice, except after an interrupted attempt", paid_twice(run)),
        ("5. the report's usage equals its journal", usage(run)),
        ("the tenant's daily usage equals the cost of its reports", daily_usage(run)),
        ("6. and 7. no message remains for an open report, and each names a report", messages(run, &reports)),
        ("8. one key gives one report, and there is no other report", duplicates(run)),
        ("no process ends unexpectedly", unexpected_ends(run)),
    ];
    checks
        .into_iter()
        .filter(|(_, cases)| !cases.is_empty())
        .map(|(invariant, cases)| Violation { invariant, cases })
        .collect()
}

fn unaccepted(run: &Run<'_>) -> Vec<(String, String)> {
    let rejected = &run.submissions.rejected;
    let mut cases: Vec<_> = rejected
        .iter()
        .map(|rejection| (format!("submission {}", rejection.number), rejection.answer.clone()))
        .collect();
    let answered = run.submissions.accepted.len() + rejected.len();
    let missing = (run.options.reports as usize).saturating_sub(answered);
    if missing > 0 {
        cases.push((format!("{missing} submissions"), "no 202 arrived in time".to_owned()));
    }
    cases
}

fn not_ended(run: &Run<'_>, reports: &Reports<'_>) -> Vec<(String, String)> {
    let ids = run.submissions.accepted.iter().flat_map(|accepted| &accepted.ids);
    ids.collect::<BTreeSet<_>>()
        .into_iter()
        .filter_map(|id| match reports.get(id.as_str()) {
            None => Some((id.clone(), "it is not in the table".to_owned())),
            Some(report) if !report.status.is_terminal() => {
                let (status, attempt) = (report.status, report.attempt);
                Some((id.clone(), format!("{status}, attempt {attempt}, due at {:?}", report.due_at)))
            }
            Some(_) => None,
        })
        .collect()
}

fn artifacts(run: &Run<'_>) -> Vec<(String, String)> {
    let mut cases = Vec::new();
    for report in run.state.reports.iter().filter(|report| report.status == Status::Completed) {
        let listed = report.outcome.iter().flat_map(|outcome| &outcome.artifacts);
        let mut count = 0;
        for (kind, listed) in listed {
            count += 1;
            let problem = match run.state.artifacts.get(&listed.key) {
                None => "it was not read".to_owned(),
                Some(Err(error)) => error.clone(),
                Some(Ok((sha256, bytes))) if *sha256 == listed.sha256 && *bytes == listed.bytes => continue,
                Some(Ok((sha256, bytes))) => {
                    format!(
                        "{bytes} bytes with SHA-256 {sha256}, not {} with {}",
                        listed.bytes, listed.sha256
                    )
                }
            };
            cases.push((report.report_id.clone(), format!("{kind} at {}: {problem}", listed.key)));
        }
        if count == 0 {
            cases.push((report.report_id.clone(), "it lists no artifact".to_owned()));
        }
    }
    cases
}

fn inconsistent(run: &Run<'_>) -> Vec<(String, String)> {
    let mut cases = Vec::new();
    for report in run.state.reports.iter().filter(|report| report.status.is_terminal()) {
        let attempt_segment = format!("/{}/", report.attempt);
        let artifacts = report.outcome.iter().flat_map(|outcome| outcome.artifacts.values());
        let completed = report.status == Status::Completed;
        let problems = [
            (report.attempt == 0, "it ended without an attempt"),
            (report.lease_holder.is_some(), "a worker still holds its lease"),
            (report.due_at.is_some() || report.due_shard.is_some(), "the sweeper still considers it due"),
            (
                report.started_at.is_none_or(|started| started < report.created_at),
                "it did not start after its creation",
            ),
            (report.ended_at < report.started_at, "it did not end after its start"),
            (report.status == Status::Cancelled, "nobody cancelled it"),
            (report.status == Status::Failed && report.error.is_none(), "it failed without an error"),
            (completed && report.outcome.is_none(), "it completed without an outcome"),
            (completed && report.error.is_some(), "it completed with an error"),
            (
                artifacts.into_iter().any(|artifact| !artifact.key.contains(&attempt_segment)),
                "it lists an artifact of another attempt",
            ),
        ];
        let problems = problems.into_iter().filter(|(applies, _)| *applies);
        cases.extend(problems.map(|(_, problem)| {
            let (status, attempt) = (report.status, report.attempt);
            (report.report_id.clone(), format!("{problem} ({status}, attempt {attempt})"))
        }));
    }
    cases
}

fn paid_twice(run: &Run<'_>) -> Vec<(String, String)> {
    let mut cases: Vec<_> = run
        .state
        .reports
        .iter()
        .filter_map(|report| {
            let (answers, bound) = (unjournalled_answers(run, report), interrupted_attempts(report));
            (answers > bound).then(|| {
                let id = report.report_id.clone();
                (id, format!("{answers} answers are not in its journal, {bound} attempts were interrupted"))
            })
        })
        .collect();
    let known = corporate_numbers(run);
    for (number, count) in run.answers.iter().filter(|(number, _)| !known.contains(*number)) {
        cases.push((
            "no report".to_owned(),
            format!("{} answers about the company {number:?}, which has no report", count.answered),
        ));
    }
    // A crash loses at most one answer of each report that the worker processes. Without kills, no answer may
    // be lost.
    let answers: u64 = run.state.reports.iter().map(|report| unjournalled_answers(run, report)).sum();
    let bound = run.worker_kills() * u64::from(run.options.stack.slots);
    if answers > bound {
        let kills = run.worker_kills();
        cases.push((
            "all reports".to_owned(),
            format!(
                "{answers} answers reached a worker but no journal; {kills} kills of a worker explain at most {bound}"
            ),
        ));
    }
    let counted: u64 = run.answers.values().map(|count| count.answered).sum();
    if counted != run.model_calls {
        cases.push((
            "all reports".to_owned(),
            format!("the stand-in answered {} calls, but {counted} passed the proxy", run.model_calls),
        ));
    }
    cases
}

fn usage(run: &Run<'_>) -> Vec<(String, String)> {
    let completed = run.state.reports.iter().filter(|report| report.status == Status::Completed);
    completed
        .filter_map(|report| {
            let journalled = run.state.journal.get(&report.report_id).map_or(0, BTreeSet::len);
            (journalled != report.usage.model_calls as usize).then(|| {
                let shown = report.usage.model_calls;
                (
                    report.report_id.clone(),
                    format!("it shows {shown} model calls, its journal holds {journalled}"),
                )
            })
        })
        .collect()
}

/// Checks that the daily usage lies between two bounds. It counts all answers of completed reports. It may
/// lack answers of a failed report that are only in its journal, because no later attempt continued from it.
fn daily_usage(run: &Run<'_>) -> Vec<(String, String)> {
    #[expect(clippy::cast_possible_truncation, reason = "no soak costs 2^63 millionths of a dollar")]
    let cost_of = |report: &ReportItem| (report.usage.cost_usd * 1e6).round() as i64;
    let completed = || run.state.reports.iter().filter(|report| report.status == Status::Completed);
    let min_calls: u64 = completed().map(|report| u64::from(report.usage.model_calls)).sum();
    let max_calls: u64 = run.state.journal.values().map(|answers| answers.len() as u64).sum();
    let min_cost: i64 = completed().map(cost_of).sum();
    let days = &run.state.daily_usage;
    let sum = |count: fn(&DailyUsage) -> u64| days.iter().map(count).sum::<u64>();
    let (calls, reports) = (sum(|day| day.model_calls), sum(|day| day.reports));
    let cost: i64 = days.iter().map(|day| day.cost).sum();
    let problems = [
        (
            calls < min_calls || calls > max_calls,
            format!("{calls} calls, but {min_calls} to {max_calls} were journalled"),
        ),
        (cost < min_cost, format!("{cost} millionths of a dollar, but completed reports cost {min_cost}")),
        (
            calls == min_calls && cost != min_cost,
            format!("{cost} millionths of a dollar instead of {min_cost}"),
        ),
        (
            reports < completed().count() as u64 || reports > run.state.reports.len() as u64,
            format!("{reports} reports of {}", run.state.reports.len()),
        ),
        (days.iter().any(|day| day.committed < day.cost), "less committed than spent".to_owned()),
    ];
    let problems = problems.into_iter().filter(|(applies, _)| *applies);
    problems.map(|(_, problem)| ("all reports".to_owned(), format!("the usage shows {problem}"))).collect()
}

fn messages(run: &Run<'_>, reports: &Reports<'_>) -> Vec<(String, String)> {
    run.state
        .leftover_messages
        .iter()
        .filter_map(|leftover| {
            let queue = if leftover.dead_lettered { "the dead-letter queue" } else { "the queue" };
            let message = match ReportMessage::from_body(&leftover.body) {
                Ok(message) => message,
                Err(error) => return Some(("no report".to_owned(), format!("{queue}: {error}"))),
            };
            let id = message.report_id.to_string();
            match reports.get(id.as_str()) {
                None => Some((id, format!("{queue} has a message for it, but it is not in the table"))),
                Some(report) if !report.status.is_terminal() => {
                    let status = report.status;
                    Some((id, format!("{queue} has a message for it, and it is {status}")))
                }
                Some(_) => None,
            }
        })
        .collect()
}

fn duplicates(run: &Run<'_>) -> Vec<(String, String)> {
    let mut cases = Vec::new();
    let seed = run.options.stack.seed;
    for accepted in &run.submissions.accepted {
        let expected = expected_id(seed, accepted.number);
        for id in accepted.ids.iter().filter(|id| **id != expected) {
            cases.push((id.clone(), format!("submission {} must be report {expected}", accepted.number)));
        }
        if accepted.ids.len() > 1 && !accepted.replayed {
            cases.push((expected, "a repeated submission was not marked as a replay".to_owned()));
        }
    }
    // A submission without a 202 may still have a report, but only if the soak ran out of time.
    let submitted: BTreeSet<String> =
        (0..run.options.reports).map(|number| expected_id(seed, number)).collect();
    let mut seen = BTreeSet::new();
    for report in &run.state.reports {
        if !submitted.contains(&report.report_id) {
            cases.push((report.report_id.clone(), "nobody submitted it".to_owned()));
        }
        if report.pk != format!("R#{TENANT}#{}", report.report_id) || !seen.insert(&report.report_id) {
            cases.push((report.report_id.clone(), format!("its key in the table is {}", report.pk)));
        }
    }
    if corporate_numbers(run).len() != run.state.reports.len() {
        cases.push(("several reports".to_owned(), "two reports are about the same company".to_owned()));
    }
    cases
}

fn corporate_numbers(run: &Run<'_>) -> BTreeSet<String> {
    run.state.reports.iter().map(|report| report.request.corporate_number.to_string()).collect()
}

/// Returns the report id that the submission `number` must get. Returns an empty string, which matches no
/// report, if its idempotency key is invalid.
fn expected_id(seed: u64, number: u32) -> String {
    let (tenant, key) = (TENANT.parse::<Tenant>(), idempotency_key(seed, number).parse::<IdempotencyKey>());
    match (tenant, key) {
        (Ok(tenant), Ok(key)) => ReportId::for_idempotency_key(&tenant, &key).to_string(),
        _ => String::new(),
    }
}

fn unexpected_ends(run: &Run<'_>) -> Vec<(String, String)> {
    let ends = |process: &super::process::ProcessHistory| {
        let name = process.name.clone();
        process.unexpected_ends.clone().into_iter().map(move |end| (name.clone(), end))
    };
    run.processes.iter().flat_map(ends).collect()
}

#[cfg(test)]
mod tests;
