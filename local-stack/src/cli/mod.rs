//! The command line of `local-stack`: its options and sub-commands, and its exit codes.

mod load;
mod outages;
mod provision;
mod serve;
mod soak;
mod stand_ins;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser, Subcommand, error::ErrorKind};
use service_runtime::config::process_environment;
use tokio_util::sync::CancellationToken;

use crate::bedrock::Forward;
use crate::demo;
use crate::fault_proxy;
use crate::faults::FaultArg;
use crate::limits::{Limits, values::MAX_BURST};
use crate::ready::PendingReadyFile;
use crate::stack::{Component, Options, PortUnavailable, environment};

/// Default port of the API. The sub-commands select a free port instead.
const DEFAULT_PORT: u16 = 8080;

/// Default number of reports that each worker processes at a time.
const DEFAULT_SLOTS: u16 = 8;

/// Environment variable with the API key of the server that conversations are forwarded to.
const FORWARD_API_KEY: &str = "DOSSIER_FORWARD_API_KEY";

/// Runs Dossier on one machine: the API with its web page, a worker, an embedded AWS, and stand-ins for
/// Bedrock and the sources of evidence. Nothing outlives the process. Press Ctrl-C to stop it.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Port of the API on 127.0.0.1; 0 selects a free port [default: 8080; demo: 0]
    #[arg(long, global = true, value_name = "N")]
    port: Option<u16>,

    /// Write addresses, keys and the services' environment to F as JSON when the stack is ready
    #[arg(long, global = true, value_name = "F")]
    ready_file: Option<PathBuf>,

    /// Do not start this service, so that you can start it by hand with `env` of the ready file
    #[arg(long, global = true, value_name = "SERVICE", value_delimiter = ',')]
    without: Vec<Component>,

    /// Inject a fault into a stand-in, such as bedrock=throttle:0.2 or sources=latency:20s; may be repeated
    #[arg(long, global = true, value_name = "STAND-IN=FAULT[:VALUE]")]
    fault: Vec<FaultArg>,

    /// Inject a fault between the services and AWS or Bedrock, such as DynamoDb.UpdateItem=lost-answer:0.05
    /// or S3.*=throttle:0.2; all=0.05 injects every fault except hang and refused; may be repeated
    #[arg(long = "wire-fault", alias = "rig", global = true, value_name = "OPERATION=FAULT:PROBABILITY")]
    wire_faults: Vec<fault_proxy::Rule>,

    /// Seed of the faults, which repeats their schedule [default: random]
    #[arg(long, global = true, value_name = "N")]
    seed: Option<u64>,

    /// Number of reports that each worker processes at a time [default: 8]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    slots: Option<u16>,

    /// With soak: number of worker processes [default: 3]. Without it: the former name of --slots
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,

    /// Enforce the limits of AWS: throughput of DynamoDB, SQS and S3, sizes, and Bedrock's token quota
    #[arg(long, global = true)]
    aws_limits: bool,

    /// With --aws-limits: seconds for which a DynamoDB partition keeps unused units for a burst [default: 0]
    #[arg(long, global = true, value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(0..=MAX_BURST.as_secs()))]
    dynamodb_burst: Option<u64>,

    /// With --aws-limits: requests per minute of each Bedrock model [default: no limit, as on AWS]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    bedrock_rpm: Option<u64>,

    /// With --aws-limits: tokens per minute of each Bedrock model [default: 5000000]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    bedrock_tpm: Option<u64>,

    /// Let an OpenAI-compatible server write the reports: its base URL, such as http://127.0.0.1:11434/v1
    #[arg(long, global = true, value_name = "URL")]
    forward_url: Option<String>,

    /// Name of the model on that server
    #[arg(long, global = true, value_name = "NAME")]
    forward_model: Option<String>,
}

const AFTER_HELP: &str = "Environment:
  DOSSIER_FORWARD_API_KEY  API key of the server at --forward-url, sent as a bearer token
  DOSSIER_LOG              log filter [default: info; demo: error]
  DOSSIER_*                settings of the API and the worker (see their --help) apply here too, except for
                           addresses, names and keys, which belong to this stack";

#[derive(Debug, Subcommand)]
enum Command {
    /// Write reports on five sample companies, during an outage of the model too, and save the files
    Demo {
        /// Directory for the reports; created if it does not exist
        #[arg(long, value_name = "DIR", default_value = "dossier-reports")]
        out: PathBuf,
    },
    /// Create the table, the queues and the bucket in the AWS account or emulator that AWS_ENDPOINT_URL and
    /// the other AWS variables select. Existing resources are kept
    Provision,
    /// Run only the stand-ins for Bedrock and the sources of evidence, at addresses that other hosts can reach
    StandIns(stand_ins::Args),
    /// Run the real services as processes, inject faults on the wire, kill the processes at random, and check
    /// that no report is lost, stuck, completed twice or paid for twice
    Soak(soak::SoakArgs),
    /// Run the real services as processes, submit reports at a rate or with a number of clients, and print
    /// latencies, CPU time, memory and requests to AWS
    Load(Box<load::LoadArgs>),
    /// Break one service after the other on a compressed clock, and print what each outage costs: reports
    /// completed and failed, paid model calls, messages sent
    Outages(outages::OutagesArgs),
}

