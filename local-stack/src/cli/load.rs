//! `local-stack load`: parses its arguments, reports every problem with them at once, and runs the load test.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use reqwest::Url;
use service_runtime::config::process_environment;
use telemetry::{Telemetry, TelemetrySettings};
use tokio_util::sync::CancellationToken;

use crate::faults::{FaultArg, StandIn, parse_latency};
use crate::load::{self, Arrivals, JsonOutput, Limit, LocalStackOptions, Pace, Target};
use crate::stack::Options as StackOptions;

/// Default log filter. It drops the errors that the embedded AWS logs because of injected faults.
const LOG_FILTER: &str = "warn,s3s=off,s3s_fs=off,rustack_sqs_core=off,rustack_dynamodb_core=off";

const DEFAULT_RATE: f64 = 10.0;
const DEFAULT_REPORTS: u64 = 100;
const DEFAULT_PROCESSES: u16 = 1;
const MAX_RATE: f64 = 100_000.0;
/// Longest latency of the stand-in for Bedrock: the services allow an hour for a call at most
/// (`DOSSIER_MODEL_SECONDS`), and a call takes longer than its latency.
const MAX_MODEL_LATENCY: Duration = Duration::from_secs(59 * 60);
/// Longest latency of the stand-ins for the sources: the services allow 120 s for a request at most
/// (`DOSSIER_SOURCE_SECONDS`), of which a load test keeps half in reserve.
const MAX_SOURCE_LATENCY: Duration = Duration::from_secs(60);

/// Options that only the load test has. Values are text, so that every problem can be reported at once.
#[derive(Debug, Clone, Args)]
pub(super) struct LoadArgs {
    /// Open loop: submit this many reports per second at scheduled times; latency counts from the scheduled
    /// time [default: 10]
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<String>,

    /// Closed loop: submit with this number of clients, each of which waits for its answer
    #[arg(long, value_name = "N")]
    concurrency: Option<String>,

    /// Number of reports to submit [default: 100]
    #[arg(long, value_name = "N")]
    reports: Option<String>,

    /// Submit for this many seconds
    #[arg(long, value_name = "S")]
    seconds: Option<String>,

    /// Time in which the rate or the number of clients grows from zero, such as 30s
    #[arg(long, value_name = "DURATION")]
    ramp: Option<String>,

    /// Number of tenants, which submit in turn [default: 1]
    #[arg(long, value_name = "N")]
    tenants: Option<String>,

    /// Latency of each call of the stand-in for Bedrock, such as 10s; a report needs two calls. The same as
    /// --fault bedrock=latency:10s
    #[arg(long, value_name = "DURATION")]
    model_latency: Option<String>,

    /// Latency of each request to the stand-ins for the sources. The same as --fault sources=latency:2s
    #[arg(long, value_name = "DURATION")]
    source_latency: Option<String>,

    /// Number of API processes, which receive submissions in turn [default: 1]
    #[arg(long, value_name = "N")]
    api_processes: Option<String>,

    /// Number of worker processes [default: 1]
    #[arg(long, value_name = "N")]
    worker_processes: Option<String>,

    /// Kill one of the worker processes after this time, such as 30s, without replacing it: the others complete its
    /// reports
    #[arg(long, value_name = "DURATION")]
    kill_worker: Option<String>,

    /// Load the API of any deployment at this base URL instead of a local stack; needs --key-file
    #[arg(long, value_name = "URL")]
    api: Option<String>,

    /// File with the API keys for --api, one a line; each key stands for one tenant
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// Write the result as JSON to this file as well; - is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Measure the acceptance only: start no worker and follow no report
    #[arg(long)]
    accept_only: bool,
}

/// The options of all commands that concern a load test.
#[derive(Debug, Clone)]
pub(super) struct SharedArgs {
    /// Options of a local stack, with the faults and settings that were given.
    pub(super) stack: StackOptions,
    /// Shared options that were given although a load test has no use for them.
    pub(super) useless: Vec<&'static str>,
    /// Shared options that were given and concern a local stack only.
    pub(super) local_only: Vec<&'static str>,
}

/// Collects the problems of all options.
#[derive(Debug, Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    /// Parses a whole number within `range`.
    fn number<T>(&mut self, option: &str, text: Option<&str>, range: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        let text = text?;
        let number = text.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let (min, max) = (range.start(), range.end());
            self.add(format!("{option}: {text:?} is not a whole number from {min} to {max}"));
        }
        number
    }

    /// Parses a duration of at most `max`.
    fn duration(&mut self, option: &str, text: Option<&str>, max: Duration) -> Option<Duration> {
        match parse_latency(text?) {
            Ok(duration) if duration <= max => Some(duration),
            Ok(_) => {
                self.add(format!("{option}: {:?} is more than {} s", text?, max.as_secs()));
                None
            }
            Err(problem) => {
                self.add(format!("{option}: {problem}"));
                None
            }
        }
    }
}

