//! The stages of a report: gather, assess, render, publish. Each stage stores its result before the next
//! one begins, so that another attempt resumes at the first unfinished stage.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Instant};

use aws_adapters::{Aws, error::ErrorClass, table::Details};
use domain::{
    artifact::{ArtifactKind, StoredArtifact, artifact_key},
    document::Document,
    evidence::{Snapshot, SourceStatus},
    lifecycle::Command,
    report::{Outcome, Stage},
};
use service_runtime::clock::Clock;
use sources::{Gathered, Sources};
use telemetry::metrics::metrics;
use tokio::task::spawn_blocking;
use tracing::{Instrument, info_span};

use crate::{
    assess::{Assessment, Assessor, ModelAnswer, ModelBudget, Problem, ReportLedger},
    failure::{AttemptError, Failure, template_broken},
    journal::Journal,
    lease::Lease,
};
use rendering::{AuditedAnswer, Rendered};

/// The stages of a claimed report.
#[derive(Debug)]
pub(crate) struct Pipeline {
    aws: Aws,
    clock: Clock,
    sources: Sources,
    assessor: Assessor,
    model_budget: Arc<ModelBudget>,
}

impl Pipeline {
    /// Creates the pipeline from its parts.
    pub(crate) fn new(
        aws: Aws,
        clock: Clock,
        sources: Sources,
        assessor: Assessor,
        model_budget: ModelBudget,
    ) -> Self {
        Self { aws, clock, sources, assessor, model_budget: Arc::new(model_budget) }
    }

    /// Runs all stages of the claimed report, up to the state COMPLETED. The future may be dropped at any
    /// point, because the next attempt relies only on stages that have stored their result.
    ///
    /// # Errors
    /// Returns the [`AttemptError`] that ends the attempt early.
    pub(crate) async fn run(&self, lease: &mut Lease) -> Result<(), AttemptError> {
        let snapshot = stage(Stage::Gather, self.gather(lease)).await?;
        advance(
            lease,
            Stage::Assess,
            Details { sources: Some(snapshot.sources.clone()), ..Details::default() },
        )
        .await?;

        let assessment = stage(Stage::Assess, self.assess(lease, &snapshot)).await?;
        advance(lease, Stage::Render, Details { usage: Some(assessment.usage()), ..Details::default() })
            .await?;

        let (document, files) = stage(Stage::Render, self.render(lease, &snapshot, assessment)).await?;
        stage(Stage::Publish, self.publish(lease, document, files)).await
    }

    async fn gather(&self, lease: &Lease) -> Result<Snapshot, AttemptError> {
        let report = lease.report();
        let journal = Journal::new(&self.aws.bucket, report);
        if let Some(snapshot) = journal.snapshot().await? {
            return Ok(snapshot);
        }
        let Gathered { answers, versions } = self.sources.gather(&report.request).await;
        // A failed mandatory source is worth another attempt. On the last attempt its failure is recorded,
        // and the level is UNDETERMINED.
        let attempts_left = report.lifecycle.attempt < report.lifecycle.attempts_allowed;
        let failed = answers.iter().find(|(outcome, _)| {
            outcome.status == SourceStatus::Failed && self.assessor.is_mandatory(&outcome.source)
        });
        if let (Some((outcome, _)), true) = (failed, attempts_left) {
            return Err(AttemptError::Failed(Failure {
                class: ErrorClass::Transient,
                code: "source_unavailable",
                message: "A mandatory source of evidence did not answer. The report is retried automatically.",
                detail: format!("{} gave no answer", outcome.source.as_str()),
            }));
        }
        journal.store_snapshot(Snapshot { versions, ..Snapshot::freeze(answers, self.clock.now()) }).await
    }

    async fn assess(&self, lease: &mut Lease, snapshot: &Snapshot) -> Result<Assessment, AttemptError> {
        let journal = Journal::new(&self.aws.bucket, lease.report());
        let request = lease.report().request.clone();
        let mut ledger = ReportLedger::new(lease, journal, Arc::clone(&self.model_budget));
        self.assessor.assess(&request, snapshot, &mut ledger).await
    }

    async fn render(
        &self,
        lease: &Lease,
        snapshot: &Snapshot,
        assessment: Assessment,
    ) -> Result<(Document, Vec<Rendered>), AttemptError> {
        let answers = assessment.answers.iter().map(audited).collect::<Result<Vec<_>, _>>()?;
        let report = lease.report();
        let document = assessment.into_document(report.id, &report.request, snapshot, self.clock.now());
        let snapshot = snapshot.clone();
        let rulebook = self.assessor.rulebook();
        // Rendering a PDF is CPU-bound and would block other tasks.
        let rendering = spawn_blocking(move || {
            let files =
                rendering::render(&document, &snapshot, &answers, rulebook).map_err(template_broken)?;
            Ok((document, files))
        });
        rendering.await.unwrap_or_else(|error| {
            Err(AttemptError::Failed(Failure {
                class: ErrorClass::Transient,
                code: "rendering_failed",
                message: "The report's files could not be rendered. Resubmit the report; if that happens again, contact the operator.",
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
        let (tenant, id, attempt) = (lease.report().tenant.clone(), lease.report().id, lease.attempt());
        let puts = files.into_iter().map(|Rendered { kind, bytes }| {
            let key = artifact_key(&tenant, id, attempt, kind);
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

/// Returns an answer and the problems that the checks found in it, as the audit bundle records them.
fn audited((answer, problems): &(ModelAnswer, Vec<Problem>)) -> Result<AuditedAnswer, AttemptError> {
    Ok(AuditedAnswer {
        answer: serde_json::to_value(answer).map_err(template_broken)?,
        problems: problems.iter().map(Problem::to_json).collect(),
    })
}

/// Records that a stage has finished and that `next` begins.
async fn advance(lease: &mut Lease, next: Stage, details: Details) -> Result<(), AttemptError> {
    let details = Details { progress: Some(next.progress()), ..details };
    lease.write(|attempt| Command::Advance { attempt }, &details).await
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
