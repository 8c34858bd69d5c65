//! A worker as a whole, which is built from its settings, run until it is stopped, and then drained.

use std::{collections::HashMap, io::Write, sync::Arc, time::Duration};

use aws_adapters::settings::AwsSettings;
use aws_adapters::{Aws, SdkConfig, SdkError, load_sdk_config, queue::Queue, quota::Quota};
use service_runtime::clock::Clock;
use sources::{Sources, SourcesError};
use thiserror::Error;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    assess::{Assessor, Model, ModelBudget},
    claim::Claims,
    concurrency_limit::ConcurrencyLimit,
    consumer,
    dead_letters::{self, Redriven},
    ecs_task_protection::EcsAgent,
    health::Liveness,
    job::JobRunner,
    pipeline::Pipeline,
    settings::Settings,
    sweeper,
    tenant_concurrency::TenantConcurrency,
    webhooks::{self, Sender, Webhooks},
};

/// Maximum time for releasing reports, and then again for ending background tasks, when the worker stops.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(10);

/// A worker, ready to run.
#[derive(Debug)]
pub struct Worker {
    jobs: Arc<JobRunner>,
    concurrency: Arc<ConcurrencyLimit>,
    agent: Option<EcsAgent>,
    sources: Sources,
    webhooks: Webhooks,
    liveness: Arc<Liveness>,
    settings: Settings,
}

