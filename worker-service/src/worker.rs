//! A worker as a whole: built from settings, run until it is stopped, drained in order.

use std::{sync::Arc, time::Duration};

use shared::{
    aws::{Aws, SdkConfig, sdk_config_loader},
    clock::Clock,
};
use thiserror::Error;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    assess::{Assessor, model::Model},
    consumer,
    evidence::{Sources, SourcesError},
    job::Jobs,
    pipeline::Pipeline,
    settings::Settings,
    sweeper,
};

/// How long giving reports back may take once they were told to stop.
const GIVE_BACK: Duration = Duration::from_secs(10);

/// A worker, ready to run.
#[derive(Debug)]
pub struct Worker {
    jobs: Arc<Jobs>,
    settings: Settings,
}

/// Why a worker cannot be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The sources cannot be asked.
    #[error("the sources of evidence cannot be asked: {0}")]
    Sources(#[from] SourcesError),
}

impl Worker {
    /// [`build_with`](Self::build_with) what the environment says of AWS.
    ///
    /// # Errors
    /// [`BuildError`] when a part cannot be made.
    pub async fn build(settings: Settings) -> Result<Self, BuildError> {
        let sdk = sdk_config_loader().load().await;
        Self::build_with(settings, &sdk, &sdk)
    }

    /// Makes the adapters over `sdk`, the model's client over `bedrock`, and the sources.
    ///
    /// # Errors
    /// [`BuildError`] when one cannot be made.
    pub fn build_with(settings: Settings, sdk: &SdkConfig, bedrock: &SdkConfig) -> Result<Self, BuildError> {
        let aws = Aws::new(sdk, &settings.aws);
        let model = Model::new(bedrock, settings.model.clone());
        let sources = Sources::new(&settings.sources)?;
        let assessor = Assessor::new(model, settings.sources.mandatory.clone());
        let clock = Clock::system();
        let pipeline = Pipeline::new(aws.clone(), clock.clone(), sources, assessor);
        let jobs = Jobs {
            aws,
            clock,
            policy: settings.aws.policy,
            pipeline,
            worker: format!("worker-{}", Uuid::now_v7().simple()),
            give_back: CancellationToken::new(),
        };
        Ok(Self { jobs: Arc::new(jobs), settings })
    }

    /// Works until `stop`, then drains: nothing more is received, reports in work get the drain
    /// time, and what is left is given back so that another worker continues at once.
    pub async fn run(self, stop: CancellationToken) {
        let Self { jobs, settings } = self;
        tracing::info!(worker = %jobs.worker, slots = settings.concurrency, version = env!("CARGO_PKG_VERSION"), "worker is ready");
        let running = TaskTracker::new();
        let sweeping =
            tokio::spawn(sweeper::keep_sweeping(Arc::clone(&jobs), settings.sweep_interval, stop.clone()));
        consumer::consume(Arc::clone(&jobs), settings.concurrency, stop, running.clone()).await;
        running.close();
        if timeout(settings.drain, running.wait()).await.is_err() {
            tracing::info!(reports = running.len(), "giving back what is still in work");
            jobs.give_back.cancel();
            if timeout(GIVE_BACK, running.wait()).await.is_err() {
                tracing::warn!(
                    reports = running.len(),
                    "some reports could not be given back; their leases will run out"
                );
            }
        }
        let _ = sweeping.await;
        tracing::info!("worker has stopped");
    }
}
