//! `local-stack` without a command: serves until it is told to stop.

use std::fmt::Write as _;

use secrecy::ExposeSecret as _;
use service_runtime::config::process_environment;
use telemetry::{Telemetry, TelemetrySettings};
use tokio_util::sync::CancellationToken;

use super::say;
use crate::demo::samples::SAMPLES;
use crate::ready::Prepared;
use crate::stack::{Options, Part, Stack};

/// The embedded S3 calls it an error when it is asked for what it does not know, which provisioning does and expects.
const FILTER: &str = "info,s3s=off,rustack_sqs_core=warn";

/// Serves until `stop`, or until a part of the stack fails.
pub(super) async fn run(
    options: Options,
    ready: Option<Prepared>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let telemetry = Telemetry::start(
        "dossier-local",
        &TelemetrySettings::with_default_filter(&process_environment(), FILTER)?,
    )?;
    let outcome = serve(options, ready, stop).await;
    // The last traces are sent with blocking requests, which must not hold up a thread of the runtime.
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    outcome
}

async fn serve(options: Options, ready: Option<Prepared>, stop: CancellationToken) -> anyhow::Result<()> {
    let mut stack = tokio::select! {
        stack = Stack::start(options.clone()) => stack?,
        () = stop.cancelled() => return Ok(()),
    };
    let ready_file = match ready.map(|ready| ready.publish(&stack)).transpose() {
        Ok(ready_file) => ready_file,
        Err(error) => {
            stack.stop().await?;
            return Err(error);
        }
    };
    say(&welcome(&stack, &options));
    let failure = tokio::select! {
        () = stop.cancelled() => None,
        error = stack.ended() => Some(error),
    };
    // It says that everything can be used: not for a moment longer than that is true.
    drop(ready_file);
    let stopped = stack.stop().await;
    match failure {
        Some(failure) => Err(failure),
        None => stopped,
    }
}

fn welcome(stack: &Stack, options: &Options) -> String {
    let mut text =
        String::from("\n  Dossier, on this machine. Nothing outlives this process; Ctrl-C stops it.\n\n");
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<18}{value}");
    };
    let left_out = |part| options.without.contains(&part);
    let api = stack.api_url();
    if left_out(Part::Api) {
        row("API", &format!("left out; to be started by hand at {api}"));
    } else {
        row("Web page and API", api);
    }
    if left_out(Part::Worker) {
        row("Worker", "left out; to be started by hand");
    }
    row("Development key", stack.keys().dev.expose_secret());
    row("AWS", &stack.aws().endpoint());
    match &options.forward {
        Some(forward) => row(
            "Bedrock stand-in",
            &format!(
                "{} (forwards to {} as {})",
                stack.bedrock().base_url(),
                forward.base_url,
                forward.model
            ),
        ),
        None => row("Bedrock stand-in", &stack.bedrock().base_url()),
    }
    row("Feed stand-ins", &stack.feeds().base_url());
    if let Some(rig) = stack.rig() {
        row("Fault rig", &format!("{} (AWS), {} (Bedrock)", rig.aws_url(), rig.bedrock_url()));
    }
    row("Seed of faults", &options.seed.to_string());
    let _ = write!(
        text,
        "\n  Try it, with KEY set to the development key:\n\n    curl -sS {api}/v1/reports -H \"authorization: Bearer $KEY\" \\\n      \
         -H 'content-type: application/json' \\\n      -d '{}'\n",
        SAMPLES[0].request(),
    );
    text
}
