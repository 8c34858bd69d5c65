//! A load test of the API of a deployment. Nothing is known of its processes, its AWS and its model.

use std::path::Path;

use anyhow::{Context as _, bail};
use reqwest::Url;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::client::LoadClient;
use super::follow::Follower;
use super::options::Options;
use super::output;
use super::report_state::KnownLatency;
use super::result::{Measured, MeasuredProcesses};
use super::setup::Setup;
use super::watch::watch;

/// Runs the test, prints its result, and returns whether every accepted report was completed.
pub(super) async fn run(
    options: &Options,
    api: &Url,
    key_file: &Path,
    stop: CancellationToken,
) -> anyhow::Result<bool> {
    let keys = read_keys(key_file)?;
    let client = LoadClient::of_deployment(api, &keys)?;
    let setup = Setup::of(options, client.tenants(), KnownLatency::default());
    output::print(options.json.as_ref(), &setup.heading());
    let follower = (!options.accept_only).then(|| Follower::of_list(client.clone()));
    let watched = watch(options, &client, follower, &stop, std::future::pending(), || {}).await?;
    let measured = Measured {
        submissions: watched.submissions,
        reports: watched.reports,
        looked_at: watched.looked_at,
        interrupted: watched.interrupted,
        failure: watched.failure,
        known_latency: None,
        aws: None,
        processes: MeasuredProcesses { generator: watched.generator_cpu, ..MeasuredProcesses::default() },
    };
    output::conclude(options.json.as_ref(), &setup, &measured)
}

/// Reads one key a line. Ignores empty lines and those that begin with `#`.
fn read_keys(path: &Path) -> anyhow::Result<Vec<SecretString>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the file {} with the API keys cannot be read", path.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<SecretString> = lines.map(|line| line.to_owned().into()).collect();
    if keys.is_empty() {
        bail!("the file {} contains no API key: write one key a line", path.display());
    }
    Ok(keys)
}
