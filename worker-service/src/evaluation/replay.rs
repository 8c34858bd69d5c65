//! `worker-service replay`: a report's stored evidence through another prompt or model, and what would be different. The
//! report itself is not touched.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use aws_adapters::{Aws, SdkConfig, error::AwsError};
use domain::{
    artifact::{ArtifactKind, snapshot_key},
    assessment::Finding,
    document::Document,
    evidence::Snapshot,
    identity::{ReportId, Tenant},
    report::Usage,
    risk::RiskLevel,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Overrides, assessor};
use crate::{assess::ledger::NoLedger, settings::Settings};

/// Why there is no replay.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// A file cannot be read.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is no such report, or it is not completed.
    #[error("{0}")]
    Report(String),
    /// A service does not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The model or the prompt cannot be used.
    #[error("{0}")]
    Settings(String),
    /// No model answered.
    #[error("there is no answer: {0}")]
    Unanswered(String),
    /// The result cannot be written.
    #[error("the result cannot be written: {0}")]
    Out(#[from] io::Error),
}

/// A report with the evidence that it was made from.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The report as it is.
    pub document: Document,
    /// Its evidence.
    pub snapshot: Snapshot,
}

/// What would be different.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The report.
    pub report_id: ReportId,
    /// Prompt and model of the report, and of the replay.
    pub prompt: [String; 2],
    /// The model of the report, and of the replay.
    pub model: [Option<String>; 2],
    /// The level of the report, and of the replay.
    pub level: [RiskLevel; 2],
    /// The text at the head of the report, and of the replay.
    pub summary: [String; 2],
    /// Findings that both have: of one category, on the same evidence.
    pub kept: usize,
    /// Findings that only the report has.
    pub gone: Vec<Finding>,
    /// Findings that only the replay has.
    pub new: Vec<Finding>,
    /// Claims that failed a check, in the report and in the replay.
    pub dropped: [usize; 2],
    /// Why a person must look, after the replay.
    pub review: Vec<String>,
    /// What the replay cost.
    pub usage: Usage,
}

impl Stored {
    /// The report `id` of `tenant`, from the table and the bucket.
    ///
    /// # Errors
    /// [`ReplayError`] when it is not there or not completed.
    pub async fn fetch(aws: &Aws, tenant: &Tenant, id: ReportId) -> Result<Self, ReplayError> {
        let report = aws.table.get(tenant, id).await?;
        let report = report.ok_or_else(|| ReplayError::Report(format!("{tenant} has no report {id}")))?;
        let json = report.outcome.as_ref().and_then(|outcome| outcome.artifacts.get(&ArtifactKind::Json));
        let json = json.ok_or_else(|| {
            let status = report.lifecycle.status;
            ReplayError::Report(format!("the report {id} is {status}: only a COMPLETED one can be replayed"))
        })?;
        let document = object(aws, &json.key).await?;
        let snapshot = object(aws, &snapshot_key(tenant, id)).await?;
        Ok(Self { document, snapshot })
    }

    /// A report from its downloaded audit bundle and JSON artifact.
    ///
    /// # Errors
    /// [`ReplayError`] when one cannot be read, or they are not of one report.
    pub fn read(bundle: &Path, report: &Path) -> Result<Self, ReplayError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Bundle {
            report_id: ReportId,
            parts: Parts,
        }
        #[derive(Deserialize)]
        struct Parts {
            snapshot: Snapshot,
        }
        let read_bundle: Bundle = file(bundle)?;
        let document: Document = file(report)?;
        if read_bundle.report_id != document.report_id {
            return Err(ReplayError::Report(
                "the audit bundle and the report are not of one report".to_owned(),
            ));
        }
        Ok(Self { document, snapshot: read_bundle.parts.snapshot })
    }
}

fn file<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ReplayError> {
    let failed = |why: String| ReplayError::File { path: path.to_owned(), why };
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
}

async fn object<T: for<'de> Deserialize<'de>>(aws: &Aws, key: &str) -> Result<T, ReplayError> {
    let gone = || ReplayError::Report(format!("{key} is not in the bucket"));
    let bytes = aws.bucket.get(key).await?.ok_or_else(gone)?;
    serde_json::from_slice(&bytes).map_err(|error| ReplayError::Report(format!("{key}: {error}")))
}

