//! The report as clients see it.

use aws_adapters::{bucket::LINK_LIFETIME, error::AwsError};
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

use crate::{application::App, auth::Caller};

/// A report: how far it is, and, once it is completed, its verdict and links to its files.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Report)]
pub struct ReportResource {
    report_id: ReportId,
    status: Status,
    progress: Progress,
    request: ReportRequest,
    /// How often a worker has taken the report.
    attempt: u32,
    /// The verdict, once completed.
    risk_level: Option<RiskLevel>,
    /// From 0 to 100, by the rules alone, once completed.
    #[schema(maximum = 100)]
    risk_score: Option<u8>,
    /// The text at the report's head, once completed.
    summary: Option<String>,
    /// How each source of evidence went, once they were asked.
    sources: Vec<SourceOutcome>,
    review: Review,
    usage: Usage,
    /// Why the report failed, or why it is tried again.
    error: Option<ReportError>,
    links: Links,
    /// Until when the links to files work.
    links_expire_at: Option<UtcTime>,
    created_at: UtcTime,
    started_at: Option<UtcTime>,
    ended_at: Option<UtcTime>,
    /// When the report is deleted.
    expires_at: UtcTime,
}

/// Where to go from a report. The links to files are signed for this answer, and secret: whoever
/// has one can read the file until it expires.
#[derive(Debug, Serialize, ToSchema)]
struct Links {
    #[serde(rename = "self")]
    this: String,
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

/// The path of a report.
pub(super) fn path(id: ReportId) -> String {
    format!("/v1/reports/{id}")
}

/// The entity tag of a report: it covers the report's state, not the links, which differ every time.
pub(super) fn entity_tag(report: &Report) -> String {
    format!("\"{}\"", report.revision)
}

impl ReportResource {
    /// The resource of `report` for `caller`, with links signed now if it is completed.
    ///
    /// # Errors
    /// [`AwsError`] when there are no credentials to sign with.
    pub(super) async fn new(report: Report, app: &App, caller: &Caller) -> Result<Self, AwsError> {
        let mut links = Links {
            this: path(report.id),
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
            for (kind, artifact) in &outcome.artifacts {
                let link = Some(app.aws.bucket.link(&artifact.key, *kind).await?.expose_secret().to_owned());
                match kind {
                    ArtifactKind::Html => links.html = link,
                    ArtifactKind::Pdf => links.pdf = link,
                    ArtifactKind::Md => links.md = link,
                    ArtifactKind::Json => links.json = link,
                    ArtifactKind::Evidence => links.evidence = link,
                }
            }
            links_expire_at = Some(app.clock.now().plus(LINK_LIFETIME));
            caller.audit("artifact.links", &report.id);
        }
        let verdict = report.outcome;
        Ok(Self {
            report_id: report.id,
            status: report.lifecycle.status,
            progress: report.progress,
            request: report.request,
            attempt: report.lifecycle.attempt,
            risk_level: verdict.as_ref().map(|verdict| verdict.risk_level),
            risk_score: verdict.as_ref().map(|verdict| verdict.risk_score),
            summary: verdict.as_ref().map(|verdict| verdict.summary.clone()),
            review: verdict.map(|verdict| verdict.review).unwrap_or_default(),
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
