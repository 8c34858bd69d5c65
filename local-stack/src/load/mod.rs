//! The load test: submits reports at a rate or with a number of clients, follows them to their end, and prints
//! what was measured. It runs the services as processes on a local stack, or loads the API of any deployment.

mod arrivals;
mod aws_usage;
mod client;
mod deployment;
mod follow;
mod format;
mod generator;
mod in_flight;
mod latencies;
mod local;
mod options;
mod output;
mod pacer;
mod process_usage;
mod report_list;
mod report_state;
mod result;
mod result_tables;
mod services;
mod setup;
mod submission;
mod watch;

use tokio_util::sync::CancellationToken;

pub(crate) use arrivals::Arrivals;
pub(crate) use options::{JsonOutput, Limit, LocalStackOptions, Options, Pace, Target};

/// Runs a load test, prints its result, and returns whether every accepted report was completed. If `stop` is
/// cancelled, the test ends early and prints what it has measured.
///
/// # Errors
/// Returns an error if the test could not begin, or its result could not be computed or written.
pub(crate) async fn run(options: Options, stop: CancellationToken) -> anyhow::Result<bool> {
    output::check(options.json.as_ref())?;
    match &options.target {
        Target::LocalStack(local) => local::run(&options, local, stop).await,
        Target::Deployment { api, key_file } => deployment::run(&options, api, key_file, stop).await,
    }
}
