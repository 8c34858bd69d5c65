//! The report as clients see it.

use aws_adapters::{bucket::Bucket, error::AwsError};
use domain::{
    artifact::ArtifactKind,
    evidence::SourceOutcome,
    identity::ReportId,
    lifecycle::Status,
    report::{Progress, Report, ReportError, Review, Usage},
    request::ReportRequest,
    risk::RiskLevel,
    time::UtcTime,
};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;

/// A report: its progress and, once it is completed, its verdict and links to its files.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Report)]
pub(crate) struct ReportResource {
    report_id: ReportId,
    status: Status,
    progress: Progress,
    request: ReportRequest,
    /// The number of the current or last attempt to write the report; 0 while it waits for its first.
    attempt: u32,
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
    /// When the links to files expire.
    links_expire_at: Option<UtcTime>,
    created_at: UtcTime,
    started_at: Option<UtcTime>,
    ended_at: Option<UtcTime>,
    /// When the report will be deleted.
    expires_at: UtcTime,
}

/// Links of a report. Links to files are signed for this response and confidential: anybody who has one can read the file
/// until it expires.
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

/// Returns the entity tag of a report. It identifies the report's state; the links differ in every response.
pub(super) fn entity_tag(report: &Report) -> String {
    format!("\"{}\"", report.revision)
}

impl ReportResource {
    /// Creates the resource of `report` for `caller`, with newly signed links if it is completed.
    ///
    /// # Errors
    /// Returns [`AwsError`] if there are no credentials to sign with.
    pub(super) async fn new(report: Report, bucket: &Bucket, caller: &Caller) -> Result<Self, AwsError> {
        let mut links = Links {
            self_: path(report.id),
            events: format!("{}/events", path(report.id)),
            cancel: format!("{}/cancel", path(report.id)),
            html: None,
            pdf: None,
            md: None,
            json: None,
            evidence: None,
        };
        let mut links_expire_at = None;
        if let Some(outcome) = &report.outcome {
            let signer = bucket.link_signer().await?;
            for (kind, artifact) in &outcome.artifacts {
                let link = Some(signer.link(&artifact.key, *kind).await?.expose_secret().to_owned());
                match kind {
                    ArtifactKind::Html => links.html = link,
                    ArtifactKind::Pdf => links.pdf = link,
                    ArtifactKind::Md => links.md = link,
                    ArtifactKind::Json => links.json = link,
                    ArtifactKind::Evidence => links.evidence = link,
                }
            }
            links_expire_at = Some(signer.expires_at());
            caller.audit("artifact.links", &report.id);
        }
        let outcome = report.outcome;
        Ok(Self {
            report_id: report.id,
            status: report.lifecycle.status,
            progress: report.progress,
            request: report.request,
            attempt: report.lifecycle.attempt,
            risk_level: outcome.as_ref().map(|outcome| outcome.risk_level),
            risk_score: outcome.as_ref().map(|outcome| outcome.risk_score),
            summary: outcome.as_ref().map(|outcome| outcome.summary.clone()),
            review: outcome.map(|outcome| outcome.review).unwrap_or_default(),
            sources: report.sources,
            usage: report.usage,
            error: report.error,
            links,
            links_expire_at,
            created_at: report.created_at,
            started_at: report.started_at,
            ended_at: report.ended_at,
            expires_at: report.expires_at,
        })
    }
}
