//! `local-stack soak`: its options, and how they become what is soaked.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, builder::RangedU64ValueParser};
use service_runtime::config::process_environment;
use telemetry::{Telemetry, TelemetrySettings};
use tokio_util::sync::CancellationToken;

use crate::soak::{self, KillEvery};
use crate::stack::Options;

/// Worker processes where no number is given.
const WORKERS: u16 = 3;
/// The embedded AWS reports what the rig does to it; what a person has to know, the soak says itself.
const FILTER: &str = "warn,s3s=off,s3s_fs=off,rustack_sqs_core=off,rustack_dynamodb_core=off";

/// Options of the soak alone.
#[derive(Debug, Args)]
pub(super) struct SoakArgs {
    /// Reports to submit
    #[arg(long, value_name = "N", default_value_t = 5000,
        value_parser = RangedU64ValueParser::<u32>::new().range(1..=1_000_000))]
    reports: u32,

    /// API processes
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=16))]
    apis: u16,

    /// Reports that each worker works on at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    slots: u16,

    /// Minutes after which reports that are still open count as stuck
    #[arg(long, value_name = "M", default_value_t = 45, value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes_max: u64,

    /// Shortest and longest life of a process, or never
    #[arg(long, value_name = "LEAST..MOST", default_value = "2s..5s")]
    kill_every: KillEvery,

    /// Reports that the clients let be open at a time
    #[arg(long, value_name = "N", default_value_t = 150,
        value_parser = RangedU64ValueParser::<u32>::new().range(1..=1_000_000))]
    backlog: u32,

    /// Directory for the logs of the processes; without it they are kept only when something is broken
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}

impl SoakArgs {
    /// What is soaked, over a stack with `stack`; `workers` is the number of processes, if one was given.
    fn options(self, stack: Options, workers: Option<u16>) -> soak::Options {
        soak::Options {
            reports: self.reports,
            apis: self.apis,
            workers: workers.unwrap_or(WORKERS),
            backlog: self.backlog,
            within: Duration::from_secs(self.minutes_max * 60),
            kill_every: self.kill_every,
            logs: self.logs,
            stack: Options { workers: self.slots, ..stack },
        }
    }
}

/// Runs the soak; whether every invariant held.
pub(super) async fn run(
    args: SoakArgs,
    stack: Options,
    workers: Option<u16>,
    stop: CancellationToken,
) -> anyhow::Result<bool> {
    let telemetry = Telemetry::start(
        "dossier-soak",
        &TelemetrySettings::with_default_filter(&process_environment(), FILTER)?,
    )?;
    let outcome = soak::run(args.options(stack, workers), stop).await;
    // The last traces are sent with blocking requests, which must not hold up a thread of the runtime.
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    outcome
}
