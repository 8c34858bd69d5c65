//! `local-stack` without a sub-command: serves until it is stopped.

use std::fmt::Write as _;

use secrecy::ExposeSecret as _;
use service_runtime::config::process_environment;
use telemetry::{Telemetry, TelemetrySettings};
use tokio_util::sync::CancellationToken;

use crate::console::print_line;
use crate::demo::samples::EVIDENCE;
use crate::ready::PendingReadyFile;
use crate::stack::{Component, Options, Stack};

/// Default log filter. The embedded S3 logs an error for operations it does not implement. Provisioning makes
/// such requests and expects that answer, so the filter drops these errors.
const LOG_FILTER: &str = "info,s3s=off,rustack_sqs_core=warn";

/// Serves until `stop` is cancelled or a part of the stack fails.
pub(super) async fn run(
    options: Options,
    ready: Option<PendingReadyFile>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let telemetry = Telemetry::start(
        "dossier-local",
        &TelemetrySettings::with_default_filter(&process_environment(), LOG_FILTER)?,
    )?;
    let outcome = serve(options, ready, stop).await;
    // The exporter sends the last traces with blocking requests, which must not block a runtime thread.
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    outcome
}

async fn serve(
    options: Options,
    ready: Option<PendingReadyFile>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
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
    print_line(&welcome(&stack, &options));
    let failure = tokio::select! {
        () = stop.cancelled() => None,
        error = stack.ended() => Some(error),
    };
    // The file says that the stack is ready, so it is removed before anything stops.
    drop(ready_file);
    let stopped = stack.stop().await;
    match failure {
        Some(failure) => Err(failure),
        None => stopped,
    }
}

fn welcome(stack: &Stack, options: &Options) -> String {
    let mut text = String::from(
        "\n  Dossier runs on this machine. Press Ctrl-C to stop it; nothing outlives the process.\n\n",
    );
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<18}{value}");
    };
    let left_out = |component| options.without.contains(&component);
    let api = stack.api_url();
    if left_out(Component::Api) {
        row("API", &format!("not started; start it by hand at {api}"));
    } else {
        row("Web page and API", api);
    }
    if left_out(Component::Worker) {
        row("Worker", "not started; start it by hand");
    }
    row("Development key", stack.keys().dev.expose_secret());
    row("Embedded AWS", &stack.aws().endpoint());
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
    row("Source stand-ins", &stack.feeds().base_url());
    if let Some(proxy) = stack.fault_proxy() {
        row("Fault proxy", &format!("{} (AWS), {} (Bedrock)", proxy.aws_url(), proxy.bedrock_url()));
    }
    row("Seed of faults", &options.seed.to_string());
    let _ = write!(
        text,
        "\n  Request a report, with KEY set to the development key:\n\n    curl -sS {api}/v1/reports -H \"authorization: Bearer $KEY\" \\\n      \
         -H 'content-type: application/json' \\\n      -d '{}'\n",
        EVIDENCE[0].request(),
    );
    text
}
