//! The invariants of the lifecycle, checked on the state at the end of a soak. The checks make no requests,
//! so tests can show that each check fails for a run that violates its invariant.

mod payment;
mod stored;

use std::collections::{BTreeSet, HashMap};

use domain::identity::{IdempotencyKey, ReportId, Tenant};
use domain::message::ReportMessage;
use reqwest::StatusCode;

use super::load::idempotency_key;
use super::run::Run;
use crate::inspect::ReportItem;
pub(super) use payment::unjournalled_answers;

/// The tenant whose key the clients use.
pub(super) const TENANT: &str = "dev";

/// The invariants of the lifecycle. `docs/ARCHITECTURE.md` lists them with the same numbers and words.
const INVARIANTS: [&str; 9] = [
    "1. After a 202 the report reaches a terminal state while any worker runs, wherever a process was killed and whatever message was lost or repeated.",
    "2. A terminal state changes only by `resubmit`.",
    "3. A worker without the current lease changes nothing.",
    "4. COMPLETED means that every listed artifact exists and has the recorded SHA-256.",
    "5. The model calls of a report are at most the answers that it needs and one for each interruption between a call and its journal entry.",
    "6. A message is deleted only after a terminal state, or another durable promise to look at the report again, is recorded.",
    "7. Waiting for a quota, a share, a throttled model or a back-off never fails a report before its deadline.",
    "8. The same tenant and `Idempotency-Key` give the same report while it is kept; another body under that key is refused.",
    "9. Everything in a report was gathered for that submission, and is no older than the configured maximum age.",
];

/// A violated invariant with all its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) invariant: &'static str,
    pub(super) cases: Cases,
}

/// The cases of one violation: a report id, or another subject, and its problem.
type Cases = Vec<(String, String)>;

type Reports<'a> = HashMap<&'a str, &'a ReportItem>;

/// Returns every violated invariant: those of the lifecycle, and what else must hold in a soak.
pub(super) fn check(run: &Run<'_>) -> Vec<Violation> {
    let reports: Reports<'_> =
        run.state.reports.iter().map(|report| (report.report_id.as_str(), report)).collect();
    let [ends, terminal, lease, artifacts, calls, messages, deadline, key, evidence] = INVARIANTS;
    let checks: [(&'static str, Cases); 14] = [
        ("Every submission is accepted in the end.", unaccepted(run)),
        (ends, not_ended(run, &reports)),
        (terminal, changed_ends(run)),
        (lease, stored::foreign_changes(run)),
        (artifacts, stored::artifacts(run)),
        (calls, [payment::paid_twice(run), payment::usage(run)].concat()),
        (messages, broken_promises(run, &reports)),
        (deadline, failed_early(run)),
        (key, duplicates(run)),
        (evidence, stored::foreign_evidence(run)),
        ("Attempts, times and leases of an ended report are consistent.", stored::inconsistent(run)),
        ("The tenant's daily usage equals the cost of its reports.", payment::daily_usage(run)),
        ("Each message in a queue names a report.", unknown_messages(run, &reports)),
        ("No process ends unexpectedly.", unexpected_ends(run)),
    ];
    checks
        .into_iter()
        .filter(|(_, cases)| !cases.is_empty())
        .map(|(invariant, cases)| Violation { invariant, cases })
        .collect()
}

fn unaccepted(run: &Run<'_>) -> Cases {
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

fn not_ended(run: &Run<'_>, reports: &Reports<'_>) -> Cases {
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

/// Compares every look at an ended report with the later ones. Nobody resubmits a report in a soak.
fn changed_ends(run: &Run<'_>) -> Cases {
    run.watch.changed_ends.iter().map(|(id, change)| (id.clone(), format!("it changed {change}"))).collect()
}

/// Finds open reports that nothing promises to look at: those without a time at which the sweeper looks at them,
/// and those whose message is in the dead-letter queue.
fn broken_promises(run: &Run<'_>, reports: &Reports<'_>) -> Cases {
    let unpromised = run.watch.without_promise.iter().map(|(id, problem)| (id.clone(), problem.clone()));
    let dead_letters = messages(run).filter_map(|(message, queue, dead_lettered)| {
        let id = message.ok()?.report_id.to_string();
        let report = reports.get(id.as_str())?;
        let status = report.status;
        (dead_lettered && !status.is_terminal())
            .then(|| (id, format!("{queue} has its message, and it is {status}")))
    });
    unpromised.chain(dead_letters).collect()
}

fn unknown_messages(run: &Run<'_>, reports: &Reports<'_>) -> Cases {
    messages(run)
        .filter_map(|(message, queue, _)| match message {
            Err(error) => Some(("no report".to_owned(), format!("{queue}: {error}"))),
            Ok(message) => {
                let id = message.report_id.to_string();
                let unknown = !reports.contains_key(id.as_str());
                unknown.then(|| (id, format!("{queue} has a message for it, but it is not in the table")))
            }
        })
        .collect()
}

/// Parses every message that is left, with the name of its queue and whether that is the dead-letter queue.
fn messages(run: &Run<'_>) -> impl Iterator<Item = (Result<ReportMessage, String>, &'static str, bool)> {
    run.state.leftover_messages.iter().map(|leftover| {
        let queue = if leftover.dead_lettered { "the dead-letter queue" } else { "the queue" };
        let message = ReportMessage::from_body(&leftover.body).map_err(|error| error.to_string());
        (message, queue, leftover.dead_lettered)
    })
}

/// Finds reports that failed before their deadline. Nothing in a soak is a permanent error.
fn failed_early(run: &Run<'_>) -> Cases {
    let failed = run.state.reports.iter().filter(|report| report.failed_before(run.deadline));
    failed
        .map(|report| {
            let code = report.error.as_ref().map_or("no error", |error| error.code.as_str());
            (report.report_id.clone(), format!("it failed in attempt {} with {code}", report.attempt))
        })
        .collect()
}

fn duplicates(run: &Run<'_>) -> Cases {
    let mut cases = Vec::new();
    let seed = run.options.stack.seed;
    for accepted in &run.submissions.accepted {
        let expected = expected_id(seed, accepted.number);
        for id in accepted.ids.iter().filter(|id| **id != expected) {
            cases.push((id.clone(), format!("submission {} must be report {expected}", accepted.number)));
        }
        if accepted.ids.len() > 1 && !accepted.replayed {
            cases.push((expected.clone(), "a repeated submission was not marked as a replay".to_owned()));
        }
        if let Some(status) = accepted.conflict.filter(|status| *status != StatusCode::UNPROCESSABLE_ENTITY) {
            cases.push((expected, format!("another body under its key was answered with {status}")));
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
    run.state.reports.iter().filter_map(|report| report.request.corporate_number.clone()).collect()
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

fn unexpected_ends(run: &Run<'_>) -> Cases {
    let ends = |process: &super::process::ProcessHistory| {
        let name = process.name.clone();
        process.unexpected_ends.clone().into_iter().map(move |end| (name.clone(), end))
    };
    run.processes.iter().flat_map(ends).collect()
}

#[cfg(test)]
mod tests;
