//! Starts a worker as the environment says and drains it on SIGTERM.

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use aws_adapters::{Aws, load_sdk_config};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use domain::identity::Tenant;
use rendering::{command::render, verify::verify};
use screening::command::screen;
use service_runtime::{
    clock::Clock,
    config,
    probe::{ALIVE, probe},
};
use telemetry::Telemetry;
use tokio_util::sync::CancellationToken;
use worker_service::{
    dead_letters::Redriven,
    evaluation::{self, Overrides, replay::Stored},
    health,
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
    /// Asks the worker on this machine whether it is alive; exit code 0 means yes. Needs DOSSIER_HEALTH_BIND.
    Healthcheck,
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
    /// Renders a report's JSON artifact again as HTML, PDF and Markdown.
    Render {
        /// The JSON artifact, as downloaded.
        #[arg(value_name = "REPORT.json")]
        report: PathBuf,
        /// Folder for the files.
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        out: PathBuf,
    },
    /// Recomputes the digests of a report's audit bundle; exit code 0 means that all agree.
    Verify {
        /// The bundle, as downloaded.
        #[arg(value_name = "BUNDLE.json")]
        bundle: PathBuf,
        /// A file of the report (JSON, HTML, PDF, Markdown), to be compared too; may be repeated.
        #[arg(long, value_name = "REPORT.json")]
        report: Vec<PathBuf>,
    },
    /// Has the stored evidence of a completed report assessed again, by another prompt or model, and shows what would be
    /// different. The report is not touched; the model is paid for.
    Replay {
        /// The report's id, or its audit bundle as downloaded.
        #[arg(value_name = "REPORT")]
        report: String,
        /// Whose report it is; needed with an id.
        #[arg(long, value_name = "TENANT")]
        tenant: Option<Tenant>,
        /// The JSON artifact as downloaded; needed with an audit bundle.
        #[arg(long = "report", value_name = "REPORT.json")]
        json_artifact: Option<PathBuf>,
        #[command(flatten)]
        instead: InsteadArgs,
        /// Print the difference as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Runs cases (evidence, the level that it must give, facts to find, claims not to make) through the model and prints how
    /// it did; the exit code says whether that was enough.
    Evaluate {
        /// Folder of the cases.
        #[arg(long, value_name = "FOLDER", default_value = "worker-service/evaluation")]
        cases: PathBuf,
        #[command(flatten)]
        instead: InsteadArgs,
        /// Write the result to this file as JSON, too.
        #[arg(long, value_name = "F.json")]
        json: Option<PathBuf>,
        /// Least part of the levels that must agree, of the facts that must be found and of the summaries that must stand up, from
        /// 0 to 1.
        #[arg(long, value_name = "PART", default_value_t = 0.9)]
        least: f64,
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

#[derive(Args)]
struct InsteadArgs {
    /// Another model than the configured ones.
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// Another version of the prompt than the configured one.
    #[arg(long, value_name = "VERSION")]
    prompt: Option<String>,
}

impl From<InsteadArgs> for Overrides {
    fn from(InsteadArgs { model, prompt }: InsteadArgs) -> Self {
        Self { model, prompt }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let matches = Cli::command().after_long_help(config::help(settings::ALL)).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = match cli.command {
        None => work().await,
        Some(Command::Healthcheck) => healthcheck().await,
        Some(Command::Screen { list, queries }) => {
            screen(&list, &queries, &mut BufWriter::new(std::io::stdout().lock())).map_err(Into::into)
        }
        Some(Command::Render { report, out }) => {
            render(&report, &out, sources::rulebook(), &mut std::io::stdout().lock()).map_err(Into::into)
        }
        Some(Command::Verify { bundle, report }) => {
            verify(&bundle, &report, &mut std::io::stdout().lock()).map_err(Into::into)
        }
        Some(Command::Replay { report, tenant, json_artifact, instead, json }) => {
            replay(&report, tenant, json_artifact, instead.into(), json).await
        }
        Some(Command::Evaluate { cases, instead, json, least }) => {
            evaluate(&cases, instead.into(), json, least).await
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
    service_runtime::shutdown::cancel_on_signal(stop.clone())?;
    let (bind, revision) = (settings.health_bind, settings.telemetry.revision.clone());
    let worker = Worker::build(settings).await?;
    let stopped = CancellationToken::new();
    if let Some(bind) = bind {
        let health =
            health::answer(bind, worker.liveness(), Clock::system(), revision, stopped.clone()).await;
        tokio::spawn(
            health.map_err(|error| format!("cannot listen on {bind} (DOSSIER_HEALTH_BIND): {error}"))?,
        );
    }
    worker.run(stop).await;
    stopped.cancel();
    telemetry.shutdown();
    Ok(())
}

async fn healthcheck() -> Outcome {
    let bind = settings::health_bind(&config::process_environment())?;
    let bind = bind.ok_or("DOSSIER_HEALTH_BIND is not set: the worker tells nobody whether it is alive")?;
    Ok(probe(bind, ALIVE).await?)
}

async fn replay(
    report: &str,
    tenant: Option<Tenant>,
    json_artifact: Option<PathBuf>,
    instead: Overrides,
    json: bool,
) -> Outcome {
    let settings = Settings::read(&config::process_environment())?;
    let sdk = load_sdk_config().await?;
    let stored = match (report.parse(), tenant, json_artifact) {
        (Ok(id), Some(tenant), _) => Stored::fetch(&Aws::new(&sdk, &settings.aws), &tenant, id).await?,
        (Ok(_), None, _) => return Err("a report's id needs its tenant: add --tenant TENANT".into()),
        (Err(_), _, Some(artifact)) => Stored::read(Path::new(report), &artifact)?,
        (Err(_), _, None) => {
            return Err("an audit bundle needs the report's JSON artifact: add --report REPORT.json".into());
        }
    };
    let difference = evaluation::replay::replay(&stored, &sdk, &settings, &instead).await?;
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &difference)?;
        writeln!(out)?;
    } else {
        difference.write(&mut out)?;
    }
    Ok(())
}

async fn evaluate(cases: &Path, instead: Overrides, json: Option<PathBuf>, least: f64) -> Outcome {
    let settings = Settings::read(&config::process_environment())?;
    let sdk = load_sdk_config().await?;
    let evaluation = evaluation::evaluate::evaluate(cases, &sdk, &settings.model, &instead).await?;
    evaluation.write(&mut std::io::stdout().lock())?;
    if let Some(path) = json {
        std::fs::write(&path, serde_json::to_vec_pretty(&evaluation)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(evaluation.require(least)?)
}

async fn redrive(limit: u64, dry_run: bool) -> Outcome {
    let worker = Worker::build(Settings::read(&config::process_environment())?).await?;
    let mut out = std::io::stdout();
    let Redriven { brought_back, settled, left } = worker.redrive(limit, dry_run, &mut out).await?;
    let done = if dry_run { "would be brought back" } else { "brought back" };
    writeln!(out, "{brought_back} {done}, {settled} settled already, {left} left in the dead-letter queue")?;
    Ok(())
}
