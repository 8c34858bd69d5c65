//! `local-stack outages`: parses its arguments, converts them to the options of the outage table, and runs it.

use std::num::NonZeroU16;

use clap::Args;
use service_runtime::config::process_environment;
use telemetry::{Telemetry, TelemetrySettings};
use tokio_util::sync::CancellationToken;

use crate::outages::{self, CellPattern, Compression};
use crate::stack::Options;

/// Default log filter. The services in this process log every injected fault.
const LOG_FILTER: &str = "off";

/// Options that only the outage table has.
#[derive(Debug, Args)]
pub(super) struct OutagesArgs {
    /// Cells to run as SERVICE:FAILURE:DURATION, such as S3:hang:10m or all:503:60m; may be repeated
    /// [default: the whole table]
    #[arg(long, value_name = "CELL")]
    cell: Vec<CellPattern>,

    /// Number of reports in each cell; half of them are submitted before the outage, the others during it
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=1000))]
    reports: u32,

    /// Factor by which durations, time-outs, leases and deadlines are divided
    #[arg(long, value_name = "FACTOR", default_value = "60")]
    compress: Compression,

    /// Number of cells that run at the same time
    #[arg(long, value_name = "N", default_value = "4")]
    parallel: NonZeroU16,

    /// Print each cell as a line of JSON instead of the table
    #[arg(long)]
    json: bool,
}

impl OutagesArgs {
    fn options(self, stack: Options) -> outages::Options {
        let selected = self.cell.into_iter().flat_map(CellPattern::cells).collect::<Vec<_>>();
        outages::Options {
            stack,
            cells: if selected.is_empty() { outages::default_cells() } else { selected },
            reports: self.reports,
            compression: self.compress,
            parallel: self.parallel,
            json: self.json,
        }
    }
}

/// Runs the cells and returns whether none of them has a problem.
pub(super) async fn run(args: OutagesArgs, stack: Options, stop: CancellationToken) -> anyhow::Result<bool> {
    let telemetry = Telemetry::start(
        "dossier-outages",
        &TelemetrySettings::with_default_filter(&process_environment(), LOG_FILTER)?,
    )?;
    let outcome = outages::run(args.options(stack), stop).await;
    // The exporter sends the last traces with blocking requests, which must not block a runtime thread.
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    outcome
}