/// The reason why a worker cannot be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The AWS SDK cannot be configured.
    #[error(transparent)]
    Aws(#[from] SdkError),
    /// A configured model cannot be used.
    #[error("the models cannot be used:\n  {}", .0.join("\n  "))]
    Models(Vec<String>),
    /// The sources of evidence cannot be created.
    #[error("the sources of evidence cannot be used: {0}")]
    Sources(#[from] SourcesError),
}

/// Returns, by model id, the shared quota of each model that has a configured quota.
fn quotas(models: &[Model], sdk: &SdkConfig, settings: &AwsSettings) -> HashMap<String, Quota> {
    let quota = |model: &Model| {
        let id = model.id().to_owned();
        Some((id.clone(), Aws::quota(sdk, settings, id, model.spec().limits?)))
    };
    models.iter().filter_map(quota).collect()
}

impl Worker {
    /// Builds a worker that uses the AWS configuration of the environment.
    ///
    /// # Errors
    /// Returns a [`BuildError`] if a part of the worker cannot be built.
    pub async fn build(settings: Settings) -> Result<Self, BuildError> {
        let sdk = load_sdk_config().await?;
        Self::build_with(settings, &sdk, &sdk)
    }

    /// Builds a worker that calls models with `bedrock` and every other AWS service with `sdk`.
    ///
    /// # Errors
    /// Returns a [`BuildError`] if a part of the worker cannot be built.
    pub fn build_with(settings: Settings, sdk: &SdkConfig, bedrock: &SdkConfig) -> Result<Self, BuildError> {
        let clock = Clock::system();
        let aws = Aws::new(sdk, &settings.aws, &clock);
        let models = Model::configured(bedrock, &settings.model).map_err(BuildError::Models)?;
        let sources = Sources::new(&settings.sources, sdk, &settings.aws.table, clock.clone())?;
        let concurrency = ConcurrencyLimit::new(settings.concurrency);
        let quotas = quotas(&models, sdk, &settings.aws);
        let model_budget = ModelBudget::new(
            aws.spending.clone(),
            settings.model.budgets,
            quotas,
            Arc::clone(&concurrency),
            clock.clone(),
        );
        let mandatory = settings.sources.mandatory.clone();
        let assessor = Assessor::new(
            models,
            settings.model.prompt,
            Arc::clone(&concurrency),
            mandatory,
            sources::rulebook(),
        );
        let dead_letters = Queue::at(sdk, settings.dlq_url.clone());
        let pipeline = Pipeline::new(aws.clone(), clock.clone(), sources.clone(), assessor, model_budget);
        let claims = Claims {
            aws: aws.clone(),
            clock: clock.clone(),
            policy: settings.aws.policy,
            tenants: TenantConcurrency::new(settings.tenant_max),
            worker: format!("worker-{}", Uuid::now_v7().simple()),
        };
        let jobs = JobRunner {
            aws,
            dead_letters,
            clock,
            policy: settings.aws.policy,
            claims,
            pipeline,
            release: CancellationToken::new(),
        };
        let sender = Sender::new(settings.webhooks.private_hosts.clone()).map_err(SourcesError::Http)?;
        let dead_letters = Queue::at(sdk, settings.webhooks.dlq_url.clone());
        let webhooks = Webhooks { sender, dead_letters };
        let agent = settings.ecs_agent.as_ref().map(EcsAgent::new).transpose().map_err(SourcesError::Http)?;
        let liveness = Arc::default();
        Ok(Self { jobs: Arc::new(jobs), concurrency, agent, sources, webhooks, liveness, settings })
    }

    /// Returns the liveness of the worker, for its health check.
    pub fn liveness(&self) -> Arc<Liveness> {
        Arc::clone(&self.liveness)
    }

    /// Processes reports until `stop` is cancelled, then drains the worker: no more messages are received,
    /// reports in progress have the drain time to finish, and those that do not finish are released, so that
    /// another worker continues with them at once.
    pub async fn run(self, stop: CancellationToken) {
        let Self { jobs, concurrency, agent, sources, webhooks, liveness, settings } = self;
        // Reports need the sources, so receiving messages before they are ready would not start a report
        // earlier.
        tokio::select! {
            () = stop.cancelled() => return,
            () = sources.prepare() => {}
        }
        liveness.ready();
        let (version, revision) = (env!("CARGO_PKG_VERSION"), &settings.telemetry.revision);
        tracing::info!(worker = %jobs.claims.worker, slots = settings.concurrency, version, revision, "worker is ready");
        let running = TaskTracker::new();
        let drained = CancellationToken::new();
        let background = TaskTracker::new();
        background.spawn(sweeper::keep_sweeping(Arc::clone(&jobs), settings.sweep_interval, stop.clone()));
        background.spawn(webhooks::keep_delivering(Arc::clone(&jobs), webhooks, stop.clone()));
        background.spawn(dead_letters::keep_scanning(Arc::clone(&jobs), stop.clone()));
        background.spawn(sources.run(stop.clone()));
        if let Some(agent) = agent {
            background.spawn(agent.keep_protected(running.clone(), drained.clone()));
        }
        consumer::consume(Arc::clone(&jobs), concurrency, &liveness, stop, running.clone()).await;
        running.close();
        if timeout(settings.drain, running.wait()).await.is_err() {
            tracing::info!(reports = running.len(), "releasing reports that are still in progress");
            jobs.release.cancel();
            if timeout(RELEASE_TIMEOUT, running.wait()).await.is_err() {
                tracing::warn!(
                    reports = running.len(),
                    "some reports could not be released; other workers continue with them when their leases expire"
                );
            }
        }
        drained.cancel();
        background.close();
        if timeout(RELEASE_TIMEOUT, background.wait()).await.is_err() {
            tracing::warn!("a background task did not end in time");
        }
        tracing::info!("worker has stopped");
    }

    /// Sweeps once for reports that no worker processes.
    pub async fn sweep(&self) {
        sweeper::sweep(&self.jobs).await;
    }

    /// Redrives up to `limit` dead letters. With `dry_run` it only reports what it would do. Writes a line
    /// for each letter to `out`.
    ///
    /// # Errors
    /// Returns an error if an AWS service does not respond, or if `out` cannot be written.
    pub async fn redrive(
        &self,
        limit: u64,
        dry_run: bool,
        out: &mut impl Write,
    ) -> Result<Redriven, Box<dyn std::error::Error>> {
        dead_letters::redrive(&self.jobs, limit, dry_run, out).await
    }
}
