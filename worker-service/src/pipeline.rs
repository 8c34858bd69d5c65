//! The stages of a report: gather, assess, render, publish. Each stage stores its result before the next
//! one begins, so that another attempt resumes at the first unfinished stage.

use std::{
    collections::BTreeMap, future::Future, num::NonZero, sync::Arc, thread::available_parallelism,
    time::Instant,
};

use aws_adapters::{Aws, error::ErrorClass, table::Details};
use domain::{
    artifact::{ArtifactKind, StoredArtifact},
    document::Document,
    evidence::{Snapshot, SourceStatus},
    format::Format,
    lifecycle::Command,
    report::{Outcome, Report, Stage},
};
use service_runtime::clock::Clock;
use sources::Sources;
use telemetry::metrics::metrics;
use tokio::{sync::Semaphore, task::spawn_blocking};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use crate::{
    assess::{Assessment, Assessor, ModelAnswer, ModelBudget, Problem, ReportLedger, Verification},
    evidence_reuse::{ReusePolicy, Unusable},
    failure::{AttemptError, Failure, template_broken},
    journal::{Journal, StoredSnapshot},
    lease::Lease,
};
use rendering::{AuditTrail, AuditedAnswer, Rendered};

/// The stages of a claimed report.
#[derive(Debug)]
pub(crate) struct Pipeline {
    aws: Aws,
    clock: Clock,
    sources: Sources,
    assessor: Assessor,
    model_budget: Arc<ModelBudget>,
    recordings: TaskTracker,
    /// The formats of a report whose request names none.
    formats: Arc<[Format]>,
    /// As many permits as there are cores. More files rendered at a time would only take more memory.
    renderers: Arc<Semaphore>,
}

/// The evidence of a submission, and the journal that holds it.
struct Gathering {
    stored: StoredSnapshot,
    journal: Journal,
    /// Whether an earlier attempt gathered the evidence.
    is_reused: bool,
}

