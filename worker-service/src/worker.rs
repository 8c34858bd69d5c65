//! A worker as a whole, which is built from its settings, run until it is stopped, and then drained.

use std::{
    collections::HashMap, fs, io::Write, num::NonZero, sync::Arc, thread::available_parallelism,
    time::Duration,
};

use aws_adapters::settings::AwsSettings;
use aws_adapters::{
    Aws, SdkConfig, SdkError,
    answer_schemas::AnswerSchemas,
    dead_letters::DeadLetterQueue,
    error::AwsError,
    load_sdk_config,
    queue::Queue,
    quota::{Limits, Quota},
    spending::{LEDGER_IDLE, Ledgers},
};
use service_runtime::clock::Clock;
use sources::{Sources, SourcesError};
use thiserror::Error;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    assess::{Assessor, Model, ModelBudget, configured_verifier},
    claim::Claims,
    concurrency_limit::ConcurrencyLimit,
    consumer,
    dead_letters::{self, Redriven},
    ecs_task_protection::EcsAgent,
    health::Liveness,
    job::JobRunner,
    pipeline::Pipeline,
    queue_witness::QueueWitness,
    settings::Settings,
    slots::Slots,
    supervisor::{Supervisor, TaskPanicked},
    sweeper,
    tenant_concurrency::TenantConcurrency,
    webhooks::{self, Sender, Webhooks},
};

/// Maximum time for releasing reports, and then again for ending background tasks, when the worker stops.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum time for recording answers of models that are already paid for, when the worker stops.
const RECORDING_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum time for returning the unused parts of budgets, when the worker stops.
const LEDGERS_TIMEOUT: Duration = Duration::from_secs(5);

/// A worker, ready to run.
#[derive(Debug)]
pub struct Worker {
    jobs: Arc<JobRunner>,
    slots: Slots,
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
fn quotas<'a>(
    models: impl Iterator<Item = (&'a str, Option<Limits>)>,
    sdk: &SdkConfig,
    settings: &AwsSettings,
) -> HashMap<String, Quota> {
    let quota = |(id, limits): (&str, Option<Limits>)| {
        Some((id.to_owned(), Aws::quota(sdk, settings, id.to_owned(), limits?)))
    };
    models.filter_map(quota).collect()
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
        let schemas = AnswerSchemas::new(sdk, settings.aws.table.clone(), clock.clone());
        let models = Model::configured(bedrock, &settings.model).map_err(BuildError::Models)?;
        let models: Vec<Model> =
            models.into_iter().map(|model| model.sharing_schemas(schemas.clone())).collect();
        let sources = Sources::new(&settings.sources, sdk, &settings.aws.table, clock.clone())?;
        let cores = available_parallelism().map_or(1, NonZero::get);
        let slots = Slots::of(settings.concurrency, cores, |path| fs::read_to_string(path).ok());
        let concurrency = ConcurrencyLimit::new(slots.number);
        let verifier = configured_verifier(bedrock, &settings.model, Some(&schemas))
            .map_err(|error| BuildError::Models(vec![error]))?;
        let limited = models.iter().map(|model| (model.id(), model.spec().limits));
        let verifying = verifier.iter().map(|verifier| (verifier.id(), verifier.limits()));
        let quotas = quotas(limited.chain(verifying), sdk, &settings.aws);
        let ledgers = Ledgers::new(aws.spending.clone(), clock.clone());
        let model_budget = ModelBudget::new(
            (aws.spending.clone(), ledgers.clone()),
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
        )
        .with_verifier(verifier);
        let dead_letter_queue =
            |url: &String| DeadLetterQueue::new(Queue::at(sdk, url.clone()), aws.bucket.clone());
        let dead_letters = dead_letter_queue(&settings.dlq_url);
        let webhook_dead_letters = dead_letter_queue(&settings.webhooks.dlq_url);
        let recordings = TaskTracker::new();
        let pipeline = Pipeline::new(
            aws.clone(),
            clock.clone(),
            sources.clone(),
            assessor,
            model_budget,
            recordings.clone(),
            &settings.formats,
        );
        let claims = Claims {
            aws: aws.clone(),
            clock: clock.clone(),
            policy: settings.aws.policy,
            back_off: settings.back_off,
            tenants: TenantConcurrency::new(settings.tenant_max),
            worker: format!("worker-{}", Uuid::now_v7().simple()),
        };
        let jobs = JobRunner {
            aws,
            dead_letters,
            clock,
            policy: settings.aws.policy,
            back_off: settings.back_off,
            witness: QueueWitness::new(settings.aws.policy.pickup_grace),
            claims,
            pipeline,
            recordings,
            ledgers,
            release: CancellationToken::new(),
            arrivals: watch::Sender::default(),
        };
        let sender = Sender::new(settings.webhooks.private_hosts.clone()).map_err(SourcesError::Http)?;
        let webhooks = Webhooks { sender, dead_letters: webhook_dead_letters };
        let agent = settings.ecs_agent.as_ref().map(EcsAgent::new).transpose().map_err(SourcesError::Http)?;
        let liveness = Arc::default();
        Ok(Self { jobs: Arc::new(jobs), slots, concurrency, agent, sources, webhooks, liveness, settings })
    }

