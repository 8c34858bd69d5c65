//! The executable of the API: serves requests with the settings of the environment until SIGTERM, or runs a
//! subcommand.

use std::{io::BufWriter, path::PathBuf, process::ExitCode};

use api_service::{
    api_keys::{self, KeysCommand},
    audit_command::{self, AuditCommand},
    check_numbers::check_numbers,
    settings::{self, Settings},
    startup::Application,
};
use aws_adapters::{keys::Keys, load_sdk_config, webhook_secrets::WebhookSecrets};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use service_runtime::{
    clock::Clock,
    config::{self, Environment, Reader},
    probe::{ALIVE, READY, probe},
};
use telemetry::{Telemetry, TelemetrySettings};
use tokio_util::sync::CancellationToken;

/// An allocator for programs that allocate on every core. That of glibc took a seventh of the API's CPU time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The REST API of Dossier: accepts requests for risk reports and returns their status and results.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Checks whether the API on this machine is alive; exit code 0 means yes.
    Healthcheck {
        /// Also check that it can process requests: the table and the queue answer.
        #[arg(long)]
        ready: bool,
    },
    /// Validates registration numbers: prints one JSON line for each row of a CSV file with the columns country, scheme and
    /// number. A row without a scheme is checked against all schemes of its country, as the API does.
    CheckNumbers {
        /// The CSV file.
        #[arg(value_name = "F.csv")]
        file: PathBuf,
    },
    /// Verifies exported audit logs.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Creates, lists, rotates, revokes and moves API keys. Needs access to the tables only.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let matches = Cli::command().after_long_help(config::help(settings::ALL)).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = match cli.command {
        None => serve().await,
        Some(Command::Healthcheck { ready }) => healthcheck(ready).await,
        Some(Command::Keys { command }) => keys(command).await,
        Some(Command::Audit { command }) => {
            audit_command::run(&command, &mut BufWriter::new(std::io::stdout().lock())).map_err(Into::into)
        }
        Some(Command::CheckNumbers { file }) => {
            check_numbers(&file, &mut BufWriter::new(std::io::stdout().lock())).map_err(Into::into)
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "telemetry may be what failed")]
            {
                eprintln!("api-service: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

async fn serve() -> Outcome {
    let settings = Settings::read(&config::process_environment())?;
    let telemetry = Telemetry::start("dossier-api", &settings.telemetry)?;
    let stop = CancellationToken::new();
    service_runtime::shutdown::cancel_on_signal(stop.clone())?;
    let application = Application::build(settings, stop).await?;
    let outcome = application.run().await;
    telemetry.shutdown();
    Ok(outcome?)
}

async fn healthcheck(ready: bool) -> Outcome {
    let settings = Settings::read(&config::process_environment())?;
    Ok(probe(settings.bind(), if ready { READY } else { ALIVE }).await?)
}

async fn keys(command: KeysCommand) -> Outcome {
    let environment = config::process_environment();
    let settings = TelemetrySettings::with_default_filter(&environment, "warn,dossier::audit=info")?;
    // Log lines, which include the audit log, go to standard error; the result is on standard output.
    let telemetry = Telemetry::start("dossier-api", &settings.without_export())?;
    let outcome = run_keys(command, &environment).await;
    telemetry.shutdown();
    outcome
}

async fn run_keys(command: KeysCommand, environment: &Environment) -> Outcome {
    let mut reader = Reader::new(environment);
    let tables = aws_adapters::settings::access_tables(&mut reader);
    let secrets_key_id = aws_adapters::settings::secrets_key_id(&mut reader);
    let tables = reader.finish(tables)?;
    let sdk = load_sdk_config().await?;
    let keys = Keys::at(&sdk, tables.clone());
    let secrets = WebhookSecrets::at(&sdk, tables, secrets_key_id);
    api_keys::run(command, &keys, &secrets, Clock::system().now(), &mut std::io::stdout().lock()).await?;
    Ok(())
}