impl Pipeline {
    /// Creates the pipeline from its parts. `recordings` tracks the tasks that record paid answers; `formats` are
    /// those of a report whose request names none.
    pub(crate) fn new(
        aws: Aws,
        clock: Clock,
        sources: Sources,
        assessor: Assessor,
        model_budget: ModelBudget,
        recordings: TaskTracker,
        formats: &[Format],
    ) -> Self {
        let renderers = Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZero::get)));
        let model_budget = Arc::new(model_budget);
        Self { aws, clock, sources, assessor, model_budget, recordings, formats: formats.into(), renderers }
    }

    /// Runs all stages of the claimed report, up to the state COMPLETED. The future may be dropped at any
    /// point, because the next attempt relies only on stages that have stored their result.
    ///
    /// # Errors
    /// Returns the [`AttemptError`] that ends the attempt early.
    pub(crate) async fn run(&self, lease: &mut Lease) -> Result<(), AttemptError> {
        let gathering = stage(Stage::Gather, self.gather(lease)).await?;
        let snapshot = &gathering.stored.snapshot;
        // No stage needs a write of its own. The record of the first model call shows the progress and the sources.
        lease.begin(Stage::Assess, Details { sources: Some(snapshot.sources.clone()), ..Details::default() });

        let assessment =
            stage(Stage::Assess, self.assess(lease, gathering.journal.clone(), snapshot)).await?;
        // The last stages take about a second, and the write that completes the report records them.
        let usage = Some(lease.report().earlier_usage.plus(assessment.usage()));
        lease.begin(Stage::Render, Details { usage, ..Details::default() });

        // The assessment may have waited for its model.
        self.check_age(&gathering, lease.report())?;
        let (document, files) = stage(Stage::Render, self.render(lease, snapshot, assessment)).await?;
        lease.begin(Stage::Publish, Details::default());
        stage(Stage::Publish, self.publish(lease, document, files)).await
    }

    async fn gather(&self, lease: &mut Lease) -> Result<Gathering, AttemptError> {
        let submission = lease.report().submission;
        if let Some(gathering) = self.stored_evidence(lease).await? {
            return Ok(gathering);
        }
        let report = lease.report();
        let gathered = self.sources.gather(&report.request).await;
        // A failed mandatory source is worth another attempt. After the deadline its failure is recorded, and
        // the level is UNDETERMINED.
        let failed = gathered.answers.iter().find(|(outcome, _)| {
            outcome.status == SourceStatus::Failed && self.assessor.mandatory().contains(&outcome.source)
        });
        if let (Some((outcome, _)), true) = (failed, lease.may_retry()) {
            return Err(AttemptError::Failed(Failure {
                class: ErrorClass::Transient,
                code: "source_unavailable",
                message: "A mandatory source of evidence did not answer.",
                detail: format!("{} gave no answer", outcome.source.as_str()),
            }));
        }
        let snapshot = gathered.freeze(self.clock.now());
        let mut journal = Journal::new(&self.aws.bucket, &self.clock, report);
        if report.submission != submission {
            journal = journal.of_new_submission();
        }
        let stored = journal.store_snapshot(snapshot.clone()).await?;
        // A worker that lost its lease may have stored its evidence first, even long ago, and the record may be a
        // restored one that does not know of the attempts that stored it.
        let is_reused = stored.snapshot != snapshot;
        if is_reused {
            journal = journal.of_stored_evidence();
        }
        let gathering = Gathering { stored, journal, is_reused };
        self.check_age(&gathering, lease.report())?;
        Ok(gathering)
    }

    /// Returns the evidence of an earlier attempt if it may be used. If it may not, the report gets a new
    /// submission, which has no evidence yet.
    async fn stored_evidence(&self, lease: &mut Lease) -> Result<Option<Gathering>, AttemptError> {
        let report = lease.report();
        let journal = Journal::new(&self.aws.bucket, &self.clock, report);
        if let Some(stored) = journal.snapshot().await? {
            let Err(why) = self.check_reuse(&stored, report) else {
                return Ok(Some(Gathering { stored, journal, is_reused: true }));
            };
            set_aside(report, &why);
            // What was paid for answers to it was paid for this report.
            let earlier_usage = Some(report.usage);
            let details = Details { submission: Some(Uuid::now_v7()), earlier_usage, ..Details::default() };
            lease.write(|attempt| Command::Advance { attempt }, &details).await?;
            return Ok(None);
        }
        let journal = Journal::of_earlier_version(&self.aws.bucket, &self.clock, report);
        let Some(stored) = journal.snapshot().await? else { return Ok(None) };
        match self.check_reuse(&stored, report) {
            Ok(()) => Ok(Some(Gathering { stored, journal, is_reused: true })),
            Err(why) => {
                set_aside(report, &why);
                let details = Details { earlier_usage: Some(report.usage), ..Details::default() };
                lease.write(|attempt| Command::Advance { attempt }, &details).await?;
                Ok(None)
            }
        }
    }

    /// Checks that reused evidence is not too old by now. Evidence that this attempt gathered cannot be newer.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] after which the next attempt gathers the evidence again.
    fn check_age(&self, gathering: &Gathering, report: &Report) -> Result<(), AttemptError> {
        if !gathering.is_reused {
            return Ok(());
        }
        self.check_reuse(&gathering.stored, report).map_err(evidence_expired)
    }

    fn check_reuse(&self, stored: &StoredSnapshot, report: &Report) -> Result<(), Unusable> {
        let policy =
            ReusePolicy { max_age: self.sources.evidence_max_age(), mandatory: self.assessor.mandatory() };
        policy.check(stored, report, self.clock.now())
    }

    async fn assess(
        &self,
        lease: &mut Lease,
        journal: Journal,
        snapshot: &Snapshot,
    ) -> Result<Assessment, AttemptError> {
        let request = lease.report().request.clone();
        let mut ledger = ReportLedger::new(lease, journal, Arc::clone(&self.model_budget), &self.recordings);
        self.assessor.assess(&request, snapshot, &mut ledger).await
    }

    async fn render(
        &self,
        lease: &Lease,
        snapshot: &Snapshot,
        assessment: Assessment,
    ) -> Result<(Document, Vec<Rendered>), AttemptError> {
        let trail = AuditTrail {
            answers: assessment.answers.iter().map(audited).collect::<Result<Vec<_>, _>>()?,
            verification: assessment.verification.as_ref().map(Verification::to_json),
        };
        let report = lease.report();
        // Each attempt renders the report again, in the formats of its request.
        let formats = match &report.request.formats {
            Some(formats) => formats.as_slice().into(),
            None => Arc::clone(&self.formats),
        };
        let document = assessment.into_document(report.id, &report.request, snapshot, self.clock.now());
        let snapshot = snapshot.clone();
        let rulebook = self.assessor.rulebook();
        // The permit goes with the work, which continues if this attempt is cancelled. The semaphore is never closed.
        let permit = Arc::clone(&self.renderers).acquire_owned().await;
        // Rendering a PDF is CPU-bound and would block other tasks.
        let rendering = spawn_blocking(move || {
            let _permit = permit;
            let files = rendering::render(&document, &snapshot, &trail, rulebook, &formats)
                .map_err(template_broken)?;
            Ok((document, files))
        });
        rendering.await.unwrap_or_else(|error| {
            Err(AttemptError::Failed(Failure {
                class: ErrorClass::Transient,
                code: "rendering_failed",
                message: "The report's files could not be rendered. If that happens again, contact the operator.",
                detail: error.to_string(),
            }))
        })
    }

    /// Stores the files, then completes the report. COMPLETED is written only after every file is in the
    /// bucket.
    async fn publish(
        &self,
        lease: &mut Lease,
        document: Document,
        files: Vec<Rendered>,
    ) -> Result<(), AttemptError> {
        let (report, attempt) = (lease.report(), lease.attempt());
        let puts = files.into_iter().map(|Rendered { kind, bytes }| {
            let key = report.artifact_key(attempt, kind);
            async move {
                let stored = self.aws.bucket.put(&key, bytes, kind.content_type()).await?;
                Ok::<_, AttemptError>((kind, stored))
            }
        });
        let artifacts: BTreeMap<ArtifactKind, StoredArtifact> =
            futures::future::try_join_all(puts).await?.into_iter().collect();
        let outcome = Outcome {
            risk_level: document.risk_level,
            risk_score: document.risk_score,
            summary: document.summary.text,
            review: document.review,
            artifacts,
        };
        let progress = Some(Stage::Done.progress());
        let details = Details { progress, outcome: Some(outcome), ..Details::default() };
        lease.write(|attempt| Command::Complete { attempt }, &details).await
    }
}

