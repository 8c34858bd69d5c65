//! The invariants of the lifecycle, over what was found at the end. Nothing here asks anybody: it can be shown that
//! each check fails when what it is about is broken.

use std::collections::{BTreeSet, HashMap};

use domain::identity::{IdempotencyKey, ReportId, Tenant};
use domain::lifecycle::Status;
use domain::message::ReportMessage;

use super::clients::key;
use super::inspect::{Book, Row};
use super::summary::Run;

/// The tenant whose key the clients have.
pub(super) const TENANT: &str = "dev";

/// An invariant that does not hold, with every report that breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) invariant: &'static str,
    /// Report id and what is wrong with it.
    pub(super) cases: Vec<(String, String)>,
}

/// Answers that were given for one report beyond those that its journal holds and that the wire lost.
pub(super) fn bought_again(run: &Run<'_>, row: &Row) -> u64 {
    let journalled = run.found.journal.get(&row.report_id).map_or(0, |answers| answers.len() as u64);
    let tally = run.ledger.get(&row.request.corporate_number.to_string()).copied().unwrap_or_default();
    tally.answered.saturating_sub(journalled + tally.lost)
}

/// Attempts of a report that could each have lost one answer: all but the one that completed it.
pub(super) fn attempts_cut_short(row: &Row) -> u64 {
    u64::from(row.attempt).saturating_sub(u64::from(row.status == Status::Completed))
}

