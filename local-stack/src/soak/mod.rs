//! The soak: the real binaries run as processes behind the fault proxy and are killed at random while clients
//! submit reports. At the end, the soak reads the table, the queues and the bucket without the proxy, and
//! checks every invariant of the lifecycle.

mod invariants;
mod load;
mod options;
mod process;
mod run;
mod schedule;
mod settings;
mod summary;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::usage::MicroUsd;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::answer_counter::{self, AnswerCounter};
use crate::console::print_line;
use crate::fault_proxy::{self, Rule, WireFault};
use crate::inspect::Inspector;
use crate::progress::Progress;
use crate::service_processes::Binaries;
use crate::stack::{Component, Options as StackOptions, Stack, environment};
use load::{LoadGenerator, LoadState, Submissions};
use options::DEFAULT_RULES;
pub(crate) use options::Options;
use process::Fleet;
use run::Run;
pub(crate) use schedule::KillInterval;
use watch::Watch;

/// Maximum wait, after the last kill, until the workers have deleted the messages of ended reports. Within
/// that time, a message whose visibility timeout was extended becomes visible again.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(90);
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Runs a soak, prints its summary, and returns whether every invariant held.
///
/// # Errors
/// Returns an error if the soak could not run to its end, or if `stop` was cancelled.
pub(crate) async fn run(options: Options, stop: CancellationToken) -> anyhow::Result<bool> {
    let binaries = Binaries::find()?;
    let seed = options.stack.seed;
    print_line(&summary::heading(&options));
    let answers = Arc::new(AnswerCounter::default());
    let stack = Stack::start(stack_options(&options, &answers)?).await?;
    let outcome = tokio::select! {
        outcome = soak(&options, &stack, &answers, &binaries) => outcome,
        () = stop.cancelled() => Err(anyhow::anyhow!("interrupted; --seed {seed} repeats the schedule")),
    };
    let stopped = stack.stop().await;
    let invariants_hold = outcome?;
    stopped?;
    Ok(invariants_hold)
}

/// Returns the options of a stack without services and with a fault proxy that `answers` observes.
fn stack_options(options: &Options, answers: &Arc<AnswerCounter>) -> anyhow::Result<StackOptions> {
    let mut stack = options.stack.clone();
    let mut proxy = match stack.fault_proxy.take() {
        Some(proxy) => proxy,
        None => fault_proxy::Options {
            rules: DEFAULT_RULES.map(str::parse::<Rule>).into_iter().collect::<Result<_, _>>()?,
            observer: None,
        },
    };
    proxy.observer = Some(answer_counter::observer(Arc::clone(answers)));
    stack.fault_proxy = Some(proxy);
    stack.without = vec![Component::Api, Component::Worker];
    stack.port = 0;
    stack.settings = settings::with_overrides(stack.settings);
    Ok(stack)
}

async fn soak(
    options: &Options,
    stack: &Stack,
    answers: &AnswerCounter,
    binaries: &Binaries,
) -> anyhow::Result<bool> {
    let faults = stack.fault_proxy().context("a soak has a fault proxy")?.plan();
    let started = Instant::now();
    let mut fleet = Fleet::start(options, stack, binaries)?;
    let inspector = Inspector::new(stack);
    let progress = Progress::new(Some(options.reports.into()));
    let mut watch = Watch::default();
    let submissions =
        submit_and_wait(options, stack, &mut fleet, (&inspector, &mut watch), &progress).await?;
    fleet.stop_killing();
    let elapsed = started.elapsed();
    progress.line("no process is killed any more; waiting until the queue is empty");
    let drained_by = Instant::now() + DRAIN_TIMEOUT;
    while inspector.messages().await?.total() > 0 && Instant::now() < drained_by {
        sleep(POLL_INTERVAL).await;
    }
    let history = fleet.stop().await?;
    progress.line("reading the table, the queues and the bucket");
    watch.record(inspector.look().await?);
    let read = |done, all| progress.throttled_line(&format!("{done} of {all} artifacts are read"));
    let state = inspector.read(read).await?;
    progress.finish();

    let run = Run {
        options,
        elapsed,
        submissions: &submissions,
        processes: &history.processes,
        faults,
        model_calls: stack.bedrock().calls().get("Converse").copied().unwrap_or(0),
        answers: &answers.snapshot(),
        state: &state,
        watch: &watch,
        deadline: environment::deadline(stack.environment())?,
        evidence_max_age: Duration::from_secs(environment::seconds(
            stack.environment(),
            "DOSSIER_SOURCE_KEEP_SECONDS",
        )?),
        tenant_day_budget: MicroUsd::from_usd(environment::number(stack.environment(), settings::BUDGET)?),
    };
    let violations = invariants::check(&run);
    print_line(&summary::tables(&run));
    print_line(&summary::verdict(options.stack.seed, &violations));
    if let Some(logs) = history.keep_logs(options.logs.is_some() || !violations.is_empty()) {
        print_line(&format!("The logs of the processes are in {}.", logs.display()));
    }
    Ok(violations.is_empty())
}

/// Submits every report and waits until no report is open or the soak's time is over. Watches the number of
/// open reports, as an operator would, instead of each report.
async fn submit_and_wait(
    options: &Options,
    stack: &Stack,
    fleet: &mut Fleet,
    (inspector, watch): (&Inspector, &mut Watch),
    progress: &Progress,
) -> anyhow::Result<Submissions> {
    let plan = stack.fault_proxy().context("a soak has a fault proxy")?.plan();
    let faults = || WireFault::ALL.into_iter().map(|fault| plan.total(fault)).sum::<u64>();
    let deadline = Instant::now() + options.within;
    let load = Arc::new(LoadState::new(options.backlog));
    let generator = LoadGenerator::new(options, stack, fleet.api_urls(), Arc::clone(&load))?;
    let mut submitting = tokio::spawn(generator.submit_all());
    let mut submitted = None;
    loop {
        let open = watch.record(inspector.look().await?);
        load.record_open(open);
        let accepted = load.answered();
        let counts =
            format!("accepted {accepted}, open {open}, kills {}, faults {}", fleet.kills(), faults());
        progress.show(accepted.saturating_sub(open), "have ended", &counts);
        if submitted.is_some() && open == 0 {
            break;
        }
        if Instant::now() >= deadline {
            progress.line(&format!("{open} reports are still open after {} s", options.within.as_secs()));
            break;
        }
        tokio::select! {
            () = sleep(POLL_INTERVAL) => {}
            done = &mut submitting, if submitted.is_none() => {
                submitted = Some(done.context("the clients panicked")??);
            }
            error = fleet.failed() => bail!(error),
        }
    }
    Ok(match submitted {
        Some(submissions) => submissions,
        None => {
            submitting.abort();
            load.take_submissions()
        }
    })
}