/// Runs the command. Exit codes: 0 success, 1 failure, 2 invalid options or unavailable port.
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

/// Runs the command and returns whether it succeeded. Only a soak, a load test and an outage table return
/// `false`.
async fn run(cli: Cli) -> anyhow::Result<bool> {
    let stop = CancellationToken::new();
    service_runtime::shutdown::cancel_on_signal(stop.clone())?;
    let ready = cli.ready_file.as_deref().map(PendingReadyFile::new).transpose()?;
    let options = cli.options();
    let load_shared = cli.load_shared();
    match cli.command {
        None => serve::run(options, ready, stop).await.map(|()| true),
        Some(Command::Demo { out }) => demo::run(options, ready, &out, stop).await.map(|()| true),
        Some(Command::Provision) => provision::run().await.map(|()| true),
        Some(Command::StandIns(args)) => stand_ins::run(args, options, stop).await.map(|()| true),
        Some(Command::Soak(args)) => soak::run(args, options, cli.workers, stop).await,
        Some(Command::Load(args)) => load::run(&args, &load_shared, stop).await,
        Some(Command::Outages(args)) => outages::run(args, options, stop).await,
    }
}

impl Cli {
    /// Rejects invalid combinations of options that are valid on their own.
    fn check(&self) -> Result<(), String> {
        match &self.command {
            Some(Command::Load(args)) => {
                self.check_limits()?;
                args.options(&self.load_shared()).map(drop)
            }
            _ => self.check_combinations().map_err(str::to_owned),
        }
    }

