//! Assesses the stored evidence of a report again, with another prompt or model, and compares the results
//! (`worker-service replay`). The report itself is not changed.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use aws_adapters::{Aws, SdkConfig, error::AwsError};
use domain::{
    artifact::{ArtifactKind, earlier_work_folder, snapshot_key},
    assessment::{Category, Finding},
    document::{Document, VerifierVersion},
    evidence::Snapshot,
    identity::{ReportId, Tenant},
    report::Usage,
    risk::RiskLevel,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::overrides::Overrides;
use crate::{
    assess::{NoLedger, Verification, VerifierFindings},
    settings::Settings,
};

/// The reason why a report cannot be replayed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// A file cannot be read.
    #[error("{}: {why}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Why it cannot be read.
        why: String,
    },
    /// The report does not exist, is not completed, or lacks a file.
    #[error("{0}")]
    Report(String),
    /// An AWS service does not respond.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The model or the prompt cannot be used.
    #[error("{0}")]
    Settings(String),
    /// No model answered.
    #[error("no model answered: {0}")]
    Unanswered(String),
    /// The result cannot be written.
    #[error("the result cannot be written: {0}")]
    Out(#[from] io::Error),
}

/// A stored report and its evidence.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The finished report.
    pub document: Document,
    /// The evidence of the report.
    pub snapshot: Snapshot,
}

/// The differences between a report and its replay.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Id of the report.
    pub report_id: ReportId,
    /// Prompt of the report, and of the replay.
    pub prompt: [String; 2],
    /// Model of the report, and of the replay.
    pub model: [Option<String>; 2],
    /// Level of the report, and of the replay.
    pub level: [RiskLevel; 2],
    /// Summary of the report, and of the replay.
    pub summary: [String; 2],
    /// Number of findings of the report that the replay has, too, with the same category and evidence.
    pub kept: usize,
    /// Findings that only the report has.
    pub gone: Vec<Finding>,
    /// Findings that only the replay has.
    pub new: Vec<Finding>,
    /// Number of findings that the checks dropped from the report, and from the replay.
    pub dropped: [usize; 2],
    /// Verifier of the report and its outcome, and those of the replay.
    pub verifier: [Option<VerifierVersion>; 2],
    /// What the verifier found in the claims of the replay; `None` if there is no verifier or no claim.
    pub verification: Option<VerifierFindings>,
    /// Reasons for a review of the replay by a person.
    pub review: Vec<String>,
    /// Usage of the replay.
    pub usage: Usage,
}

impl Stored {
    /// Reads the report `id` of `tenant` from the table and the bucket.
    ///
    /// # Errors
    /// Returns a [`ReplayError`] if the report does not exist or is not completed, if one of its files is
    /// missing or cannot be parsed, or if an AWS service does not respond.
    pub async fn fetch(aws: &Aws, tenant: &Tenant, id: ReportId) -> Result<Self, ReplayError> {
        let report = aws.table.get(tenant, id).await?;
        let report = report.ok_or_else(|| ReplayError::Report(format!("{tenant} has no report {id}")))?;
        let json = report.outcome.as_ref().and_then(|outcome| outcome.artifacts.get(&ArtifactKind::Json));
        let json = json.ok_or_else(|| {
            let status = report.lifecycle.status;
            ReplayError::Report(format!("the report {id} is {status}: only a COMPLETED one can be replayed"))
        })?;
        let document = object(aws, &json.key).await?.ok_or_else(|| missing(&json.key))?;
        let key = snapshot_key(&report.work_folder());
        let snapshot = match object(aws, &key).await? {
            Some(snapshot) => snapshot,
            None => {
                let earlier = snapshot_key(&earlier_work_folder(tenant, id));
                object(aws, &earlier).await?.ok_or_else(|| missing(&key))?
            }
        };
        Ok(Self { document, snapshot })
    }

    /// Reads a report from its downloaded audit bundle and JSON artifact.
    ///
    /// # Errors
    /// Returns a [`ReplayError`] if a file cannot be read or parsed, or if the files belong to different
    /// reports.
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
                "the audit bundle and the JSON artifact belong to different reports".to_owned(),
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

/// Reads the object `key`. Returns `None` if it does not exist.
async fn object<T: for<'de> Deserialize<'de>>(aws: &Aws, key: &str) -> Result<Option<T>, ReplayError> {
    let bytes = aws.bucket.get(key).await?;
    let parsed = bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose();
    parsed.map_err(|error| ReplayError::Report(format!("{key}: {error}")))
}

fn missing(key: &str) -> ReplayError {
    ReplayError::Report(format!("{key} is not in the bucket"))
}

/// Assesses the evidence of `stored` again with `overrides`.
///
/// # Errors
/// Returns a [`ReplayError`] if the model or the prompt cannot be used, or if no model answers.
pub async fn replay(
    stored: &Stored,
    bedrock: &SdkConfig,
    settings: &Settings,
    overrides: &Overrides,
) -> Result<Difference, ReplayError> {
    let Stored { document, snapshot } = stored;
    let mandatory = settings.sources.mandatory.clone();
    let assessor = overrides.assessor(bedrock, &settings.model, mandatory).map_err(ReplayError::Settings)?;
    let assessment = assessor.assess(&document.company, snapshot, &mut NoLedger).await;
    let assessment = assessment.map_err(|error| ReplayError::Unanswered(error.to_string()))?;
    let usage = assessment.usage();
    let verification = assessment.verification.as_ref().map(Verification::findings);
    let replayed = assessment.into_document(
        document.report_id,
        &document.company,
        snapshot,
        service_runtime::clock::now(),
    );
    Ok(Difference { verification, ..Difference::between(document, replayed, usage) })
}

/// Returns what identifies a finding across answers: its category and the evidence that it cites. Its words
/// differ from answer to answer.
fn identity(finding: &Finding) -> (Category, BTreeSet<&str>) {
    (finding.category, finding.citations.iter().map(|citation| citation.evidence_id.as_str()).collect())
}

impl Difference {
    fn between(report: &Document, replay: Document, usage: Usage) -> Self {
        let only_in = |findings: &[Finding], other: &[Finding]| -> Vec<Finding> {
            let others: BTreeSet<_> = other.iter().map(identity).collect();
            findings.iter().filter(|finding| !others.contains(&identity(finding))).cloned().collect()
        };
        let gone = only_in(&report.findings, &replay.findings);
        let new = only_in(&replay.findings, &report.findings);
        Self {
            report_id: report.report_id,
            level: [report.risk_level, replay.risk_level],
            kept: report.findings.len() - gone.len(),
            gone,
            new,
            dropped: [report.dropped.len(), replay.dropped.len()],
            verifier: [report.versions.verifier.clone(), replay.versions.verifier],
            verification: None,
            review: replay.review.reasons,
            summary: [report.summary.text.clone(), replay.summary.text],
            prompt: [report.versions.prompt.clone(), replay.versions.prompt],
            model: [report.versions.model.clone(), replay.versions.model],
            usage,
        }
    }

    /// Writes the differences as text.
    ///
    /// # Errors
    /// Returns the [`io::Error`] if `out` cannot be written.
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
                let cited: Vec<&str> = identity(finding).1.into_iter().collect();
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
        let [before, after] = self.verifier.each_ref().map(|verifier| match verifier {
            Some(verifier) => format!("{} ({})", verifier.id, verifier.outcome.as_str()),
            None => "none".to_owned(),
        });
        writeln!(out, "verifier {}", change([&before, &after]))?;
        for line in self.verification.iter().flat_map(VerifierFindings::lines) {
            writeln!(out, "         {line}")?;
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
