//! The binary of the worker. It runs a worker until it is stopped by a signal, or executes one of the
//! commands in `cli`.

mod cli;

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use aws_adapters::{Aws, load_sdk_config};
use clap::{CommandFactory, FromArgMatches};
use domain::identity::Tenant;
use rendering::{command::render, verify::verify};
use screening::command::screen;
use screening_validation::command::validate;
use service_runtime::{
    clock::Clock,
    config,
    probe::{ALIVE, probe},
};
use sources::sanctions::RESEMBLANCE_THRESHOLD;
use telemetry::{Telemetry, TelemetrySettings};
use tokio_util::sync::CancellationToken;
use worker_service::{
    assess::{ModelSettings, configured_verifier},
    dead_letters::Redriven,
    evaluation::{self, ClaimCorpus, Overrides, Stored},
    health,
    settings::{self, Settings},
    supervisor::Supervisor,
    worker::Worker,
};

use crate::cli::{Cli, Command};

/// An allocator for programs that allocate on every core. That of glibc took a fifth of the worker's CPU time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Name of a folder of claims of which only totals are printed.
const HELD_OUT: &str = "held-out";

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    let matches = Cli::command().after_long_help(config::help(settings::ALL)).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = match cli.command {
        None => work().await,
        Some(Command::Healthcheck) => healthcheck().await,
        Some(Command::Screen { list, queries, kind }) => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            screen(&list, &queries, kind.into(), &mut out).map_err(Into::into)
        }
        Some(Command::ValidateScreening { list: lists, out, seed, sample, date }) => {
            let settings = screening_validation::Settings {
                lists,
                out,
                seed,
                sample,
                date,
                version: env!("CARGO_PKG_VERSION"),
                rules: sources::rulebook().rules().version().to_owned(),
                resemblance_threshold: RESEMBLANCE_THRESHOLD,
            };
            validate(&settings, &mut std::io::stdout().lock()).map_err(Into::into)
        }
        Some(Command::Render { report, out }) => {
            render(&report, &out, sources::rulebook(), &mut std::io::stdout().lock()).map_err(Into::into)
        }
        Some(Command::Verify { bundle, report }) => {
            verify(&bundle, &report, &mut std::io::stdout().lock()).map_err(Into::into)
        }
        Some(Command::Replay { report, tenant, json_artifact, overrides, json }) => {
            replay(&report, tenant, json_artifact, overrides.into(), json).await
        }
        Some(Command::Evaluate { cases, overrides, json, min }) => {
            evaluate(&cases, overrides.into(), json, min).await
        }
        Some(Command::EvaluateClaims { claims, without_verifier, concurrency, list, json }) => {
            evaluate_claims(&claims, !without_verifier, concurrency, list, json).await
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

/// Runs a worker until it is stopped by a signal.
async fn work() -> Outcome {
    let settings = Settings::read(&config::process_environment())?;
    let telemetry = Telemetry::start("dossier-worker", &settings.telemetry)?;
    let stop = CancellationToken::new();
    service_runtime::shutdown::cancel_on_signal(stop.clone())?;
    let (bind, revision) = (settings.health_bind, settings.telemetry.revision.clone());
    let worker = Worker::build(settings).await?;
    let stopped = CancellationToken::new();
    let mut supervisor = Supervisor::default();
    if let Some(bind) = bind {
        let health = health::serve(bind, worker.liveness(), Clock::system(), revision, stopped.clone()).await;
        let health =
            health.map_err(|error| format!("cannot listen on {bind} (DOSSIER_HEALTH_BIND): {error}"))?;
        supervisor.spawn("the health check", health);
    }
    let outcome = supervisor.watch_during(worker.run(stop.clone()), &stop).await;
    stopped.cancel();
    telemetry.shutdown();
    Ok(outcome??)
}

async fn healthcheck() -> Outcome {
    let bind = health::bind_address(&config::process_environment())?;
    let bind = bind.ok_or("DOSSIER_HEALTH_BIND is not set, so that the worker answers no health checks")?;
    Ok(probe(bind, ALIVE).await?)
}

async fn replay(
    report: &str,
    tenant: Option<Tenant>,
    json_artifact: Option<PathBuf>,
    overrides: Overrides,
    json: bool,
) -> Outcome {
    let settings = Settings::read(&config::process_environment())?;
    let sdk = load_sdk_config().await?;
    let stored = match (report.parse(), tenant, json_artifact) {
        (Ok(id), Some(tenant), _) => {
            Stored::fetch(&Aws::new(&sdk, &settings.aws, &Clock::system()), &tenant, id).await?
        }
        (Ok(_), None, _) => return Err("a report's id requires its tenant: add --tenant TENANT".into()),
        (Err(_), _, Some(artifact)) => Stored::read(Path::new(report), &artifact)?,
        (Err(_), _, None) => {
            return Err(
                "an audit bundle requires the report's JSON artifact: add --report REPORT.json".into()
            );
        }
    };
    let difference = evaluation::replay(&stored, &sdk, &settings, &overrides).await?;
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &difference)?;
        writeln!(out)?;
    } else {
        difference.write(&mut out)?;
    }
    Ok(())
}

