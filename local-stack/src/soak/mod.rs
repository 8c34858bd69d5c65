//! The soak: the real binaries as processes over the fault rig, killed at random while clients submit; at the end the
//! table, the queues and the bucket are read past the rig, and every invariant of the lifecycle is checked.

mod clients;
mod environment;
mod inspect;
mod invariants;
mod ledger;
mod process;
mod progress;
mod schedule;
mod summary;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::fault_proxy::{self, Kind, Rule};
use crate::stack::{Options as StackOptions, Part, Stack};
use clients::{Clients, Load};
use inspect::Inspector;
use ledger::Ledger;
use process::Fleet;
use progress::Progress;
pub use schedule::{KillEvery, KillEveryError};

/// The rules of the rig where none are given.
pub const RULES: [&str; 2] = ["all=0.05", "Sqs.ReceiveMessage=repeat:0.1"];

/// How long messages of ended reports may take to be deleted once nothing is killed any more: a message that was put
/// off comes back within that time.
const QUIET_WITHIN: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What to soak, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seed, faults, rig and settings of what the services stand on. No rig means one with [`RULES`].
    pub stack: StackOptions,
    /// Reports to submit.
    pub reports: u32,
    /// API processes.
    pub apis: u16,
    /// Worker processes; [`StackOptions::workers`] says on how many reports each works at a time.
    pub workers: u16,
    /// Reports that clients let be open at a time.
    pub backlog: u32,
    /// How long everything may take.
    pub within: Duration,
    /// How long each process lives.
    pub kill_every: KillEvery,
    /// Where the logs of the processes are kept; none keeps them only when something is broken.
    pub logs: Option<PathBuf>,
}

/// Runs a soak and prints what came of it; whether every invariant held.
///
/// # Errors
/// When it could not be run to its end, or `stop` was cancelled.
pub async fn run(options: Options, stop: CancellationToken) -> anyhow::Result<bool> {
    let binaries = process::Binaries::find()?;
    let seed = options.stack.seed;
    crate::cli::say(&summary::heading(&options));
    let ledger = Arc::new(Ledger::default());
    let stack = Stack::start(surroundings(&options, &ledger)?).await?;
    let outcome = tokio::select! {
        outcome = soak(&options, &stack, &ledger, &binaries) => outcome,
        () = stop.cancelled() => Err(anyhow::anyhow!("interrupted; --seed {seed} repeats the schedule")),
    };
    let stopped = stack.stop().await;
    let whole = outcome?;
    stopped?;
    Ok(whole)
}

/// What the services stand on: everything but the services, behind a rig.
fn surroundings(options: &Options, ledger: &Arc<Ledger>) -> anyhow::Result<StackOptions> {
    let mut stack = options.stack.clone();
    let mut rig = match stack.rig.take() {
        Some(rig) => rig,
        None => fault_proxy::Options {
            rules: RULES.map(str::parse::<Rule>).into_iter().collect::<Result<_, _>>()?,
            observer: None,
        },
    };
    rig.observer = Some(ledger::observer(Arc::clone(ledger)));
    stack.rig = Some(rig);
    stack.without = vec![Part::Api, Part::Worker];
    stack.port = 0;
    stack.settings = environment::settings(stack.settings);
    Ok(stack)
}

async fn soak(
    options: &Options,
    stack: &Stack,
    ledger: &Ledger,
    binaries: &process::Binaries,
) -> anyhow::Result<bool> {
    let rig = stack.rig().context("a soak has a rig")?;
    let begun = Instant::now();
    let deadline = begun + options.within;
    let mut fleet = Fleet::start(options, stack, binaries)?;
    let inspector = Inspector::new(stack);
    let load = Arc::new(Load::new(options.backlog));
    let clients = Clients::new(options, stack, fleet.api_urls(), Arc::clone(&load))?;
    let mut submitting = tokio::spawn(clients.submit_all());
    let progress = Progress::new(options.reports);
    let faults = || {
        let plan = rig.plan();
        Kind::ALL.into_iter().map(|kind| plan.total(kind)).sum::<u64>()
    };

    // Nothing waits for a single report: only the number of open ones is looked at, as an operator would.
    let mut submitted = None;
    loop {
        let open = inspector.open_reports().await?;
        load.looked(open);
        progress.show(load.accepted(), open, fleet.kills(), faults());
        if submitted.is_some() && open == 0 {
            break;
        }
        if Instant::now() >= deadline {
            progress.line(&format!("{open} reports are still open after {} s", options.within.as_secs()));
            break;
        }
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            done = &mut submitting, if submitted.is_none() => {
                submitted = Some(done.context("the clients panicked")??);
            }
            error = fleet.failed() => bail!(error),
        }
    }
    let accepted = match submitted {
        Some(accepted) => accepted,
        None => {
            submitting.abort();
            load.take_accepted()
        }
    };
    fleet.calm();
    let took = begun.elapsed();
    progress.line("no process is killed any more; waiting for the queue to become empty");
    let quiet_until = Instant::now() + QUIET_WITHIN;
    while inspector.messages().await?.total() > 0 && Instant::now() < quiet_until {
        sleep(LOOK_EVERY).await;
    }
    let lives = fleet.stop().await?;
    progress.line("reading the table, the queues and the bucket");
    let found = inspector.read(&progress).await?;
    progress.finish();

    let run = summary::Run {
        options,
        took,
        accepted: &accepted,
        lives: &lives.lives,
        rig: rig.plan(),
        answered: stack.bedrock().calls().get("Converse").copied().unwrap_or(0),
        ledger: &ledger.snapshot(),
        found: &found,
    };
    let broken = invariants::check(&run);
    crate::cli::say(&summary::tables(&run));
    crate::cli::say(&summary::verdict(options.stack.seed, &broken));
    if let Some(kept) = lives.keep(options.logs.is_some() || !broken.is_empty()) {
        crate::cli::say(&format!("The logs of the processes are in {}.", kept.display()));
    }
    Ok(broken.is_empty())
}