impl LoadArgs {
    /// Converts the arguments.
    ///
    /// # Errors
    /// Returns every problem, one a line.
    pub(super) fn options(&self, shared: &SharedArgs) -> Result<load::Options, String> {
        let mut problems = Problems::default();
        for option in &shared.useless {
            problems.add(format!("a load test has no use for {option}: leave it out"));
        }
        let pace = self.pace(&mut problems);
        let limit = self.limit(&mut problems);
        let target = match &self.api {
            Some(api) => self.deployment(api, shared, &mut problems),
            None => Some(Target::LocalStack(Box::new(self.local_stack(shared, &mut problems)))),
        };
        Self::check_ramp(pace, limit, &mut problems);
        if self.key_file.is_some() && self.api.is_none() {
            problems.add("--key-file belongs to --api: give both or neither");
        }
        if self.accept_only && self.worker_processes.is_some() {
            problems.add("--accept-only starts no worker: leave out --worker-processes");
        }
        let json = self.json.clone().map(|path| match path.as_os_str() == "-" {
            true => JsonOutput::Stdout,
            false => JsonOutput::File(path),
        });
        match target {
            Some(target) if problems.0.is_empty() => {
                Ok(load::Options { pace, limit, accept_only: self.accept_only, target, json })
            }
            _ => Err(problems.0.join("\n  ")),
        }
    }

    fn pace(&self, problems: &mut Problems) -> Pace {
        let hour = Duration::from_secs(3600);
        let ramp = problems.duration("--ramp", self.ramp.as_deref(), hour).unwrap_or_default();
        if self.rate.is_some() && self.concurrency.is_some() {
            problems.add("--rate is an open loop and --concurrency a closed one: give one of them");
        }
        let rate = self.rate.as_ref().map(|text| {
            let rate = text.parse().ok().filter(|rate| *rate > 0.0 && *rate <= MAX_RATE);
            rate.unwrap_or_else(|| {
                problems.add(format!("--rate: {text:?} is not a number above 0 and up to {MAX_RATE}"));
                DEFAULT_RATE
            })
        });
        let clients = problems.number("--concurrency", self.concurrency.as_deref(), 1..=1024);
        match (rate, clients) {
            (None, Some(clients)) => Pace::Closed { clients, ramp },
            (rate, _) => Pace::Open(Arrivals { rate: rate.unwrap_or(DEFAULT_RATE), ramp }),
        }
    }

    /// Adds a problem if the submissions would end before the whole load is reached.
    fn check_ramp(pace: Pace, limit: Limit, problems: &mut Problems) {
        let ramp = match pace {
            Pace::Open(Arrivals { ramp, .. }) | Pace::Closed { ramp, .. } => ramp,
        };
        let is_within = match (pace, limit) {
            (Pace::Open(arrivals), Limit::Reports(reports)) => arrivals.due(reports) <= ramp,
            (_, Limit::Time(time)) => time <= ramp,
            // How many submissions that takes depends on the API.
            (Pace::Closed { .. }, Limit::Reports(_)) => !ramp.is_zero(),
        };
        if is_within && !ramp.is_zero() {
            problems.add(
                "the submissions end within --ramp, before the whole load is reached: with --concurrency give \
                 --seconds, longer than the ramp; with --rate, more --reports or --seconds",
            );
        }
    }

    fn limit(&self, problems: &mut Problems) -> Limit {
        if self.reports.is_some() && self.seconds.is_some() {
            problems.add("--reports and --seconds both end the submissions: give one of them");
        }
        let reports = problems.number("--reports", self.reports.as_deref(), 1..=1_000_000);
        let seconds = problems.number("--seconds", self.seconds.as_deref(), 1..=86_400);
        match (reports, seconds) {
            (None, Some(seconds)) => Limit::Time(Duration::from_secs(seconds)),
            (reports, _) => Limit::Reports(reports.unwrap_or(DEFAULT_REPORTS)),
        }
    }

