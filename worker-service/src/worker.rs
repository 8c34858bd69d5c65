//! A worker as a whole: built from settings, run until it is stopped, drained in order.

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
    assess::{Assessor, model::Model, model_budget::ModelBudget},
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

/// How long giving reports back may take once they were told to stop.
const GIVE_BACK: Duration = Duration::from_secs(10);

/// A worker, ready to run.
#[derive(Debug)]
pub struct Worker {
    jobs: Arc<JobRunner>,
    slots: Arc<ConcurrencyLimit>,
    agent: Option<EcsAgent>,
    sources: Sources,
    callbacks: Webhooks,
    liveness: Arc<Liveness>,
    settings: Settings,
}

/// Why a worker cannot be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Requests to AWS cannot be sent.
    #[error(transparent)]
    Aws(#[from] SdkError),
    /// A model cannot be asked.
    #[error("the models cannot be asked:\n  {}", .0.join("\n  "))]
    Models(Vec<String>),
    /// The sources cannot be asked.
    #[error("the sources of evidence cannot be asked: {0}")]
    Sources(#[from] SourcesError),
}

/// The shared view of each model whose quota is configured, by its id.
fn quotas(models: &[Model], sdk: &SdkConfig, settings: &AwsSettings) -> HashMap<String, Quota> {
    let quota = |model: &Model| {
        let id = model.id().to_owned();
        Some((id.clone(), Aws::quota(sdk, settings, id, model.known().limits?)))
    };
    models.iter().filter_map(quota).collect()
}

impl Worker {
    /// [`build_with`](Self::build_with) what the environment says of AWS.
    ///
    /// # Errors
    /// [`BuildError`] when a part cannot be made.
    pub async fn build(settings: Settings) -> Result<Self, BuildError> {
        let sdk = load_sdk_config().await?;
        Self::build_with(settings, &sdk, &sdk)
    }

    /// Makes the adapters over `sdk`, the model's client over `bedrock`, and the sources.
    ///
    /// # Errors
    /// [`BuildError`] when one cannot be made.
    pub fn build_with(settings: Settings, sdk: &SdkConfig, bedrock: &SdkConfig) -> Result<Self, BuildError> {
        let aws = Aws::new(sdk, &settings.aws);
        let models = Model::configured(bedrock, &settings.model).map_err(BuildError::Models)?;
        let clock = Clock::system();
        let sources = Sources::new(&settings.sources, sdk, clock.clone())?;
        let slots = ConcurrencyLimit::new(settings.concurrency);
        let quotas = quotas(&models, sdk, &settings.aws);
        let model_budget = ModelBudget::new(
            aws.spending.clone(),
            settings.model.budgets,
            quotas,
            Arc::clone(&slots),
            clock.clone(),
        );
        let mandatory = settings.sources.mandatory.clone();
        let assessor =
            Assessor::new(models, settings.model.prompt, Arc::clone(&slots), mandatory, sources::rulebook());
        let dead_letters = Queue::at(sdk, settings.dlq_url.clone());
        let pipeline = Pipeline::new(aws.clone(), clock.clone(), sources.clone(), assessor, model_budget);
        let jobs = JobRunner {
            aws,
            dead_letters,
            clock,
            policy: settings.aws.policy,
            share: TenantConcurrency::new(settings.tenant_max),
            pipeline,
            worker: format!("worker-{}", Uuid::now_v7().simple()),
            give_back: CancellationToken::new(),
        };
        let sender = Sender::new(settings.private_callbacks.clone()).map_err(SourcesError::Http)?;
        let dead_letters = Queue::at(sdk, settings.callback_dlq_url.clone());
        let callbacks = Webhooks { sender, dead_letters };
        let agent = settings.ecs_agent.as_ref().map(EcsAgent::new).transpose().map_err(SourcesError::Http)?;
        let liveness = Arc::default();
        Ok(Self { jobs: Arc::new(jobs), slots, agent, sources, callbacks, liveness, settings })
    }

    /// The signs of life that it gives.
    pub fn liveness(&self) -> Arc<Liveness> {
        Arc::clone(&self.liveness)
    }

    /// Works until `stop`, then drains: nothing more is received, reports in work get the drain
    /// time, and what is left is given back so that another worker continues at once.
    pub async fn run(self, stop: CancellationToken) {
        let Self { jobs, slots, agent, sources, callbacks, liveness, settings } = self;
        // Reports that arrive meanwhile would have to wait for the sources anyway.
        tokio::select! {
            () = stop.cancelled() => return,
            () = sources.prepare() => {}
        }
        liveness.ready();
        let (version, revision) = (env!("CARGO_PKG_VERSION"), &settings.telemetry.revision);
        tracing::info!(worker = %jobs.worker, slots = settings.concurrency, version, revision, "worker is ready");
        let running = TaskTracker::new();
        let drained = CancellationToken::new();
        let beside = TaskTracker::new();
        beside.spawn(sweeper::keep_sweeping(Arc::clone(&jobs), settings.sweep_interval, stop.clone()));
        beside.spawn(webhooks::keep_delivering(Arc::clone(&jobs), callbacks, stop.clone()));
        beside.spawn(dead_letters::keep_looking(Arc::clone(&jobs), stop.clone()));
        beside.spawn(sources.run(stop.clone()));
        if let Some(agent) = agent {
            beside.spawn(agent.follow(running.clone(), drained.clone()));
        }
        consumer::consume(Arc::clone(&jobs), slots, &liveness, stop, running.clone()).await;
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
        drained.cancel();
        beside.close();
        if timeout(GIVE_BACK, beside.wait()).await.is_err() {
            tracing::warn!("a task beside the reports did not end in time");
        }
        tracing::info!("worker has stopped");
    }

    /// Looks once for reports that nobody works on, as [`sweeper::sweep`] does.
    pub async fn sweep(&self) {
        sweeper::sweep(&self.jobs).await;
    }

    /// Brings up to `limit` dead letters back, as [`dead_letters::redrive`] does.
    ///
    /// # Errors
    /// When a service does not answer, or nothing can be written to `say`.
    pub async fn redrive(
        &self,
        limit: u64,
        dry_run: bool,
        say: &mut impl Write,
    ) -> Result<Redriven, Box<dyn std::error::Error>> {
        dead_letters::redrive(&self.jobs, limit, dry_run, say).await
    }
}
