//! What a load test runs: the heading of its output, and the member `setup` of its JSON.

use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::options::{Limit, LocalStackOptions, Options, Pace, Target};
use super::report_state::KnownLatency;
use crate::faults::{FaultArg, StandIn};

/// What a load test runs. Members that do not apply are null.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Setup {
    /// `local-stack`, or the URL of the deployment.
    target: String,
    /// Whether local-stack and its services were built with optimisation: `release` or `debug`.
    build: Option<&'static str>,
    /// Number of processor cores that this machine offers.
    cores: Option<usize>,
    /// Submissions per second of an open loop.
    rate_per_second: Option<f64>,
    /// Clients of a closed loop.
    concurrency: Option<u16>,
    ramp_seconds: f64,
    reports: Option<u64>,
    seconds: Option<f64>,
    accept_only: bool,
    tenants: usize,
    api_processes: Option<u16>,
    worker_processes: Option<u16>,
    /// Number of reports that each worker processes at a time.
    slots: Option<u16>,
    /// Latency of each model call.
    model_latency_seconds: Option<f64>,
    /// Latency of each request to a source.
    source_latency_seconds: Option<f64>,
    /// Whether the embedded AWS enforces AWS's limits.
    aws_limits: bool,
    kill_worker_after_seconds: Option<f64>,
    /// Whether faults other than these latencies are injected.
    faults: bool,
    seed: Option<u64>,
}

/// Returns whether faults other than the latency of the stand-ins are injected.
fn has_faults(local: &LocalStackOptions) -> bool {
    let is_latency =
        |fault: &FaultArg| [StandIn::Bedrock, StandIn::Feeds].into_iter().any(|of| fault.is_latency_of(of));
    local.stack.fault_proxy.is_some() || !local.stack.faults.iter().all(is_latency)
}

impl Setup {
    /// Returns the setup of a test with `options` and this number of tenants. `latency` is that of the
    /// stand-ins for one call.
    pub(super) fn of(options: &Options, tenants: usize, latency: KnownLatency) -> Self {
        let (rate_per_second, concurrency, ramp) = match options.pace {
            Pace::Open(arrivals) => (Some(arrivals.rate), None, arrivals.ramp),
            Pace::Closed { clients, ramp } => (None, Some(clients), ramp),
        };
        let local = match &options.target {
            Target::LocalStack(local) => Some(&**local),
            Target::Deployment { .. } => None,
        };
        let worker_processes = |local: &LocalStackOptions| match options.accept_only {
            true => 0,
            false => local.worker_processes,
        };
        Self {
            target: match &options.target {
                Target::LocalStack(_) => "local-stack".to_owned(),
                Target::Deployment { api, .. } => api.to_string(),
            },
            build: local.map(|_| if cfg!(debug_assertions) { "debug" } else { "release" }),
            cores: thread::available_parallelism().ok().map(Into::into),
            rate_per_second,
            concurrency,
            ramp_seconds: ramp.as_secs_f64(),
            reports: options.limit.reports(),
            seconds: match options.limit {
                Limit::Reports(_) => None,
                Limit::Time(time) => Some(time.as_secs_f64()),
            },
            accept_only: options.accept_only,
            tenants,
            api_processes: local.map(|local| local.api_processes),
            worker_processes: local.map(worker_processes),
            slots: local.map(|local| local.stack.slots),
            model_latency_seconds: local.map(|_| latency.model.as_secs_f64()),
            source_latency_seconds: local.map(|_| latency.sources.as_secs_f64()),
            aws_limits: local.is_some_and(|local| local.stack.aws_limits.is_some()),
            kill_worker_after_seconds: local
                .and_then(|local| local.kill_worker_after)
                .map(|after| after.as_secs_f64()),
            faults: local.is_some_and(has_faults),
            seed: local.map(|local| local.stack.seed),
        }
    }

    /// Returns a description of what the test runs, in several lines.
    pub(super) fn heading(&self) -> String {
        let cores = self.cores.map(|cores| format!(", {cores} cores")).unwrap_or_default();
        let mut lines = match self.build {
            Some(build) => vec![format!("Load test of a local stack ({build} build{cores})")],
            None => vec![format!(
                "Load test of {} (this machine: {})",
                self.target,
                cores.trim_matches([',', ' '])
            )],
        };
        if self.build == Some("debug") {
            lines.push(
                "WARNING: figures of a debug build say nothing about production; build with --release to measure"
                    .to_owned(),
            );
        }
        lines.push(format!("{} {}; tenants: {}", self.amount(), self.pace(), self.tenants));
        if let (Some(apis), Some(workers), Some(slots)) =
            (self.api_processes, self.worker_processes, self.slots)
        {
            let workers = match workers {
                0 => "no worker".to_owned(),
                workers => format!("{workers} x worker-service with {slots} reports each at a time"),
            };
            lines.push(format!("{apis} x api-service, {workers}"));
        }
        let latency = |name: &str, seconds: Option<f64>| {
            let latency = Duration::from_secs_f64(seconds.unwrap_or_default());
            (!latency.is_zero()).then(|| format!("latency of each {name}: {latency:?}"))
        };
        lines.extend(latency("model call", self.model_latency_seconds));
        lines.extend(latency("request to a source", self.source_latency_seconds));
        if self.aws_limits {
            lines.push("The embedded AWS enforces AWS's limits".to_owned());
        }
        if let Some(after) = self.kill_worker_after_seconds {
            let after = Duration::from_secs_f64(after);
            lines.push(format!(
                "One worker process is killed after {after:?} and not replaced; the figures of the workers are those \
                 of the others"
            ));
        }
        if let (true, Some(seed)) = (self.faults, self.seed) {
            lines.push(format!("Faults are injected; --seed {seed} repeats their schedule"));
        }
        lines.join("\n")
    }

    fn amount(&self) -> String {
        match (self.reports, self.seconds) {
            (Some(reports), _) => format!("{reports} reports"),
            (None, seconds) => format!("Reports for {} s", seconds.unwrap_or_default()),
        }
    }

    fn pace(&self) -> String {
        let pace = match (self.rate_per_second, self.concurrency) {
            (Some(rate), _) => format!("at {rate} per second (open loop)"),
            (None, clients) => {
                format!(
                    "by {} clients, each after its last answer (closed loop)",
                    clients.unwrap_or_default()
                )
            }
        };
        if self.ramp_seconds > 0.0 {
            format!("{pace}, after a ramp of {} s", self.ramp_seconds)
        } else {
            pace
        }
    }
}
