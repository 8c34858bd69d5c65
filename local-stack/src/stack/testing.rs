//! The stack as tests want it: on free ports, with the same faults every time, quick to notice and quick to stop.

use std::ops::{Deref, DerefMut};

use aws_adapters::Aws;
use aws_adapters::settings::AwsSettings;
use service_runtime::config::Reader;

use super::client::Client;
use super::{Options, Stack};

/// Short waits in place of those for production: seconds. A look at readiness makes requests to AWS, which tests
/// count: after the first there is none.
const QUICK: [(&str, &str); 6] = [
    ("DOSSIER_API_DRAIN_SECONDS", "1"),
    ("DOSSIER_WORKER_DRAIN_SECONDS", "1"),
    ("DOSSIER_READINESS_SECONDS", "300"),
    ("DOSSIER_SWEEP_SECONDS", "1"),
    ("DOSSIER_PICKUP_GRACE_SECONDS", "5"),
    ("DOSSIER_LEASE_SECONDS", "10"),
];

/// Seed of the faults.
const SEED: u64 = 7;

/// A [`Stack`] with a client of it.
#[derive(Debug)]
pub struct TestStack {
    stack: Stack,
    client: Client,
}

impl TestStack {
    /// What [`start`](Self::start) starts, to be changed and given to [`with`](Self::with).
    pub fn options() -> Options {
        let settings = QUICK.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Options { seed: SEED, settings, ..Options::default() }
    }

    /// A whole stack.
    ///
    /// # Errors
    /// As [`Stack::start`].
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(Self::options()).await
    }

    /// A stack with `options`.
    ///
    /// # Errors
    /// As [`Stack::start`].
    pub async fn with(options: Options) -> anyhow::Result<Self> {
        let stack = Stack::start(options).await?;
        let client = stack.client()?;
        Ok(Self { stack, client })
    }

    /// The client with the key of the tenant `dev`.
    pub fn dev(&self) -> &Client {
        &self.client
    }

    /// The services' adapters over this stack, with the settings they are made of.
    ///
    /// # Errors
    /// When the stack's environment is not what the services need.
    pub fn adapters(&self) -> anyhow::Result<(Aws, AwsSettings)> {
        let mut reader = Reader::new(self.environment());
        let settings = AwsSettings::read(&mut reader);
        let settings = reader.finish(settings)?;
        Ok((Aws::new(self.sdk(), &settings), settings))
    }

    /// Stops everything in order.
    ///
    /// # Errors
    /// As [`Stack::stop`].
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
