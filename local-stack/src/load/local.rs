//! A load test of a local stack. The services run as processes of their own; the embedded AWS, the stand-ins and
//! the load generator run in this process.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use anyhow::Context as _;
use secrecy::SecretString;
use service_runtime::config::Environment;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::aws_usage::RequestCounts;
use super::client::LoadClient;
use super::follow::Follower;
use super::options::{LocalStackOptions, Options};
use super::output;
use super::process_usage;
use super::report_state::{KnownLatency, ReportState};
use super::result::{Measured, MeasuredProcesses};
use super::services::{ServiceAtRest, Services};
use super::setup::Setup;
use super::watch::watch;
use crate::faults::{StandIn, from_args};
use crate::inspect::Inspector;
use crate::stack::{Component, Options as StackOptions, Stack};

/// Limit of requests per second and tenant: the machine is to be the limit, not a setting.
const REQUESTS_PER_SECOND: &str = "1000000";
/// Time limit of a model call beyond the latency of the stand-in.
const MODEL_MARGIN: Duration = Duration::from_secs(60);
/// Default and maximum of the time limit of a model call (`DOSSIER_MODEL_SECONDS`).
const MODEL_SECONDS: (Duration, Duration) = (Duration::from_secs(120), Duration::from_secs(3600));
/// Default and maximum of the time limit of a request to a source (`DOSSIER_SOURCE_SECONDS`).
const SOURCE_SECONDS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(120));

/// Runs the test, prints its result, and returns whether every accepted report was completed.
pub(super) async fn run(
    options: &Options,
    local: &LocalStackOptions,
    stop: CancellationToken,
) -> anyhow::Result<bool> {
    let stack = Stack::start(stack_options(local)).await?;
    let outcome = tokio::select! {
        services = Services::start(local, &stack, options.accept_only) => match services {
            Ok(services) => load(options, local, &stack, services, &stop).await,
            Err(error) => Err(error),
        },
        () = stop.cancelled() => Err(anyhow::anyhow!("interrupted before the services were ready")),
    };
    let stopped = stack.stop().await;
    let succeeded = outcome?;
    stopped?;
    Ok(succeeded)
}

/// Returns the options of a stack without services.
fn stack_options(local: &LocalStackOptions) -> StackOptions {
    let mut stack = local.stack.clone();
    stack.without = vec![Component::Api, Component::Worker];
    stack.port = 0;
    let latency = latency(&stack);
    let seconds = |time: Duration, (default, max)| time.clamp(default, max).as_secs_f64().ceil().to_string();
    let model_seconds = seconds(latency.model + MODEL_MARGIN, MODEL_SECONDS);
    let defaults: Environment = [
        ("DOSSIER_REQUESTS_PER_SECOND", REQUESTS_PER_SECOND.to_owned()),
        ("DOSSIER_MODEL_SECONDS", model_seconds.clone()),
        ("DOSSIER_MODEL_FIRST_SECONDS", model_seconds),
        ("DOSSIER_SOURCE_SECONDS", seconds(latency.sources * 2, SOURCE_SECONDS)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let overrides = std::mem::replace(&mut stack.settings, defaults);
    stack.settings.extend(overrides);
    stack
}

/// Returns the latency of one call of each kind of stand-in.
fn latency(stack: &StackOptions) -> KnownLatency {
    let latency = |stand_in| from_args(&stack.faults, stand_in).latency;
    KnownLatency { model: latency(StandIn::Bedrock), sources: latency(StandIn::Feeds) }
}

async fn load(
    options: &Options,
    local: &LocalStackOptions,
    stack: &Stack,
    mut services: Services,
    stop: &CancellationToken,
) -> anyhow::Result<bool> {
    let client = LoadClient::on_loopback(services.api_urls(), &keys(stack, local.tenants).await?)?;
    let setup = Setup::of(options, client.tenants(), latency(&local.stack));
    output::print(options.json.as_ref(), &setup.heading());

    let workers = services.worker_pids(local.kill_worker_after.is_some());
    let (api, worker) = (ServiceAtRest::measure(services.api_pids()), ServiceAtRest::measure(workers));
    let (aws_before, sources_before) = (RequestCounts::of(stack), stack.feeds().calls());
    let cpu_before = process_usage::cpu_of_this_process();
    let mut api_used = None;
    let kill = services.kill_worker();
    let killer = local.kill_worker_after.map(|after| {
        AbortOnDropHandle::new(tokio::spawn(async move {
            sleep(after).await;
            kill.cancel();
        }))
    });
    let follower = (!options.accept_only).then(|| Follower::of_table(Inspector::new(stack)));
    let watched =
        watch(options, &client, follower, stop, services.failed(), || api_used = Some(api.used())).await?;
    drop(killer);
    let accepted =
        watched.submissions.iter().filter(|submission| submission.report_id().is_some()).count() as u64;
    let cpu = process_usage::cpu_of_this_process().zip(cpu_before).map(|(now, before)| now - before);
    let mut measured = Measured {
        known_latency: watched
            .reports
            .as_ref()
            .map(|reports| known_latency(&local.stack, stack, &sources_before, reports)),
        aws: Some(RequestCounts::of(stack).since(&aws_before, accepted)),
        processes: MeasuredProcesses {
            api: Some((api.processes(), api_used.flatten())),
            worker: (!options.accept_only).then(|| (worker.processes(), worker.used())),
            generator: watched.generator_cpu,
            stand_ins: cpu.zip(watched.generator_cpu).map(|(all, own)| all.saturating_sub(own)),
        },
        submissions: watched.submissions,
        reports: watched.reports,
        looked_at: watched.looked_at,
        interrupted: watched.interrupted,
        failure: watched.failure,
    };
    let logs = services.stop(&mut measured.failure).await;
    let succeeded = output::conclude(options.json.as_ref(), &setup, &measured)?;
    if let Some(logs) = logs {
        let text = format!("The logs of the processes are in {}.", logs.display());
        output::print(options.json.as_ref(), &text);
    }
    Ok(succeeded)
}

/// Creates an API key for each tenant.
async fn keys(stack: &Stack, tenants: u16) -> anyhow::Result<Vec<SecretString>> {
    let mut keys = Vec::new();
    for number in 1..=tenants {
        let tenant = format!("load-{number}");
        let key = stack.create_key(&tenant).await;
        keys.push(key.with_context(|| format!("the API key of {tenant} could not be created"))?);
    }
    Ok(keys)
}

/// Returns the latency that the stand-ins added to each report. A source asks its service one question after
/// the other, so the service that answered most questions per report took longest.
fn known_latency(
    options: &StackOptions,
    stack: &Stack,
    calls_before: &BTreeMap<String, u64>,
    reports: &HashMap<String, ReportState>,
) -> KnownLatency {
    let one_call = latency(options);
    let calls = stack.feeds().calls();
    let since = calls.iter().map(|(name, calls)| calls - calls_before.get(name).copied().unwrap_or(0));
    let gathered = reports.values().filter(|report| report.model_calls > 0).count();
    #[expect(clippy::cast_precision_loss, reason = "no load test has 2^52 reports or requests")]
    let calls_per_report = since.max().unwrap_or(0) as f64 / gathered.max(1) as f64;
    KnownLatency { sources: one_call.sources.mul_f64(calls_per_report), ..one_call }
}
