//! The report as clients see it.

use std::collections::BTreeMap;

use aws_adapters::{bucket::Bucket, error::AwsError};
use domain::{
    access::Scope,
    artifact::ArtifactKind,
    evidence::SourceOutcome,
    identity::ReportId,
    language::Language,
    legal_hold::LegalHold,
    lifecycle::Status,
    number_check::NumberCheck,
    report::{Progress, Report, ReportError, Review, Usage},
    request::ReportRequest,
    risk::RiskLevel,
    time::UtcTime,
};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::attempts::{self, AttemptResource};
use crate::auth::Caller;

/// A report: its progress and, once it is completed, its verdict and links to its files. A caller without the scope
/// `reports:read` gets neither: `riskLevel`, `riskScore`, `summary`, `sources`, `review`, `usage` and the links to files are
/// then empty.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Report)]
pub(crate) struct ReportResource {
    report_id: ReportId,
    status: Status,
    progress: Progress,
    request: ReportRequest,
    /// The customId of the request in its batch; null if it was submitted alone.
    #[schema(required)]
    custom_id: Option<String>,
    /// The metadata of the request. Neither workers nor models read it, and it is no part of the report's files.
    metadata: BTreeMap<String, String>,
    /// How far the registration number of the request was verified.
    number_check: NumberCheck,
    /// The number of the current or last attempt to write the report; 0 while it waits for its first.
    attempt: u32,
    /// The attempts to write the report, oldest first: the last one, and up to 20 before it.
    attempt_history: Vec<AttemptResource>,
    /// The risk level, once completed.
    risk_level: Option<RiskLevel>,
    /// The risk score from 0 to 100, determined by the rules only, once completed.
    #[schema(maximum = 100)]
    risk_score: Option<u8>,
    /// The summary at the beginning of the report, once completed.
    summary: Option<String>,
    /// The outcome of each source of evidence, once they have been queried.
    sources: Vec<SourceOutcome>,
    review: Review,
    usage: Usage,
    /// Why the report failed, or why it is retried.
    error: Option<ReportError>,
    links: Links,
    /// When the links to files expire; null if there are none.
    links_expire_at: Option<UtcTime>,
    created_at: UtcTime,
    started_at: Option<UtcTime>,
    ended_at: Option<UtcTime>,
    /// When the report will be deleted; while it is under legal hold, when it would be without.
    expires_at: UtcTime,
    /// The legal hold, under which the report is neither deleted nor resubmitted; null if there is none.
    legal_hold: Option<LegalHoldResource>,
}

/// A legal hold.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LegalHold)]
struct LegalHoldResource {
    /// The reason that the administrator gave.
    reason: String,
    /// Who placed it, as in the audit log: `key:` with the id of a key, or `subject:` with a hash.
    placed_by: String,
    /// When it was placed.
    placed_at: UtcTime,
    /// When copies of all files had been made that no retention period applies to; null until then.
    files_secured_at: Option<UtcTime>,
}

impl From<LegalHold> for LegalHoldResource {
    fn from(LegalHold { reason, placed_by, placed_at, files_secured_at }: LegalHold) -> Self {
        Self { reason, placed_by, placed_at, files_secured_at }
    }
}

/// Links of a report. Links to files are signed for this response and confidential: anybody who has one can read the file
/// until it expires. Lists and batches contain none. The link of a format that the report was not written in is null.
#[derive(Debug, Serialize, ToSchema)]
struct Links {
    #[serde(rename = "self")]
    self_: String,
    events: String,
    cancel: String,
    #[schema(format = "uri")]
    html: Option<String>,
    #[schema(format = "uri")]
    pdf: Option<String>,
    #[schema(format = "uri")]
    md: Option<String>,
    #[schema(format = "uri")]
    json: Option<String>,
    #[schema(format = "uri")]
    evidence: Option<String>,
}

/// Returns the path of a report.
pub(super) fn path(id: ReportId) -> String {
    format!("/v1/reports/{id}")
}

/// How much of a report a response shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Its state, without its result.
    State,
    /// Its result as well, without links to files.
    Result,
}

impl Detail {
    /// Returns how much `caller` may see. A caller who may only write reports also gets answers with a report
    /// in them, to repeated submissions for instance.
    pub(super) fn allowed(caller: &Caller) -> Self {
        if caller.scopes.allow(Scope::ReportsRead) { Self::Result } else { Self::State }
    }
}

impl ReportResource {
    /// Creates the resource of `report`, without links to files.
    pub(super) fn new(report: Report, detail: Detail) -> Self {
        let links = Links {
            self_: path(report.id),
            events: format!("{}/events", path(report.id)),
            cancel: format!("{}/cancel", path(report.id)),
            html: None,
            pdf: None,
            md: None,
            json: None,
            evidence: None,
        };
        let attempt_history = attempts::of(&report);
        let (outcome, sources, usage) = match detail {
            Detail::State => Default::default(),
            Detail::Result => (report.outcome, report.sources, report.usage),
        };
        Self {
            report_id: report.id,
            status: report.lifecycle.status,
            progress: report.progress,
            number_check: NumberCheck::of(&report.request, Language::ENGLISH.base_words()),
            request: report.request,
            custom_id: report.labels.custom_id,
            metadata: report.labels.metadata,
            attempt: report.lifecycle.attempt,
            attempt_history,
            risk_level: outcome.as_ref().map(|outcome| outcome.risk_level),
            risk_score: outcome.as_ref().map(|outcome| outcome.risk_score),
            summary: outcome.as_ref().map(|outcome| outcome.summary.clone()),
            review: outcome.map(|outcome| outcome.review).unwrap_or_default(),
            sources,
            usage,
            error: report.error,
            links,
            links_expire_at: None,
            created_at: report.created_at,
            started_at: report.started_at,
            ended_at: report.ended_at,
            expires_at: report.expires_at,
            legal_hold: report.legal_hold.map(LegalHoldResource::from),
        }
    }

    /// Adds newly signed links to `files`, each with its key in the bucket.
    ///
    /// # Errors
    /// Returns [`AwsError`] if there are no credentials to sign with.
    pub(super) async fn sign_links(
        &mut self,
        files: &[(ArtifactKind, String)],
        bucket: &Bucket,
    ) -> Result<(), AwsError> {
        let signer = bucket.link_signer().await?;
        for (kind, key) in files {
            let link = Some(signer.link(key, *kind).await?.expose_secret().to_owned());
            match kind {
                ArtifactKind::Html => self.links.html = link,
                ArtifactKind::Pdf => self.links.pdf = link,
                ArtifactKind::Md => self.links.md = link,
                ArtifactKind::Json => self.links.json = link,
                ArtifactKind::Evidence => self.links.evidence = link,
            }
        }
        self.links_expire_at = Some(signer.expires_at());
        Ok(())
    }

    /// Returns when the links to files expire; `None` if there are none.
    pub(super) fn links_expire_at(&self) -> Option<UtcTime> {
        self.links_expire_at
    }
}