async fn evaluate(cases: &Path, overrides: Overrides, json: Option<PathBuf>, min: f64) -> Outcome {
    let settings = Settings::read(&config::process_environment())?;
    let sdk = load_sdk_config().await?;
    let evaluation = evaluation::evaluate(cases, &sdk, &settings.model, &overrides).await?;
    evaluation.write(&mut std::io::stdout().lock())?;
    if let Some(path) = json {
        std::fs::write(&path, serde_json::to_vec_pretty(&evaluation)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(evaluation.require(min)?)
}

async fn evaluate_claims(
    claims: &Path,
    with_verifier: bool,
    concurrency: usize,
    list: bool,
    json: bool,
) -> Outcome {
    let is_held_out = |path: PathBuf| path.components().any(|part| part.as_os_str() == HELD_OUT);
    if list && claims.canonicalize().is_ok_and(is_held_out) {
        return Err(format!(
            "--list would show claims of {}: they are held out, so that the checks stay unfitted to them",
            claims.display()
        )
        .into());
    }
    let corpus = ClaimCorpus::read(claims)?;
    let mut telemetry = None;
    let verifier = if with_verifier {
        let environment = config::process_environment();
        // Shows why a verifier gives no answer.
        let settings = TelemetrySettings::with_default_filter(&environment, "warn")?;
        telemetry = Some(Telemetry::start("dossier-worker", &settings)?);
        let settings = ModelSettings::from_environment(&environment)?;
        let verifier = configured_verifier(&load_sdk_config().await?, &settings, None)?;
        Some(verifier.ok_or("DOSSIER_VERIFIER is none: choose a verifier, or add --without-verifier")?)
    } else {
        None
    };
    let evaluation = evaluation::evaluate_claims(&corpus, verifier, concurrency).await?;
    if let Some(telemetry) = telemetry {
        telemetry.shutdown();
    }
    let mut out = std::io::stdout().lock();
    if list {
        evaluation.write_mistakes(&mut out)?;
    }
    if json {
        serde_json::to_writer_pretty(&mut out, &evaluation)?;
        writeln!(out)?;
    } else {
        evaluation.write(&mut out)?;
    }
    let failed = evaluation.verifier_failed();
    if failed > 0 {
        return Err(format!("the verifier judged {failed} claims not at all: the log says why").into());
    }
    Ok(())
}

async fn redrive(limit: u64, dry_run: bool) -> Outcome {
    let worker = Worker::build(Settings::read(&config::process_environment())?).await?;
    let mut out = std::io::stdout();
    let Redriven { resubmitted, settled, left } = worker.redrive(limit, dry_run, &mut out).await?;
    let done = if dry_run { "would be resubmitted" } else { "resubmitted" };
    writeln!(out, "{resubmitted} {done}, {settled} already settled, {left} left in the dead-letter queue")?;
    Ok(())
}
