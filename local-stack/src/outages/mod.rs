//! The outage table: what a failure of one service costs, by service, kind of failure and duration. Every
//! cell runs its own stack in this process, breaks one service on the wire for the duration, and reads what
//! became of the reports. The clock is compressed: durations and the services' settings shrink by the same
//! factor.

mod cell;
mod clock;
mod outcome;
mod run;
mod table;
mod traffic;

use std::io::{self, Write as _};
use std::num::NonZeroU16;

use anyhow::Context as _;
use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;

pub(crate) use cell::{Cell, CellPattern, default_cells};
pub(crate) use clock::Compression;

use crate::console::print_line;
use crate::stack::Options as StackOptions;

/// Options of an outage table.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Seed, faults and settings of every stack.
    pub(crate) stack: StackOptions,
    /// The cells to run, in the order of the table.
    pub(crate) cells: Vec<Cell>,
    /// Number of reports of a cell: half of them are submitted before the outage, the others during it.
    pub(crate) reports: u32,
    /// Factor by which durations and settings are divided.
    pub(crate) compression: Compression,
    /// Number of cells that run at the same time.
    pub(crate) parallel: NonZeroU16,
    /// Whether to print JSON lines instead of a table.
    pub(crate) json: bool,
}

/// Runs every cell, prints the table, and returns whether no cell has a problem. With
/// [`Options::json`], prints each cell when it ends.
///
/// # Errors
/// Returns an error if a cell could not run to its end, or if `stop` was cancelled.
pub(crate) async fn run(options: Options, stop: CancellationToken) -> anyhow::Result<bool> {
    let options = &options;
    let running = futures::stream::iter(&options.cells)
        .map(|cell| async move {
            let outcome = run::run(cell, options).await.with_context(|| format!("cell {cell}"))?;
            if options.json {
                print_line(&table::json(&outcome).to_string());
            }
            let _ = writeln!(io::stderr(), "{cell}: {} problems", outcome.problems().len());
            anyhow::Ok(outcome)
        })
        .buffered(options.parallel.get().into())
        .collect::<Vec<_>>();
    let outcomes = tokio::select! {
        outcomes = running => outcomes,
        () = stop.cancelled() => anyhow::bail!("interrupted"),
    };
    let outcomes = outcomes.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    if !options.json {
        print_line(&table::render(&outcomes, options.compression));
    }
    Ok(outcomes.iter().all(|outcome| outcome.problems().is_empty()))
}