    fn local_stack(&self, shared: &SharedArgs, problems: &mut Problems) -> LocalStackOptions {
        let mut stack = shared.stack.clone();
        for (option, text, max, stand_in) in [
            ("--model-latency", &self.model_latency, MAX_MODEL_LATENCY, StandIn::Bedrock),
            ("--source-latency", &self.source_latency, MAX_SOURCE_LATENCY, StandIn::Feeds),
        ] {
            let Some(latency) = problems.duration(option, text.as_deref(), max) else { continue };
            if stack.faults.iter().any(|fault| fault.is_latency_of(stand_in)) {
                problems.add(format!("{option} and --fault set the same latency: give one of them"));
            }
            stack.faults.push(FaultArg::latency(stand_in, latency));
        }
        let mut count = |option, text: &Option<String>, max| {
            problems.number(option, text.as_deref(), 1..=max).unwrap_or(DEFAULT_PROCESSES)
        };
        let tenants = count("--tenants", &self.tenants, 1000);
        let api_processes = count("--api-processes", &self.api_processes, 16);
        let worker_processes = count("--worker-processes", &self.worker_processes, 64);
        let hour = Duration::from_secs(3600);
        let kill_worker_after = problems.duration("--kill-worker", self.kill_worker.as_deref(), hour);
        if kill_worker_after.is_some() && (worker_processes < 2 || self.accept_only) {
            problems.add("--kill-worker needs a worker that remains: give --worker-processes 2 or more");
        }
        LocalStackOptions { stack, tenants, api_processes, worker_processes, kill_worker_after }
    }

    fn deployment(&self, api: &str, shared: &SharedArgs, problems: &mut Problems) -> Option<Target> {
        let own = [
            ("--tenants", self.tenants.is_some()),
            ("--model-latency", self.model_latency.is_some()),
            ("--source-latency", self.source_latency.is_some()),
            ("--api-processes", self.api_processes.is_some()),
            ("--worker-processes", self.worker_processes.is_some()),
            ("--kill-worker", self.kill_worker.is_some()),
        ];
        let own = own.into_iter().filter_map(|(option, is_given)| is_given.then_some(option));
        for option in own.chain(shared.local_only.iter().copied()) {
            problems.add(format!("{option} belongs to a local stack: leave it out with --api"));
        }
        if self.key_file.is_none() {
            problems.add("--api needs --key-file: a file with one API key a line");
        }
        let url = api.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none() {
            problems.add(format!("--api: {api:?} is not a URL that begins with http:// or https://"));
        }
        let has_more = |url: &Url| {
            !url.username().is_empty()
                || url.password().is_some()
                || url.query().is_some()
                || url.fragment().is_some()
        };
        if url.as_ref().is_some_and(has_more) {
            problems.add("--api is a base URL without user, query and fragment; keys belong into --key-file");
        }
        Some(Target::Deployment { api: url?, key_file: self.key_file.clone()? })
    }
}

