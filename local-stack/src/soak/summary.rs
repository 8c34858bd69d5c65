//! What a soak prints: what it does, what came of it as tables, and every invariant that is broken.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use domain::lifecycle::Status;

use super::clients::Submissions;
use super::inspect::Found;
use super::invariants::{Broken, attempts_cut_short, bought_again};
use super::ledger::Tallies;
use super::process::Life;
use super::{Options, RULES};
use crate::fault_proxy::{Kind, Plan};

/// Cases of one broken invariant that are printed; the rest is counted.
const CASES_MAX: usize = 20;

/// Everything that is known of a run at its end.
pub(super) struct Run<'a> {
    pub(super) options: &'a Options,
    pub(super) took: Duration,
    pub(super) accepted: &'a Submissions,
    pub(super) lives: &'a [Life],
    pub(super) rig: &'a Plan,
    /// Model calls that the stand-in answered.
    pub(super) answered: u64,
    pub(super) ledger: &'a Tallies,
    pub(super) found: &'a Found,
}

impl Run<'_> {
    /// How often a worker was killed.
    pub(super) fn worker_kills(&self) -> u64 {
        self.kills("worker")
    }

    fn kills(&self, service: &str) -> u64 {
        self.lives.iter().filter(|life| life.name.starts_with(service)).map(|life| life.kills).sum()
    }
}

/// What is about to be done.
pub(super) fn heading(options: &Options) -> String {
    let rules = match &options.stack.rig {
        Some(rig) => rig.rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        None => RULES.join(", "),
    };
    format!(
        "Soak of {} reports: {} x api-service, {} x worker-service with {} slots each, killed every {}\n\
         Faults: {rules}\nSeed: {} (--seed {} repeats the schedule)",
        options.reports,
        options.apis,
        options.workers,
        options.stack.workers,
        options.kill_every,
        options.stack.seed,
        options.stack.seed,
    )
}

/// What came of it.
pub(super) fn tables(run: &Run<'_>) -> String {
    format!("\n{}\n\n{}\n", facts(run), faults(run.rig))
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(header.iter().copied());
    table
}

fn facts(run: &Run<'_>) -> Table {
    let Run { accepted, found, .. } = run;
    let mut table = table(&["What", "Count"]);
    let mut row = |what: &str, count: String| {
        table.add_row([what.to_owned(), count]);
    };
    let requests: u32 = accepted.accepted.iter().map(|accepted| accepted.requests).sum();
    let again = accepted.accepted.iter().filter(|accepted| accepted.ids.len() > 1).count();
    row("Time until no report was open", format!("{:.0} s", run.took.as_secs_f64()));
    row("Submissions with a 202", accepted.accepted.len().to_string());
    row("Requests that they took", format!("{requests}, {again} of them repeated on purpose"));
    for (what, count) in ends(run) {
        row(&what, count.to_string());
    }
    row("Attempts", attempts(run));
    row("Kills of an API", run.kills("api").to_string());
    row("Kills of a worker", run.worker_kills().to_string());
    row(
        "Messages left in the queue",
        format!("{} ({} hidden)", found.messages.total(), found.messages.hidden),
    );
    row("Messages in the dead-letter queue", found.left.iter().filter(|left| left.dead).count().to_string());
    row("Artifacts read and compared", found.artifacts.len().to_string());

    let journalled: usize = found.journal.values().map(std::collections::BTreeSet::len).sum();
    let lost: u64 = run.ledger.values().map(|tally| tally.lost).sum();
    let again: u64 = found.rows.iter().map(|row| bought_again(run, row)).sum();
    let cut_short: u64 = found.rows.iter().map(attempts_cut_short).sum();
    row("Model calls answered", run.answered.to_string());
    row("  journalled: answers needed", journalled.to_string());
    row("  lost on the wire by the rig", lost.to_string());
    row("  had by a worker and not journalled", format!("{again}, bound {cut_short} (attempts cut short)"));
    #[expect(clippy::cast_precision_loss, reason = "no soak has 2^52 reports")]
    let per_report = |calls: u64| format!("{:.3}", calls as f64 / found.rows.len().max(1) as f64);
    let bound = journalled as u64 + lost + cut_short;
    row("Model calls per report", format!("{}, bound {}", per_report(run.answered), per_report(bound)));
    table
}

/// Reports by status, FAILED ones by their error.
fn ends(run: &Run<'_>) -> BTreeMap<String, usize> {
    let mut ends = BTreeMap::new();
    for row in &run.found.rows {
        let code = row.error.as_ref().filter(|_| row.status == Status::Failed);
        let what = match code {
            Some(error) => format!("Reports {} ({})", row.status, error.code),
            None => format!("Reports {}", row.status),
        };
        *ends.entry(what).or_default() += 1;
    }
    ends
}

/// How many reports took how many attempts.
fn attempts(run: &Run<'_>) -> String {
    let mut attempts: BTreeMap<u32, usize> = BTreeMap::new();
    for row in &run.found.rows {
        *attempts.entry(row.attempt).or_default() += 1;
    }
    let words: Vec<_> = attempts.iter().map(|(attempts, reports)| format!("{attempts}: {reports}")).collect();
    words.join(", ")
}

fn faults(plan: &Plan) -> Table {
    let mut header = vec!["Operation", "Exchanges"];
    header.extend(Kind::ALL.map(Kind::name));
    let mut table = table(&header);
    let injected = plan.injected();
    for (operation, exchanges) in plan.exchanges() {
        let kinds = injected.get(&operation).cloned().unwrap_or_default();
        let counts = Kind::ALL.map(|kind| kinds.get(&kind).copied().unwrap_or(0).to_string());
        table.add_row([operation, exchanges.to_string()].into_iter().chain(counts));
    }
    table
}

/// Whether the invariants held, and which did not.
pub(super) fn verdict(seed: u64, broken: &[Broken]) -> String {
    if broken.is_empty() {
        return format!("Every invariant held. Seed {seed}.");
    }
    let mut text = format!("{} invariants are BROKEN. Seed {seed}.\n", broken.len());
    for Broken { invariant, cases } in broken {
        let _ = writeln!(text, "\n  {invariant}: {} cases", cases.len());
        for (report, problem) in cases.iter().take(CASES_MAX) {
            let _ = writeln!(text, "    {report}: {problem}");
        }
        if cases.len() > CASES_MAX {
            let _ = writeln!(text, "    and {} more", cases.len() - CASES_MAX);
        }
    }
    text
}
