//! Starts a worker as the environment says and drains it on SIGTERM.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};
use shared::{config, telemetry::Telemetry};
use tokio_util::sync::CancellationToken;
use worker_service::{
    settings::{self, Settings},
    worker::Worker,
};

/// A worker of Dossier: takes reports from the queue, gathers evidence, has it assessed and
/// publishes the result.
#[derive(Parser)]
#[command(version)]
struct Cli {}

#[tokio::main]
async fn main() -> ExitCode {
    let matches = Cli::command().after_long_help(config::help(settings::ALL)).get_matches();
    if let Err(error) = Cli::from_arg_matches(&matches) {
        error.exit();
    }
    match work().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the log may be what failed")]
            {
                eprintln!("worker-service: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn work() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read(&config::process_environment())?;
    let telemetry = Telemetry::start("dossier-worker", None)?;
    let stop = CancellationToken::new();
    shared::shutdown::cancel_on_signal(stop.clone())?;
    let worker = Worker::build(settings).await?;
    worker.run(stop).await;
    telemetry.shutdown();
    Ok(())
}