/// Runs the load test and returns whether every accepted report was completed.
pub(super) async fn run(
    args: &LoadArgs,
    shared: &SharedArgs,
    stop: CancellationToken,
) -> anyhow::Result<bool> {
    let options = args.options(shared).map_err(anyhow::Error::msg)?;
    let telemetry = Telemetry::start(
        "dossier-load",
        &TelemetrySettings::with_default_filter(&process_environment(), LOG_FILTER)?,
    )?;
    let outcome = load::run(options, stop).await;
    // The exporter sends the last traces with blocking requests, which must not block a runtime thread.
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    outcome
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Parsed {
        #[command(flatten)]
        args: LoadArgs,
    }

    fn options_with(arguments: &[&str], shared: &SharedArgs) -> Result<load::Options, String> {
        Parsed::try_parse_from([&["load"], arguments].concat()).unwrap().args.options(shared)
    }

    fn shared() -> SharedArgs {
        SharedArgs { stack: StackOptions::default(), useless: Vec::new(), local_only: Vec::new() }
    }

    fn options(arguments: &[&str]) -> load::Options {
        options_with(arguments, &shared()).unwrap()
    }

    fn local(arguments: &[&str]) -> LocalStackOptions {
        match options(arguments).target {
            Target::LocalStack(local) => *local,
            Target::Deployment { .. } => panic!("not a local stack"),
        }
    }

    #[test]
    fn without_options_a_hundred_reports_are_submitted_in_an_open_loop() {
        let defaults = options(&[]);
        assert_eq!(defaults.pace, Pace::Open(Arrivals { rate: 10.0, ramp: Duration::ZERO }));
        assert_eq!((defaults.limit, defaults.json), (Limit::Reports(100), None));
        let local = local(&[]);
        assert_eq!((local.tenants, local.api_processes, local.worker_processes), (1, 1, 1));
    }

    #[test]
    fn options_select_the_loop_its_end_and_where_the_json_goes() {
        let given = options(&["--concurrency", "32", "--ramp", "1.5s", "--seconds", "60", "--json", "-"]);
        assert_eq!(given.pace, Pace::Closed { clients: 32, ramp: Duration::from_millis(1500) });
        assert_eq!(given.limit, Limit::Time(Duration::from_secs(60)));
        assert_eq!(given.json, Some(JsonOutput::Stdout));
        let given = options(&["--rate", "0.5", "--reports", "7", "--json", "out.json", "--accept-only"]);
        assert_eq!(given.pace, Pace::Open(Arrivals { rate: 0.5, ramp: Duration::ZERO }));
        assert_eq!((given.limit, given.accept_only), (Limit::Reports(7), true));
        assert_eq!(given.json, Some(JsonOutput::File("out.json".into())));
    }

    #[test]
    fn submissions_do_not_end_within_the_ramp() {
        for given in [
            ["--concurrency", "32", "--ramp", "10m", "--reports", "100"],
            ["--concurrency", "32", "--ramp", "60s", "--seconds", "60"],
            ["--rate", "200", "--ramp", "60s", "--reports", "100"],
            ["--rate", "200", "--ramp", "60s", "--seconds", "30"],
        ] {
            let problem = options_with(&given, &shared()).unwrap_err();
            assert!(problem.contains("end within --ramp"), "{given:?}: {problem}");
        }
        // A thousand are due within the ramp.
        options(&["--rate", "200", "--ramp", "10s", "--reports", "1001"]);
    }

    #[test]
    fn latencies_are_faults_of_the_stand_ins() {
        let local =
            local(&["--model-latency", "10s", "--source-latency", "250ms", "--worker-processes", "3"]);
        let latency = |stand_in| crate::faults::from_args(&local.stack.faults, stand_in).latency;
        assert_eq!(latency(StandIn::Bedrock), Duration::from_secs(10));
        assert_eq!(latency(StandIn::Feeds), Duration::from_millis(250));
        assert_eq!(local.worker_processes, 3);
    }

    #[test]
    fn a_deployment_needs_a_url_and_a_file_with_keys() {
        let given = options(&["--api", "https://dossier.example/base", "--key-file", "keys"]);
        let Target::Deployment { api, key_file } = given.target else { panic!("not a deployment") };
        assert_eq!((api.as_str(), key_file), ("https://dossier.example/base", "keys".into()));
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let shared = SharedArgs { useless: vec!["--port"], local_only: vec!["--slots"], ..shared() };
        let problems = options_with(
            &[
                ["--rate", "fast", "--concurrency", "0", "--reports", "0", "--seconds", "x"],
                ["--ramp", "5", "--tenants", "2", "--model-latency", "1s", "--api", "ftp://h"],
            ]
            .concat(),
            &shared,
        )
        .unwrap_err();
        for expected in [
            "no use for --port",
            "--rate: \"fast\"",
            "--concurrency: \"0\" is not a whole number from 1 to 1024",
            "--rate is an open loop",
            "--reports: \"0\"",
            "--seconds: \"x\"",
            "--reports and --seconds",
            "--ramp: \"5\" is not a duration",
            "--tenants belongs to a local stack",
            "--model-latency belongs to a local stack",
            "--slots belongs to a local stack",
            "--api needs --key-file",
            "--api: \"ftp://h\"",
        ] {
            assert!(problems.contains(expected), "no {expected:?} in {problems}");
        }
    }

    #[test]
    fn combinations_without_a_meaning_are_rejected() {
        let mut with_latency = shared();
        with_latency.stack.faults = vec!["bedrock=latency:1s".parse().unwrap()];
        for (arguments, expected) in [
            (&["--key-file", "keys"][..], "--key-file belongs to --api"),
            (&["--accept-only", "--worker-processes", "2"], "--accept-only"),
            (&["--kill-worker", "5s"], "--kill-worker"),
            (&["--kill-worker", "soon", "--worker-processes", "2"], "--kill-worker"),
            (&["--model-latency", "1s"], "--model-latency and --fault"),
            (&["--model-latency", "60m"], "--model-latency: \"60m\" is more than 3540 s"),
            (&["--source-latency", "61s"], "--source-latency"),
            (&["--api", "https://k@h", "--key-file", "k"], "keys belong into --key-file"),
        ] {
            let problems = options_with(arguments, &with_latency).unwrap_err();
            assert!(problems.contains(expected), "{problems}");
        }
    }
}