/// Every invariant that is broken.
pub(super) fn check(run: &Run<'_>) -> Vec<Broken> {
    let rows: HashMap<&str, &Row> = run.found.rows.iter().map(|row| (row.report_id.as_str(), row)).collect();
    let checks: [(&'static str, Vec<(String, String)>); 10] = [
        ("every submission is accepted in the end", refused(run)),
        ("1. after a 202 the report reaches a terminal state", not_ended(run, &rows)),
        ("4. COMPLETED means every listed artifact exists with its SHA-256", artifacts(run)),
        ("attempts, times and leases of an ended report make sense", senseless(run)),
        ("5. no answer of the model is bought twice but for an attempt that was cut short", paid_twice(run)),
        ("5. the report's usage is what its journal holds", usage(run)),
        ("the books of the tenant hold what its reports cost", books(run)),
        ("6. and 7. no message is left for an open report, and each names a report", messages(run, &rows)),
        ("8. one key gives one report, and there is no other report", duplicates(run)),
        ("no process ends by itself", ends(run)),
    ];
    checks
        .into_iter()
        .filter(|(_, cases)| !cases.is_empty())
        .map(|(invariant, cases)| Broken { invariant, cases })
        .collect()
}

fn refused(run: &Run<'_>) -> Vec<(String, String)> {
    let mut cases: Vec<_> = run
        .accepted
        .refused
        .iter()
        .map(|refused| (format!("submission {}", refused.number), refused.answer.clone()))
        .collect();
    let answered = run.accepted.accepted.len() + run.accepted.refused.len();
    let missing = (run.options.reports as usize).saturating_sub(answered);
    if missing > 0 {
        cases.push((format!("{missing} submissions"), "no 202 was seen in time".to_owned()));
    }
    cases
}

fn not_ended(run: &Run<'_>, rows: &HashMap<&str, &Row>) -> Vec<(String, String)> {
    let ids = run.accepted.accepted.iter().flat_map(|accepted| &accepted.ids);
    ids.collect::<BTreeSet<_>>()
        .into_iter()
        .filter_map(|id| match rows.get(id.as_str()) {
            None => Some((id.clone(), "it is not in the table".to_owned())),
            Some(row) if !row.status.is_terminal() => {
                let (status, attempt, allowed) = (row.status, row.attempt, row.attempts_allowed);
                Some((
                    id.clone(),
                    format!("{status}, attempt {attempt} of {allowed}, due at {:?}", row.due_at),
                ))
            }
            Some(_) => None,
        })
        .collect()
}

fn artifacts(run: &Run<'_>) -> Vec<(String, String)> {
    let mut cases = Vec::new();
    for row in run.found.rows.iter().filter(|row| row.status == Status::Completed) {
        let listed = row.outcome.iter().flat_map(|outcome| &outcome.artifacts);
        let mut count = 0;
        for (kind, stored) in listed {
            count += 1;
            let problem = match run.found.artifacts.get(&stored.key) {
                None => "it was not read".to_owned(),
                Some(Err(error)) => error.clone(),
                Some(Ok((sha256, bytes))) if *sha256 == stored.sha256 && *bytes == stored.bytes => continue,
                Some(Ok((sha256, bytes))) => {
                    format!(
                        "{bytes} bytes with SHA-256 {sha256}, not {} with {}",
                        stored.bytes, stored.sha256
                    )
                }
            };
            cases.push((row.report_id.clone(), format!("{kind} at {}: {problem}", stored.key)));
        }
        if count == 0 {
            cases.push((row.report_id.clone(), "no artifact is listed".to_owned()));
        }
    }
    cases
}

fn senseless(run: &Run<'_>) -> Vec<(String, String)> {
    let mut cases = Vec::new();
    for row in run.found.rows.iter().filter(|row| row.status.is_terminal()) {
        let attempt = format!("/{}/", row.attempt);
        let stored = row.outcome.iter().flat_map(|outcome| outcome.artifacts.values());
        let completed = row.status == Status::Completed;
        let problems = [
            (row.attempt == 0, "it ended without an attempt"),
            (row.attempt > row.attempts_allowed, "it had more attempts than it was allowed"),
            (row.lease_holder.is_some(), "a worker still holds its lease"),
            (row.due_at.is_some() || row.due_shard.is_some(), "the sweeper still waits for it"),
            (
                row.started_at.is_none_or(|started| started < row.created_at),
                "it did not start after its creation",
            ),
            (row.ended_at < row.started_at, "it did not end after its start"),
            (row.status == Status::Cancelled, "nobody cancelled it"),
            (row.status == Status::Failed && row.error.is_none(), "it failed without saying why"),
            (completed && row.outcome.is_none(), "it completed without a verdict"),
            (completed && row.error.is_some(), "it completed and shows an error"),
            (
                stored.into_iter().any(|stored| !stored.key.contains(&attempt)),
                "it lists an artifact of another attempt",
            ),
        ];
        let problems = problems.into_iter().filter(|(wrong, _)| *wrong);
        cases.extend(problems.map(|(_, problem)| {
            let (status, attempt, allowed) = (row.status, row.attempt, row.attempts_allowed);
            (row.report_id.clone(), format!("{problem} ({status}, attempt {attempt} of {allowed})"))
        }));
    }
    cases
}

fn paid_twice(run: &Run<'_>) -> Vec<(String, String)> {
    let mut cases: Vec<_> = run
        .found
        .rows
        .iter()
        .filter_map(|row| {
            let (again, bound) = (bought_again(run, row), attempts_cut_short(row));
            (again > bound).then(|| {
                let id = row.report_id.clone();
                (id, format!("{again} answers beyond its journal, {bound} attempts were cut short"))
            })
        })
        .collect();
    let known: BTreeSet<String> =
        run.found.rows.iter().map(|row| row.request.corporate_number.to_string()).collect();
    for (number, tally) in run.ledger.iter().filter(|(number, _)| !known.contains(*number)) {
        cases.push((
            "no report".to_owned(),
            format!("{} answers about the company {number:?}, which no report is about", tally.answered),
        ));
    }
    // A crash loses at most one answer of each report that the worker has in work. Without kills nothing may be lost.
    let again: u64 = run.found.rows.iter().map(|row| bought_again(run, row)).sum();
    let bound = run.worker_kills() * u64::from(run.options.stack.workers);
    if again > bound {
        let kills = run.worker_kills();
        cases.push((
            "all reports".to_owned(),
            format!(
                "{again} answers reached a worker and no journal, {kills} kills of a worker explain {bound}"
            ),
        ));
    }
    let counted: u64 = run.ledger.values().map(|tally| tally.answered).sum();
    if counted != run.answered {
        cases.push((
            "all reports".to_owned(),
            format!("the stand-in answered {} calls, {counted} of them were seen on the wire", run.answered),
        ));
    }
    cases
}

fn usage(run: &Run<'_>) -> Vec<(String, String)> {
    let completed = run.found.rows.iter().filter(|row| row.status == Status::Completed);
    completed
        .filter_map(|row| {
            let journalled = run.found.journal.get(&row.report_id).map_or(0, BTreeSet::len);
            (journalled != row.usage.model_calls as usize).then(|| {
                let shown = row.usage.model_calls;
                (
                    row.report_id.clone(),
                    format!("it shows {shown} model calls, its journal holds {journalled}"),
                )
            })
        })
        .collect()
}

/// A completed report's answers are all on the books; those of a failed one may end in its journal, where nobody went
/// on from it.
fn books(run: &Run<'_>) -> Vec<(String, String)> {
    #[expect(clippy::cast_possible_truncation, reason = "no soak costs 2^63 millionths of a dollar")]
    let cost = |row: &Row| (row.usage.cost_usd * 1e6).round() as i64;
    let completed = || run.found.rows.iter().filter(|row| row.status == Status::Completed);
    let least: u64 = completed().map(|row| u64::from(row.usage.model_calls)).sum();
    let most: u64 = run.found.journal.values().map(|answers| answers.len() as u64).sum();
    let least_cost: i64 = completed().map(cost).sum();
    let sum = |count: fn(&Book) -> u64| run.found.books.iter().map(count).sum::<u64>();
    let (calls, reports) = (sum(|book| book.model_calls), sum(|book| book.reports));
    let booked: i64 = run.found.books.iter().map(|book| book.cost).sum();
    let wrong = [
        (calls < least || calls > most, format!("{calls} calls, where {least} to {most} were journalled")),
        (
            booked < least_cost,
            format!("{booked} millionths of a dollar, where completed reports cost {least_cost}"),
        ),
        (
            calls == least && booked != least_cost,
            format!("{booked} millionths of a dollar, not {least_cost}"),
        ),
        (
            reports < completed().count() as u64 || reports > run.found.rows.len() as u64,
            format!("{reports} reports, of {}", run.found.rows.len()),
        ),
        (
            run.found.books.iter().any(|book| book.committed < book.cost),
            "less is committed than was spent".to_owned(),
        ),
    ];
    let wrong = wrong.into_iter().filter(|(wrong, _)| *wrong);
    wrong.map(|(_, what)| ("all reports".to_owned(), format!("the books hold {what}"))).collect()
}

fn messages(run: &Run<'_>, rows: &HashMap<&str, &Row>) -> Vec<(String, String)> {
    run.found
        .left
        .iter()
        .filter_map(|left| {
            let queue = if left.dead { "the dead-letter queue" } else { "the queue" };
            let message = match ReportMessage::from_body(&left.body) {
                Ok(message) => message,
                Err(error) => return Some(("no report".to_owned(), format!("{queue}: {error}"))),
            };
            let id = message.report_id.to_string();
            match rows.get(id.as_str()) {
                None => Some((id, format!("{queue} has a message for it, the table does not know it"))),
                Some(row) if !row.status.is_terminal() => {
                    let status = row.status;
                    Some((id, format!("{queue} has a message for it, and it is {status}")))
                }
                Some(_) => None,
            }
        })
        .collect()
}

fn duplicates(run: &Run<'_>) -> Vec<(String, String)> {
    let mut cases = Vec::new();
    let mut expected = BTreeSet::new();
    for accepted in &run.accepted.accepted {
        let id = id_of(run.options.stack.seed, accepted.number);
        for given in accepted.ids.iter().filter(|given| **given != id) {
            cases.push((given.clone(), format!("submission {} must be report {id}", accepted.number)));
        }
        if accepted.ids.len() > 1 && !accepted.replayed {
            cases.push((id.clone(), "a repeated submission was not said to be one".to_owned()));
        }
        expected.insert(id);
    }
    // Without its 202 a submission may still be recorded: only in a soak that was cut short.
    let submitted: BTreeSet<String> =
        (0..run.options.reports).map(|number| id_of(run.options.stack.seed, number)).collect();
    let mut seen = BTreeSet::new();
    for row in &run.found.rows {
        if !submitted.contains(&row.report_id) {
            cases.push((row.report_id.clone(), "nobody submitted it".to_owned()));
        }
        if row.pk != format!("R#{TENANT}#{}", row.report_id) || !seen.insert(&row.report_id) {
            cases.push((row.report_id.clone(), format!("it lies in the table as {}", row.pk)));
        }
    }
    let numbers: BTreeSet<String> =
        run.found.rows.iter().map(|row| row.request.corporate_number.to_string()).collect();
    if numbers.len() != run.found.rows.len() {
        cases.push(("several reports".to_owned(), "two reports are about the same company".to_owned()));
    }
    cases
}

/// The id that the submission `number` must get: empty when its key is none, which no report's id is.
fn id_of(seed: u64, number: u32) -> String {
    let (tenant, key) = (TENANT.parse::<Tenant>(), key(seed, number).parse::<IdempotencyKey>());
    match (tenant, key) {
        (Ok(tenant), Ok(key)) => ReportId::for_idempotency_key(&tenant, &key).to_string(),
        _ => String::new(),
    }
}

fn ends(run: &Run<'_>) -> Vec<(String, String)> {
    run.lives.iter().flat_map(|life| life.ends.iter().map(|end| (life.name.clone(), end.clone()))).collect()
}

#[cfg(test)]
mod tests;