    /// Returns the liveness of the worker, for its health check.
    pub fn liveness(&self) -> Arc<Liveness> {
        Arc::clone(&self.liveness)
    }

    /// Processes reports until `stop` is cancelled, then drains the worker: no more messages are received,
    /// reports in progress have the drain time to finish, and those that do not finish are released, so that
    /// another worker continues with them at once.
    ///
    /// # Errors
    /// Returns [`TaskPanicked`], after the worker has drained, if a task panicked that runs as long as the
    /// worker.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TaskPanicked> {
        let Self { jobs, slots, concurrency, agent, sources, webhooks, liveness, settings } = self;
        for name in &settings.aws.ignored {
            tracing::warn!(setting = name, "a deprecated setting is set and has no effect");
        }
        // Reports need the sources, so receiving messages before they are ready would not start a report
        // earlier.
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = sources.prepare() => {}
        }
        liveness.ready();
        let (version, revision) = (env!("CARGO_PKG_VERSION"), &settings.telemetry.revision);
        tracing::info!(worker = %jobs.claims.worker, slots = slots.number, because = slots.reason, version, revision, "worker is ready");
        let running = TaskTracker::new();
        let drained = CancellationToken::new();
        // Ends when the caller stops the worker, and when a task panics.
        let stop = stop.child_token();
        let mut background = Supervisor::default();
        background.spawn(
            "the sweeper",
            sweeper::keep_sweeping(Arc::clone(&jobs), settings.sweep_interval, stop.clone()),
        );
        background.spawn(
            "the sender of webhooks",
            webhooks::keep_delivering(Arc::clone(&jobs), webhooks, stop.clone()),
        );
        background.spawn(
            "the scan of the dead-letter queue",
            dead_letters::keep_scanning(Arc::clone(&jobs), stop.clone()),
        );
        background.spawn("the ledgers", keep_tidying(jobs.ledgers.clone(), stop.clone()));
        background.spawn("a source of evidence", sources.run(stop.clone()));
        if let Some(agent) = agent {
            background.spawn("the task protection", agent.keep_protected(running.clone(), drained.clone()));
        }
        let consuming =
            consumer::consume(Arc::clone(&jobs), concurrency, &liveness, stop.clone(), running.clone());
        let consumed = background.watch_during(consuming, &stop).await;
        drain(&jobs, &running, settings.drain).await;
        drained.cancel();
        let ended = timeout(RELEASE_TIMEOUT, background.ended()).await.unwrap_or_else(|_| {
            tracing::warn!("a background task did not end in time");
            Ok(())
        });
        if timeout(LEDGERS_TIMEOUT, jobs.ledgers.close()).await.is_err() {
            tracing::warn!(
                "unused parts of budgets could not be returned in time; they stay reserved until the day ends"
            );
        }
        tracing::info!("worker has stopped");
        consumed.and(ended)
    }

    /// Sweeps once for reports that no worker processes.
    pub async fn sweep(&self) {
        sweeper::sweep(&self.jobs, &CancellationToken::new(), Duration::ZERO).await;
    }

    /// Scans the dead-letter queue of reports once.
    ///
    /// # Errors
    /// Returns an [`AwsError`] if an AWS service does not respond.
    pub async fn scan_dead_letters(&self) -> Result<(), AwsError> {
        dead_letters::scan(&self.jobs).await
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

/// Tidies the ledgers several times within the time after which they are idle, until `stop` is cancelled.
async fn keep_tidying(ledgers: Ledgers, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(LEDGER_IDLE / 6) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = ledgers.tidy() => {}
        }
    }
}

/// Waits up to `time` for the reports in progress, then releases those that are left. Paid answers of models are
/// recorded in any case.
async fn drain(jobs: &JobRunner, running: &TaskTracker, time: Duration) {
    running.close();
    if timeout(time, running.wait()).await.is_err() {
        tracing::info!(reports = running.len(), "releasing reports that are still in progress");
        jobs.release.cancel();
        if timeout(RELEASE_TIMEOUT, running.wait()).await.is_err() {
            tracing::warn!(
                reports = running.len(),
                "some reports could not be released; other workers continue with them when their leases expire"
            );
        }
    }
    jobs.recordings.close();
    if timeout(RECORDING_TIMEOUT, jobs.recordings.wait()).await.is_err() {
        tracing::error!(
            answers = jobs.recordings.len(),
            "paid answers of models could not be recorded in time; they may be paid for again"
        );
    }
}
