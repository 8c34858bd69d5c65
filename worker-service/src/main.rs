//! Starts a worker as the environment says and drains it on SIGTERM.

use std::{
    io::{BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use shared::{config, telemetry::Telemetry};
use tokio_util::sync::CancellationToken;
use worker_service::{
    dead_letters::Redriven,
    render::verify::verify,
    screening::command::screen,
    settings::{self, Settings},
    worker::Worker,
};

/// A worker of Dossier: takes reports from the queue, gathers evidence, has it assessed and
/// publishes the result.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Screens the companies of a CSV file (columns query and country) against a list of sanctions: one JSON line
    /// each, with the body that is reported, its score and the reasons.
    Screen {
        /// The list: OFAC's SDN.CSV, the UK's CSV, the UN's XML, the EU's XML or CSV, OpenSanctions'
        /// targets.simple.csv, or JSON lines.
        #[arg(long, value_name = "F")]
        list: PathBuf,
        /// The CSV file.
        #[arg(long, value_name = "F.csv")]
        queries: PathBuf,
    },
    /// Recomputes the digests of a report's audit bundle; exit code 0 means that all agree.
    Verify {
        /// The bundle, as downloaded.
        #[arg(value_name = "BUNDLE.json")]
        bundle: PathBuf,
        /// The report's JSON artifact, to be compared too.
        #[arg(long, value_name = "REPORT.json")]
        report: Option<PathBuf>,
    },
    /// Brings messages in the dead-letter queue back: their reports get another set of attempts.
    Redrive {
        /// Only tell what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Look at no more than this many messages.
        #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
        limit: u64,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let matches = Cli::command().after_long_help(config::help(settings::ALL)).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = match cli.command {
        None => work().await,
        Some(Command::Screen { list, queries }) => {
            screen(&list, &queries, &mut BufWriter::new(std::io::stdout().lock())).map_err(Into::into)
        }
        Some(Command::Verify { bundle, report }) => {
            verify(&bundle, report.as_deref(), &mut std::io::stdout().lock()).map_err(Into::into)
        }
        Some(Command::Redrive { dry_run, limit }) => redrive(limit, dry_run).await,
    };
    match outcome {
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

type Outcome = Result<(), Box<dyn std::error::Error>>;

async fn work() -> Outcome {
    let settings = Settings::read(&config::process_environment())?;
    let telemetry = Telemetry::start("dossier-worker", &settings.telemetry)?;
    let stop = CancellationToken::new();
    shared::shutdown::cancel_on_signal(stop.clone())?;
    let worker = Worker::build(settings).await?;
    worker.run(stop).await;
    telemetry.shutdown();
    Ok(())
}

async fn redrive(limit: u64, dry_run: bool) -> Outcome {
    let worker = Worker::build(Settings::read(&config::process_environment())?).await?;
    let mut out = std::io::stdout();
    let Redriven { brought_back, settled, left } = worker.redrive(limit, dry_run, &mut out).await?;
    let done = if dry_run { "would be brought back" } else { "brought back" };
    writeln!(out, "{brought_back} {done}, {settled} settled already, {left} left in the dead-letter queue")?;
    Ok(())
}