/// Has the evidence of `stored` assessed again, with what is tried `instead`.
///
/// # Errors
/// [`ReplayError`] when there is no answer.
pub async fn replay(
    stored: &Stored,
    bedrock: &SdkConfig,
    settings: &Settings,
    instead: &Overrides,
) -> Result<Difference, ReplayError> {
    let Stored { document, snapshot } = stored;
    let mandatory = settings.sources.mandatory.clone();
    let assessor = assessor(bedrock, &settings.model, instead, mandatory).map_err(ReplayError::Settings)?;
    let assessment = assessor.assess(&document.company, snapshot, &mut NoLedger).await;
    let assessment = assessment.map_err(|stop| ReplayError::Unanswered(stop.to_string()))?;
    let usage = assessment.usage();
    let replayed = assessment.into_document(
        document.report_id,
        &document.company,
        snapshot,
        service_runtime::clock::now(),
    );
    Ok(Difference::between(document, replayed, usage))
}

/// What a finding is about: its category and evidence. Words differ from answer to answer.
fn about(finding: &Finding) -> (domain::assessment::Category, BTreeSet<&str>) {
    (finding.category, finding.citations.iter().map(|citation| citation.evidence_id.as_str()).collect())
}

impl Difference {
    fn between(report: &Document, replay: Document, usage: Usage) -> Self {
        let only = |of: &[Finding], other: &[Finding]| -> Vec<Finding> {
            let others: BTreeSet<_> = other.iter().map(about).collect();
            of.iter().filter(|finding| !others.contains(&about(finding))).cloned().collect()
        };
        let gone = only(&report.findings, &replay.findings);
        let new = only(&replay.findings, &report.findings);
        Self {
            report_id: report.report_id,
            level: [report.risk_level, replay.risk_level],
            kept: report.findings.len() - gone.len(),
            gone,
            new,
            dropped: [report.dropped.len(), replay.dropped.len()],
            review: replay.review.reasons,
            summary: [report.summary.text.clone(), replay.summary.text],
            prompt: [report.versions.prompt.clone(), replay.versions.prompt],
            model: [report.versions.model.clone(), replay.versions.model],
            usage,
        }
    }

    /// Writes the difference for a person.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let change = |[before, after]: [&str; 2]| {
            if before == after { format!("{before} (the same)") } else { format!("{before} → {after}") }
        };
        let models = [0, 1].map(|index| self.model[index].as_deref().unwrap_or("none"));
        writeln!(out, "report   {}", self.report_id)?;
        writeln!(out, "prompt   {}", change([&self.prompt[0], &self.prompt[1]]))?;
        writeln!(out, "model    {}", change(models))?;
        writeln!(out, "level    {}", change(self.level.map(RiskLevel::as_str)))?;
        writeln!(out, "findings {} kept, {} gone, {} new", self.kept, self.gone.len(), self.new.len())?;
        for (mark, findings) in [('-', &self.gone), ('+', &self.new)] {
            for finding in findings {
                let cited: Vec<&str> = about(finding).1.into_iter().collect();
                let (category, cited) = (finding.category.as_str(), cited.join(", "));
                writeln!(out, "  {mark} {category} ({cited}): {}", finding.statement)?;
            }
        }
        writeln!(out, "dropped  {} → {}", self.dropped[0], self.dropped[1])?;
        if self.summary[0] == self.summary[1] {
            writeln!(out, "summary  the same")?;
        } else {
            writeln!(out, "summary  - {}\n         + {}", self.summary[0], self.summary[1])?;
        }
        for reason in &self.review {
            writeln!(out, "review   {reason}")?;
        }
        let Usage { input_tokens, output_tokens, cost_usd, model_calls } = self.usage;
        writeln!(
            out,
            "cost     {model_calls} calls, {input_tokens} tokens in, {output_tokens} out, {cost_usd:.6} USD; the report was not touched"
        )
    }
}