fn set_aside(report: &Report, why: &Unusable) {
    tracing::warn!(
        report = %report.id,
        "stored evidence is set aside and gathered again: {why}"
    );
}

/// Returns the error of an attempt whose evidence became unusable. The next attempt gathers it again.
fn evidence_expired(why: Unusable) -> AttemptError {
    AttemptError::Failed(Failure {
        class: ErrorClass::Transient,
        code: "evidence_expired",
        message: "The evidence became too old before the report was written.",
        detail: why.to_string(),
    })
}

/// Returns an answer and the problems that the checks found in it, as the audit bundle records them.
fn audited((answer, problems): &(ModelAnswer, Vec<Problem>)) -> Result<AuditedAnswer, AttemptError> {
    Ok(AuditedAnswer {
        answer: serde_json::to_value(answer).map_err(template_broken)?,
        problems: problems.iter().map(Problem::to_json).collect(),
    })
}

/// Runs `work` in a tracing span of its stage, and records its duration if it succeeds.
async fn stage<T>(
    stage: Stage,
    work: impl Future<Output = Result<T, AttemptError>>,
) -> Result<T, AttemptError> {
    let span = info_span!("stage", otel.name = stage.as_str(), dossier.stage = stage.as_str());
    let started = Instant::now();
    // The future is boxed, so that the size of the pipeline's own future does not grow with every stage.
    let done = Box::pin(work).instrument(span).await?;
    metrics().stage(stage.as_str(), started.elapsed());
    Ok(done)
}
