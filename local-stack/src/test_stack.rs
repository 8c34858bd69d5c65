//! The stack for tests: it uses free ports, the same fault schedule every time, and short intervals and drain
//! times.

use std::ops::{Deref, DerefMut};

use aws_adapters::Aws;
use aws_adapters::settings::AwsSettings;
use service_runtime::clock::Clock;
use service_runtime::config::Reader;

use crate::stack::client::Client;
use crate::stack::{Options, Stack};

/// Settings of the services in tests, in seconds. They are shorter than in production, except for the
/// readiness interval: a readiness check makes requests to AWS, which tests count, so the interval is too
/// long for a second check.
const TEST_SETTINGS: [(&str, &str); 8] = [
    ("DOSSIER_API_DRAIN_SECONDS", "1"),
    ("DOSSIER_WORKER_DRAIN_SECONDS", "1"),
    ("DOSSIER_READINESS_SECONDS", "300"),
    ("DOSSIER_SWEEP_SECONDS", "1"),
    ("DOSSIER_PICKUP_GRACE_SECONDS", "5"),
    ("DOSSIER_LEASE_SECONDS", "10"),
    ("DOSSIER_RETRY_MAX_SECONDS", "3"),
    ("DOSSIER_QUEUE_WAIT_SECONDS", "3"),
];

/// Seed of the fault schedules.
const SEED: u64 = 7;

/// A [`Stack`] with a client of its API.
#[derive(Debug)]
pub struct TestStack {
    stack: Stack,
    client: Client,
}

impl TestStack {
    /// Returns the options that [`start`](Self::start) uses. Change them and pass them to
    /// [`with`](Self::with).
    pub fn options() -> Options {
        let settings = TEST_SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Options { seed: SEED, settings, ..Options::default() }
    }

    /// Starts a whole stack.
    ///
    /// # Errors
    /// Returns an error if the stack does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(Self::options()).await
    }

    /// Starts a stack with `options`.
    ///
    /// # Errors
    /// Returns an error if the stack does not start.
    pub async fn with(options: Options) -> anyhow::Result<Self> {
        let stack = Stack::start(options).await?;
        let client = stack.client()?;
        Ok(Self { stack, client })
    }

    /// Returns the client with the key of the tenant `dev`.
    pub fn dev(&self) -> &Client {
        &self.client
    }

    /// Returns the services' AWS adapters for this stack, and the settings that configure them.
    ///
    /// # Errors
    /// Returns an error if a setting of the adapters is missing or invalid in the stack's environment.
    pub fn adapters(&self) -> anyhow::Result<(Aws, AwsSettings)> {
        self.adapters_at(&Clock::system())
    }

    /// Returns the same adapters with another `clock`.
    ///
    /// # Errors
    /// Returns an error if a setting of the adapters is missing or invalid in the stack's environment.
    pub fn adapters_at(&self, clock: &Clock) -> anyhow::Result<(Aws, AwsSettings)> {
        let mut reader = Reader::new(self.environment());
        let settings = AwsSettings::read(&mut reader);
        let settings = reader.finish(settings)?;
        Ok((Aws::new(self.sdk(), &settings, clock), settings))
    }

    /// Stops everything in order.
    ///
    /// # Errors
    /// Returns the first failure, as [`Stack::stop`] does.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stack.stop().await
    }
}

impl Deref for TestStack {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        &self.stack
    }
}

impl DerefMut for TestStack {
    fn deref_mut(&mut self) -> &mut Stack {
        &mut self.stack
    }
}
