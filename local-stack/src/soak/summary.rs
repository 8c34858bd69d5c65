//! The output of a soak: what it runs, its results as tables, and every violated invariant.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use domain::lifecycle::Status;

use super::invariants::{Violation, unjournalled_answers};
use super::options::{DEFAULT_RULES, Options};
use super::run::Run;
use crate::fault_proxy::{Plan, WireFault};
use crate::inspect::ReportItem;

/// Maximum number of cases of one violated invariant that are printed; the rest is counted.
const MAX_PRINTED_CASES: usize = 20;

/// Returns a description of what the soak runs.
pub(super) fn heading(options: &Options) -> String {
    let rules = match &options.stack.fault_proxy {
        Some(proxy) => proxy.rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        None => DEFAULT_RULES.join(", "),
    };
    format!(
        "Soak of {} reports: {} x api-service, {} x worker-service with {} reports each at a time; each process is killed every {}\n\
         Faults: {rules}\nSeed: {} (--seed {} repeats the schedule)",
        options.reports,
        options.apis,
        options.workers,
        options.stack.slots,
        options.kill_every,
        options.stack.seed,
        options.stack.seed,
    )
}

/// Renders the results and the injected faults as tables.
pub(super) fn tables(run: &Run<'_>) -> String {
    format!("\n{}\n\n{}\n", facts(run), faults(run.faults))
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(header.iter().copied());
    table
}

fn facts(run: &Run<'_>) -> Table {
    let Run { submissions, state, .. } = run;
    let mut table = table(&["Fact", "Value"]);
    let mut row = |fact: &str, value: String| {
        table.add_row([fact.to_owned(), value]);
    };
    let requests: u32 = submissions.accepted.iter().map(|accepted| accepted.requests).sum();
    let repeated = submissions.accepted.iter().filter(|accepted| accepted.ids.len() > 1).count();
    row("Time until no report was open", format!("{:.0} s", run.elapsed.as_secs_f64()));
    row("Submissions accepted with 202", submissions.accepted.len().to_string());
    row("Requests for them", format!("{requests} ({repeated} submissions repeated on purpose)"));
    for (status, count) in reports_by_status(run) {
        row(&status, count.to_string());
    }
    row("Reports by number of attempts", reports_by_attempts(run));
    row("Kills of an API", run.kills("api").to_string());
    row("Kills of a worker", run.worker_kills().to_string());
    row(
        "Messages left in the queue",
        format!("{} ({} not visible)", state.messages.total(), state.messages.not_visible),
    );
    let dead_lettered = state.leftover_messages.iter().filter(|message| message.dead_lettered).count();
    row("Messages in the dead-letter queue", dead_lettered.to_string());
    row("Artifacts compared with their SHA-256", state.artifacts.len().to_string());

    let journalled: usize = state.journal.values().map(BTreeSet::len).sum();
    let lost: u64 = run.answers.values().map(|count| count.lost).sum();
    let unjournalled: u64 = state.reports.iter().map(|report| unjournalled_answers(run, report)).sum();
    let interrupted: u64 = state.reports.iter().map(ReportItem::interrupted_attempts).sum();
    row("Model calls answered", run.model_calls.to_string());
    row("  journalled (the answers that the reports need)", journalled.to_string());
    row("  lost on the wire by a fault", lost.to_string());
    row(
        "  received but not journalled",
        format!("{unjournalled}, at most {interrupted} (interrupted attempts)"),
    );
    #[expect(clippy::cast_precision_loss, reason = "no soak has 2^52 reports")]
    let per_report = |calls: u64| format!("{:.3}", calls as f64 / state.reports.len().max(1) as f64);
    let bound = journalled as u64 + lost + interrupted;
    row("Model calls per report", format!("{}, at most {}", per_report(run.model_calls), per_report(bound)));
    table
}

/// Counts the reports by status, and FAILED ones by error code as well.
fn reports_by_status(run: &Run<'_>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for report in &run.state.reports {
        let error = report.error.as_ref().filter(|_| report.status == Status::Failed);
        let status = match error {
            Some(error) => format!("Reports {} ({})", report.status, error.code),
            None => format!("Reports {}", report.status),
        };
        *counts.entry(status).or_default() += 1;
    }
    counts
}

/// Lists how many reports needed how many attempts.
fn reports_by_attempts(run: &Run<'_>) -> String {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for report in &run.state.reports {
        *counts.entry(report.attempt).or_default() += 1;
    }
    let entries: Vec<_> = counts.iter().map(|(attempts, reports)| format!("{attempts}: {reports}")).collect();
    entries.join(", ")
}

fn faults(plan: &Plan) -> Table {
    let mut header = vec!["Operation", "Exchanges"];
    header.extend(WireFault::ALL.map(WireFault::name));
    let mut table = table(&header);
    let injected = plan.injected();
    for (operation, exchanges) in plan.exchanges() {
        let faults = injected.get(&operation).cloned().unwrap_or_default();
        let counts = WireFault::ALL.map(|fault| faults.get(&fault).copied().unwrap_or(0).to_string());
        table.add_row([operation, exchanges.to_string()].into_iter().chain(counts));
    }
    table
}

/// Returns a text that states whether every invariant held and lists the violated ones.
pub(super) fn verdict(seed: u64, violations: &[Violation]) -> String {
    if violations.is_empty() {
        return format!("Every invariant held. Seed {seed}.");
    }
    let mut text = format!("{} invariants are VIOLATED. Seed {seed}.\n", violations.len());
    for Violation { invariant, cases } in violations {
        let _ = writeln!(text, "\n  {invariant}: {} cases", cases.len());
        for (report, problem) in cases.iter().take(MAX_PRINTED_CASES) {
            let _ = writeln!(text, "    {report}: {problem}");
        }
        if cases.len() > MAX_PRINTED_CASES {
            let _ = writeln!(text, "    and {} more", cases.len() - MAX_PRINTED_CASES);
        }
    }
    text
}