    fn check_limits(&self) -> Result<(), &'static str> {
        let has_limit = [self.dynamodb_burst, self.bedrock_rpm, self.bedrock_tpm].iter().any(Option::is_some);
        if has_limit && !self.aws_limits {
            return Err("--dynamodb-burst, --bedrock-rpm and --bedrock-tpm change a limit: add --aws-limits");
        }
        Ok(())
    }

    fn check_combinations(&self) -> Result<(), &'static str> {
        if self.slots.is_some() && self.workers.is_some() && !matches!(self.command, Some(Command::Soak(_))) {
            return Err("--workers is the former name of --slots: leave it out");
        }
        if self.forward_url.is_some() != self.forward_model.is_some() {
            return Err("--forward-url and --forward-model belong together: give both or neither");
        }
        self.check_limits()?;
        if self.aws_limits && matches!(self.command, Some(Command::Provision)) {
            return Err("this command uses an AWS that has limits of its own: leave out --aws-limits");
        }
        if let Some(Command::Soak(_)) = self.command {
            if !self.without.is_empty() || self.port.is_some() || self.ready_file.is_some() {
                return Err("a soak starts its own services: leave out --port, --ready-file and --without");
            }
            if self.forward_url.is_some() {
                return Err("a soak counts the answers of the Bedrock stand-in: leave out --forward-url");
            }
        }
        if let Some(Command::Provision | Command::StandIns(_)) = self.command
            && (!self.without.is_empty() || self.port.is_some() || self.ready_file.is_some())
        {
            return Err("this command starts no API: leave out --port, --ready-file and --without");
        }
        if let Some(Command::Outages(_)) = self.command {
            if !self.without.is_empty() || self.port.is_some() || self.ready_file.is_some() {
                return Err(
                    "every outage has a stack of its own: leave out --port, --ready-file and --without",
                );
            }
            if !self.wire_faults.is_empty() || !self.fault.is_empty() || self.forward_url.is_some() {
                return Err(
                    "an outage breaks one service only: leave out --wire-fault, --fault and --forward-url",
                );
            }
        }
        if self.command.is_some() && !self.without.is_empty() {
            return Err("the demo needs the API and the worker: leave out --without");
        }
        Ok(())
    }

    /// Returns what the options of all commands mean to a load test.
    fn load_shared(&self) -> load::SharedArgs {
        let given = |options: &[(&'static str, bool)]| {
            options.iter().filter_map(|(option, is_given)| is_given.then_some(*option)).collect()
        };
        load::SharedArgs {
            stack: self.options(),
            useless: given(&[
                ("--port", self.port.is_some()),
                ("--ready-file", self.ready_file.is_some()),
                ("--without", !self.without.is_empty()),
                ("--workers", self.workers.is_some()),
                ("--forward-url", self.forward_url.is_some()),
                ("--forward-model", self.forward_model.is_some()),
            ]),
            local_only: given(&[
                ("--fault", !self.fault.is_empty()),
                ("--wire-fault", !self.wire_faults.is_empty()),
                ("--seed", self.seed.is_some()),
                ("--slots", self.slots.is_some()),
                ("--aws-limits", self.aws_limits),
            ]),
        }
    }

    /// Returns the number of slots, if given: by `--slots`, or outside a soak by its former name `--workers`.
    fn slots(&self) -> Option<u16> {
        let is_soak = matches!(self.command, Some(Command::Soak(_)));
        self.slots.or(self.workers.filter(|_| !is_soak))
    }

    fn limits(&self) -> Option<Limits> {
        let defaults = Limits::default();
        self.aws_limits.then(|| Limits {
            partition_burst: self.dynamodb_burst.map_or(defaults.partition_burst, Duration::from_secs),
            bedrock_requests: self.bedrock_rpm,
            bedrock_tokens: self.bedrock_tpm.unwrap_or(defaults.bedrock_tokens),
            ..defaults
        })
    }

    fn options(&self) -> Options {
        let default_port = if self.command.is_some() { 0 } else { DEFAULT_PORT };
        let forward = self.forward_url.clone().zip(self.forward_model.clone());
        let environment = process_environment();
        Options {
            port: self.port.unwrap_or(default_port),
            without: self.without.clone(),
            faults: self.fault.clone(),
            seed: self.seed.unwrap_or_else(rand::random),
            slots: self.slots().unwrap_or(DEFAULT_SLOTS),
            fault_proxy: (!self.wire_faults.is_empty())
                .then(|| fault_proxy::Options { rules: self.wire_faults.clone(), observer: None }),
            aws_limits: self.limits(),
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
            ..Options::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cli(arguments: &[&str]) -> Cli {
        Cli::try_parse_from([&["local-stack"], arguments].concat()).unwrap()
    }

    #[test]
    fn options_are_accepted_before_and_after_the_sub_command() {
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
    fn without_takes_a_comma_separated_list_or_is_repeated() {
        for arguments in [&["--without", "api,worker"][..], &["--without", "api", "--without", "worker"]] {
            assert_eq!(cli(arguments).options().without, [Component::Api, Component::Worker]);
        }
    }

    #[test]
    fn conflicting_options_are_rejected() {
        for (arguments, expected) in [
            (&["--forward-url", "http://127.0.0.1:1/v1"][..], "--forward-model"),
            (&["--forward-model", "m"], "--forward-url"),
            (&["demo", "--without", "api"], "--without"),
            (&["soak", "--port", "8080"], "--port"),
            (&["outages", "--port", "8080"], "--port"),
            (&["outages", "--wire-fault", "S3.*=throttle:1"], "--wire-fault"),
            (&["outages", "--fault", "bedrock=error:1"], "--fault"),
            (&["provision", "--ready-file", "f"], "--ready-file"),
            (&["stand-ins", "--port", "8080"], "--port"),
            (&["--bedrock-tpm", "5"], "--aws-limits"),
            (&["--dynamodb-burst", "300"], "--aws-limits"),
            (&["provision", "--aws-limits"], "--aws-limits"),
            (&["--slots", "2", "--workers", "2"], "--slots"),
            (&["soak", "--forward-url", "http://127.0.0.1:1/v1", "--forward-model", "m"], "--forward-url"),
        ] {
            assert!(cli(arguments).check().unwrap_err().contains(expected));
        }
        assert!(cli(&["--forward-url", "http://127.0.0.1:1/v1", "--forward-model", "m"]).check().is_ok());
    }

    #[test]
    fn former_names_of_options_are_accepted() {
        assert_eq!(cli(&["--workers", "3"]).options().slots, 3);
        assert_eq!(cli(&["--slots", "3"]).options().slots, 3);
        let soak = cli(&["soak", "--workers", "3"]);
        assert_eq!((soak.options().slots, soak.workers), (DEFAULT_SLOTS, Some(3)));
        assert_eq!(cli(&["soak", "--workers", "3", "--slots", "2"]).options().slots, 2);
        for name in ["--rig", "--wire-fault"] {
            assert!(cli(&[name, "all=0.05"]).options().fault_proxy.is_some());
        }
        assert_eq!(
            cli(&["--fault", "feeds=throttle:0.2"]).fault,
            cli(&["--fault", "sources=throttle:0.2"]).fault
        );
        for name in ["--feeds-bind", "--sources-bind"] {
            assert!(Cli::try_parse_from(["local-stack", "stand-ins", name, "127.0.0.1:1"]).is_ok());
        }
    }

    #[test]
    fn limits_are_those_of_aws_unless_an_option_changes_them() {
        assert_eq!(cli(&[]).options().aws_limits, None);
        assert_eq!(cli(&["demo", "--aws-limits"]).options().aws_limits, Some(Limits::default()));
        let changed =
            cli(&["--aws-limits", "--bedrock-rpm", "7", "--bedrock-tpm", "9", "--dynamodb-burst", "300"]);
        let expected = Limits {
            bedrock_requests: Some(7),
            bedrock_tokens: 9,
            partition_burst: MAX_BURST,
            ..Limits::default()
        };
        assert_eq!(changed.options().aws_limits, Some(expected));
        let too_long = ["local-stack", "--aws-limits", "--dynamodb-burst", "301"];
        assert!(Cli::try_parse_from(too_long).is_err());
    }

    #[test]
    fn the_default_seed_is_random() {
        assert_ne!(cli(&[]).options().seed, cli(&[]).options().seed);
    }
}
