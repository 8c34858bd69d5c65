//! The command line: what `local-stack` takes, and how its ways of running begin and end.

mod provision;
mod serve;
mod soak;
mod stand_ins;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, error::ErrorKind};
use service_runtime::config::process_environment;
use tokio_util::sync::CancellationToken;

use crate::bedrock::Forward;
use crate::demo;
use crate::fault_proxy;
use crate::faults::FaultArg;
use crate::ready::Prepared;
use crate::stack::{Options, Part, PortUnavailable, environment};

/// The port when none is given; the demo takes any free one.
const PORT: u16 = 8080;

/// Reports that the worker of the stack works on at a time when no number is given.
const WORKERS: u16 = 8;

/// The variable with the key for the server that conversations are forwarded to.
const FORWARD_API_KEY: &str = "DOSSIER_FORWARD_API_KEY";

/// Dossier on one machine: the API with its web page, a worker, an embedded AWS, and stand-ins for Bedrock and the
/// feeds. Nothing outlives the process. Stop it with Ctrl-C.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Port of the API on 127.0.0.1; 0 takes any free one [default: 8080; demo: 0]
    #[arg(long, global = true, value_name = "N")]
    port: Option<u16>,

    /// Once everything can be used, write addresses, keys and the services' environment to F, as JSON
    #[arg(long, global = true, value_name = "F")]
    ready_file: Option<PathBuf>,

    /// Leave a part out, to start it by hand with `env` of the ready file
    #[arg(long, global = true, value_name = "PART", value_delimiter = ',')]
    without: Vec<Part>,

    /// Have a stand-in fail: bedrock=throttle:0.2, feeds=latency:20s; may be repeated
    #[arg(long, global = true, value_name = "STAND-IN=FAULT[:VALUE]")]
    fault: Vec<FaultArg>,

    /// Have requests to AWS and Bedrock fail on the wire: DynamoDb.UpdateItem=lost-answer:0.05, S3.*=throttle:0.2,
    /// all=0.05 for every fault; may be repeated
    #[arg(long, global = true, value_name = "OPERATION=FAULT:PROBABILITY")]
    rig: Vec<fault_proxy::Rule>,

    /// Seed of the faults; printed when it is not given
    #[arg(long, global = true, value_name = "N")]
    seed: Option<u64>,

    /// Reports that the worker works on at a time [default: 8]; worker processes of a soak [default: 3]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,

    /// Have an OpenAI-compatible server write the reports: its base URL, such as http://127.0.0.1:11434/v1
    #[arg(long, global = true, value_name = "URL")]
    forward_url: Option<String>,

    /// The model's name on that server
    #[arg(long, global = true, value_name = "NAME")]
    forward_model: Option<String>,
}

const AFTER_HELP: &str = "Environment:
  DOSSIER_FORWARD_API_KEY  key for the server of --forward-url, sent as a bearer token
  DOSSIER_LOG              what is logged [default: info; demo: warn]
  DOSSIER_*                settings of the API and the worker (their --help lists them) hold here too, except for
                           addresses, names and keys, which are this stack's own";

#[derive(Debug, Subcommand)]
enum Command {
    /// Have two sample companies reported on, show how it goes, save the reports
    Demo {
        /// Directory for the reports, made when it is not there
        #[arg(long, value_name = "DIR", default_value = "dossier-reports")]
        out: PathBuf,
    },
    /// Make table, queues and bucket in the AWS, or the emulator of it, that AWS_ENDPOINT_URL and its siblings lead to; what is there
    /// already stays
    Provision,
    /// Run the stand-ins for Bedrock and the feeds alone, at addresses that others can reach
    StandIns(stand_ins::Args),
    /// Run the real services as processes over faults on the wire, kill them at random, and check that no report is
    /// lost, stuck, finished twice or paid for twice
    Soak(soak::SoakArgs),
}

/// Runs what `cli` asks for. Exit codes: 0 done, 1 failed, 2 cannot be done as asked.
pub async fn main(cli: Cli) -> ExitCode {
    if let Err(message) = cli.check() {
        Cli::command().error(ErrorKind::ArgumentConflict, message).exit();
    }
    match run(cli).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "local-stack: {error:#}");
            ExitCode::from(if error.is::<PortUnavailable>() { 2 } else { 1 })
        }
    }
}

