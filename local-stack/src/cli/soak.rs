//! `local-stack soak`: parses its arguments, converts them to the options of the soak, and runs it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, builder::RangedU64ValueParser};
use service_runtime::config::process_environment;
use telemetry::{Telemetry, TelemetrySettings};
use tokio_util::sync::CancellationToken;

use crate::soak::{self, KillInterval};
use crate::stack::Options;

/// Default number of worker processes.
const DEFAULT_WORKERS: u16 = 3;
/// Default log filter. It drops the errors that the embedded AWS logs because of injected faults. The soak
/// itself reports what a person needs to know.
const LOG_FILTER: &str = "warn,s3s=off,s3s_fs=off,rustack_sqs_core=off,rustack_dynamodb_core=off";

/// Options that only the soak has.
#[derive(Debug, Args)]
pub(super) struct SoakArgs {
    /// Number of reports to submit
    #[arg(long, value_name = "N", default_value_t = 5000,
        value_parser = RangedU64ValueParser::<u32>::new().range(1..=1_000_000))]
    reports: u32,

    /// Number of API processes
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=16))]
    apis: u16,

    /// Minutes after which reports that are still open count as stuck
    #[arg(long, value_name = "M", default_value_t = 45, value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes_max: u64,

    /// Shortest and longest lifetime of a process before it is killed, or never. A process also lives until all together
    /// have made 1,000 requests to AWS since its start, so that a slow machine does not only start processes
    #[arg(long, value_name = "MIN..MAX", default_value = "2s..5s")]
    kill_every: KillInterval,

    /// Maximum number of open reports; the clients submit no more until some have ended
    #[arg(long, value_name = "N", default_value_t = 150,
        value_parser = RangedU64ValueParser::<u32>::new().range(1..=1_000_000))]
    backlog: u32,

    /// Directory for the logs of the processes [default: temporary, kept only if an invariant is violated]
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}

impl SoakArgs {
    /// Converts the arguments. `workers` is the number of worker processes, if given.
    fn options(self, stack: Options, workers: Option<u16>) -> soak::Options {
        soak::Options {
            reports: self.reports,
            apis: self.apis,
            workers: workers.unwrap_or(DEFAULT_WORKERS),
            backlog: self.backlog,
            within: Duration::from_secs(self.minutes_max * 60),
            kill_every: self.kill_every,
            logs: self.logs,
            stack,
        }
    }
}

/// Runs the soak and returns whether every invariant held.
pub(super) async fn run(
    args: SoakArgs,
    stack: Options,
    workers: Option<u16>,
    stop: CancellationToken,
) -> anyhow::Result<bool> {
    let telemetry = Telemetry::start(
        "dossier-soak",
        &TelemetrySettings::with_default_filter(&process_environment(), LOG_FILTER)?,
    )?;
    let outcome = soak::run(args.options(stack, workers), stop).await;
    // The exporter sends the last traces with blocking requests, which must not block a runtime thread.
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    outcome
}
