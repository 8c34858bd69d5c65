//! Checks of what the model's answers cost.

use std::collections::BTreeSet;

use domain::lifecycle::Status;

use super::super::run::Run;
use super::{Cases, corporate_numbers};
use crate::daily_usage::DailyUsage;
use crate::inspect::ReportItem;

/// Returns the number of answers for one report that are neither in its journal nor lost on the wire.
pub(in crate::soak) fn unjournalled_answers(run: &Run<'_>, report: &ReportItem) -> u64 {
    let journalled = run.state.journal.get(&report.report_id).map_or(0, |answers| answers.len() as u64);
    let number = report.request.corporate_number.as_deref().unwrap_or_default();
    let count = run.answers.get(number).copied().unwrap_or_default();
    count.answered.saturating_sub(journalled + count.lost)
}

/// Invariant 5: compares the answers that the model gave with the journals and the interruptions.
pub(super) fn paid_twice(run: &Run<'_>) -> Cases {
    let mut cases: Vec<_> = run
        .state
        .reports
        .iter()
        .filter_map(|report| {
            let (answers, bound) = (unjournalled_answers(run, report), report.interrupted_attempts());
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

/// Invariant 5: compares the usage of completed reports with their journals.
pub(super) fn usage(run: &Run<'_>) -> Cases {
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

/// Checks that the daily usage lies between two bounds. It counts all answers of completed reports, and no more
/// than the model gave. It may lack answers of a failed report that are only in its journal, because no later
/// attempt continued from it. The budget covers it.
pub(super) fn daily_usage(run: &Run<'_>) -> Cases {
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
    let budget = i64::try_from(run.tenant_day_budget.millionths()).unwrap_or(i64::MAX);
    let problems = [
        (
            calls < min_calls || calls > max_calls,
            format!("{calls} calls, but {min_calls} to {max_calls} were journalled"),
        ),
        (calls > run.model_calls, format!("{calls} calls, but the model answered {}", run.model_calls)),
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
        (
            budget > 0 && days.iter().any(|day| day.committed > budget),
            "more committed than the budget".to_owned(),
        ),
    ];
    let problems = problems.into_iter().filter(|(applies, _)| *applies);
    problems.map(|(_, problem)| ("all reports".to_owned(), format!("the usage shows {problem}"))).collect()
}