/// Whether what was to be shown was shown.
async fn run(cli: Cli) -> anyhow::Result<bool> {
    let stop = CancellationToken::new();
    service_runtime::shutdown::cancel_on_signal(stop.clone())?;
    let ready = cli.ready_file.as_deref().map(Prepared::new).transpose()?;
    let options = cli.options();
    match cli.command {
        None => serve::run(options, ready, stop).await.map(|()| true),
        Some(Command::Demo { out }) => demo::run(options, ready, &out, stop).await.map(|()| true),
        Some(Command::Provision) => provision::run().await.map(|()| true),
        Some(Command::StandIns(args)) => stand_ins::run(args, options, stop).await.map(|()| true),
        Some(Command::Soak(args)) => soak::run(args, options, cli.workers, stop).await,
    }
}

impl Cli {
    /// What no single option can know to be wrong.
    fn check(&self) -> Result<(), &'static str> {
        if self.forward_url.is_some() != self.forward_model.is_some() {
            return Err("--forward-url and --forward-model go together: give both, or neither");
        }
        if let Some(Command::Soak(_)) = self.command {
            if !self.without.is_empty() || self.port.is_some() || self.ready_file.is_some() {
                return Err("a soak starts its own services: leave out --port, --ready-file and --without");
            }
            if self.forward_url.is_some() {
                return Err("a soak counts the answers of the stand-in: leave out --forward-url");
            }
        }
        if let Some(Command::Provision | Command::StandIns(_)) = self.command
            && (!self.without.is_empty() || self.port.is_some() || self.ready_file.is_some())
        {
            return Err("this command starts no API: leave out --port, --ready-file and --without");
        }
        if self.command.is_some() && !self.without.is_empty() {
            return Err("the demo needs the API and a worker: leave out --without");
        }
        Ok(())
    }

    fn options(&self) -> Options {
        let default_port = if self.command.is_some() { 0 } else { PORT };
        let forward = self.forward_url.clone().zip(self.forward_model.clone());
        let environment = process_environment();
        Options {
            port: self.port.unwrap_or(default_port),
            without: self.without.clone(),
            faults: self.fault.clone(),
            seed: self.seed.unwrap_or_else(rand::random),
            workers: self.workers.unwrap_or(WORKERS),
            rig: (!self.rig.is_empty())
                .then(|| fault_proxy::Options { rules: self.rig.clone(), observer: None }),
            forward: forward.map(|(base_url, model)| Forward {
                base_url,
                model,
                api_key: environment
                    .get(FORWARD_API_KEY)
                    .filter(|key| !key.is_empty())
                    .cloned()
                    .map(Into::into),
            }),
            settings: environment::settings_from(&environment),
        }
    }
}

/// Writes to standard output. A reader that went away, as `head` does, is no failure.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cli(arguments: &[&str]) -> Cli {
        Cli::try_parse_from([&["local-stack"], arguments].concat()).unwrap()
    }

    #[test]
    fn options_stand_before_or_after_demo() {
        for arguments in [
            ["--seed", "5", "--fault", "bedrock=throttle:0.2", "demo"],
            ["demo", "--seed", "5", "--fault", "bedrock=throttle:0.2"],
        ] {
            let options = cli(&arguments).options();
            assert_eq!((options.seed, options.faults.len(), options.port), (5, 1, 0));
        }
        assert_eq!(cli(&["demo", "--port", "81"]).options().port, 81);
        assert_eq!(cli(&[]).options().port, 8080);
    }

    #[test]
    fn parts_are_left_out_by_commas_or_by_repetition() {
        for arguments in [&["--without", "api,worker"][..], &["--without", "api", "--without", "worker"]] {
            assert_eq!(cli(arguments).options().without, [Part::Api, Part::Worker]);
        }
    }

    #[test]
    fn options_that_do_not_go_together_are_refused() {
        for (arguments, word) in [
            (&["--forward-url", "http://127.0.0.1:1/v1"][..], "--forward-model"),
            (&["--forward-model", "m"], "--forward-url"),
            (&["demo", "--without", "api"], "--without"),
            (&["soak", "--port", "8080"], "--port"),
            (&["provision", "--ready-file", "f"], "--ready-file"),
            (&["stand-ins", "--port", "8080"], "--port"),
            (&["soak", "--forward-url", "http://127.0.0.1:1/v1", "--forward-model", "m"], "--forward-url"),
        ] {
            assert!(cli(arguments).check().unwrap_err().contains(word));
        }
        assert!(cli(&["--forward-url", "http://127.0.0.1:1/v1", "--forward-model", "m"]).check().is_ok());
    }

    #[test]
    fn seeds_differ_when_none_is_given() {
        assert_ne!(cli(&[]).options().seed, cli(&[]).options().seed);
    }
}
