//! The stages of a report: gather, assess, render, publish. Each writes its result before the next
//! begins, so that another attempt starts at the first unfinished one.

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
    assess::{
        Assessment, Assessor, answer::ModelAnswer, checks::Problem, ledger::ReportLedger,
        model_budget::ModelBudget, unrenderable,
    },
    failure::{AttemptError, Failure},
    journal::Journal,
    lease::Lease,
};
use rendering::{AuditedAnswer, Rendered};

/// What is done to a claimed report.
#[derive(Debug)]
pub struct Pipeline {
    aws: Aws,
    clock: Clock,
    sources: Sources,
    assessor: Assessor,
    model_budget: Arc<ModelBudget>,
}

impl Pipeline {
    /// The pipeline over these parts.
    pub fn new(
        aws: Aws,
        clock: Clock,
        sources: Sources,
        assessor: Assessor,
        model_budget: ModelBudget,
    ) -> Self {
        Self { aws, clock, sources, assessor, model_budget: Arc::new(model_budget) }
    }

    /// Takes the report from its claim to COMPLETED. May be dropped at any point: nothing is half
    /// done that the next attempt would trust.
    ///
    /// # Errors
    /// [`AttemptError`] says why the attempt ends before.
    pub async fn run(&self, lease: &mut Lease) -> Result<(), AttemptError> {
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
        if let Some(frozen) = journal.snapshot().await? {
            return Ok(frozen);
        }
        let Gathered { answers, versions } = self.sources.gather(&report.request).await;
        // A mandatory source that fails is worth another attempt; on the last one its absence is on
        // the record and the level stays open.
        let attempts_left = report.lifecycle.attempt < report.lifecycle.attempts_allowed;
        let failed = answers.iter().find(|(outcome, _)| {
            outcome.status == SourceStatus::Failed && self.assessor.is_mandatory(&outcome.source)
        });
        if let (Some((outcome, _)), true) = (failed, attempts_left) {
            return Err(AttemptError::Failed(Failure {
                class: ErrorClass::Transient,
                code: "source_unavailable",
                message: "A mandatory source of evidence does not answer. The report is tried again by itself.",
                detail: format!("{} gave no answer", outcome.source.as_str()),
            }));
        }
        journal.freeze(Snapshot { versions, ..Snapshot::freeze(answers, self.clock.now()) }).await
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
        // Setting a PDF takes the processor for a while, which others wait for.
        let rendering = spawn_blocking(move || {
            let files = rendering::render(&document, &snapshot, &answers, rulebook).map_err(unrenderable)?;
            Ok((document, files))
        });
        rendering.await.unwrap_or_else(|error| {
            Err(AttemptError::Failed(Failure {
                class: ErrorClass::Transient,
                code: "rendering_failed",
                message: "The report could not be put into its forms. Resubmit it; if that happens again, tell the operator.",
                detail: error.to_string(),
            }))
        })
    }

    /// COMPLETED is written only after every file is in the bucket.
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

/// The form in which the audit bundle records an answer and what the checks said of it.
fn audited((answer, problems): &(ModelAnswer, Vec<Problem>)) -> Result<AuditedAnswer, AttemptError> {
    Ok(AuditedAnswer {
        answer: serde_json::to_value(answer).map_err(unrenderable)?,
        problems: problems.iter().map(Problem::to_json).collect(),
    })
}

async fn advance(lease: &mut Lease, next: Stage, details: Details) -> Result<(), AttemptError> {
    let details = Details { progress: Some(next.progress()), ..details };
    lease.write(|attempt| Command::Advance { attempt }, &details).await
}

async fn stage<T>(
    stage: Stage,
    work: impl Future<Output = Result<T, AttemptError>>,
) -> Result<T, AttemptError> {
    let span = info_span!("stage", otel.name = stage.as_str(), dossier.stage = stage.as_str());
    let started = Instant::now();
    // On the heap, so that the stages do not add up on the stack of whoever polls.
    let done = Box::pin(work).instrument(span).await?;
    metrics().stage(stage.as_str(), started.elapsed());
    Ok(done)
}
