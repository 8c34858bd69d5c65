//! A report as the table holds it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    artifact::{ArtifactKind, StoredArtifact},
    evidence::SourceOutcome,
    identity::{ReportId, Tenant},
    lifecycle::Lifecycle,
    request::ReportRequest,
    risk::RiskLevel,
    time::UtcTime,
    webhook::Webhook,
};

/// A report, from its submission to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id within the tenant.
    pub id: ReportId,
    /// What decides what may happen to it.
    pub lifecycle: Lifecycle,
    /// Grows with every change that a reader can see; the entity tag is made of it.
    pub revision: u64,
    /// What was asked.
    pub request: ReportRequest,
    /// [`ReportRequest::fingerprint`] of it.
    pub request_sha256: String,
    /// New for every submission: tells its own first try, whose answer was lost, from another's.
    pub submission: Uuid,
    /// How far it is.
    pub progress: Progress,
    /// The verdict, once COMPLETED.
    pub outcome: Option<Outcome>,
    /// How each source went, once gathered.
    pub sources: Vec<SourceOutcome>,
    /// What was spent on the model so far.
    pub usage: Usage,
    /// Why it failed, once FAILED; or why it is tried again.
    pub error: Option<ReportError>,
    /// The call-back, once it has ended, where one was asked for.
    pub callback: Option<Webhook>,
    /// When it was submitted.
    pub created_at: UtcTime,
    /// When a person last asked for another go at it.
    pub resubmitted_at: Option<UtcTime>,
    /// When a worker first took it.
    pub started_at: Option<UtcTime>,
    /// When it last came to each stage.
    pub began: StagesBegan,
    /// When it reached a terminal state.
    pub ended_at: Option<UtcTime>,
    /// When it is deleted.
    pub expires_at: UtcTime,
}

/// When a report last came to each stage that a worker works on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the stage of that name")]
pub struct StagesBegan {
    pub gather: Option<UtcTime>,
    pub assess: Option<UtcTime>,
    pub render: Option<UtcTime>,
    pub publish: Option<UtcTime>,
}

/// The verdict of a COMPLETED report, with where its artifacts lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The verdict.
    pub risk_level: RiskLevel,
    /// From 0 to 100, by the rules alone.
    pub risk_score: u8,
    /// The text at the report's head.
    pub summary: String,
    /// Whether a person must look, and why.
    pub review: Review,
    /// The files.
    pub artifacts: BTreeMap<ArtifactKind, StoredArtifact>,
}

/// Whether a person must look at a report, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Review {
    /// Whether a person must look.
    pub required: bool,
    /// Why.
    pub reasons: Vec<String>,
}

impl Review {
    /// A review that is required when there is a reason.
    pub fn because(reasons: Vec<String>) -> Self {
        Self { required: !reasons.is_empty(), reasons }
    }
}

/// A step on the way of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Waiting for a worker.
    Queued,
    /// Asking the sources.
    Gather,
    /// Asking the model and checking what it says.
    Assess,
    /// Writing the report in each form.
    Render,
    /// Storing it.
    Publish,
    /// Ended.
    Done,
}

impl Stage {
    /// Its name in the API, traces and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Gather => "gather",
            Self::Assess => "assess",
            Self::Render => "render",
            Self::Publish => "publish",
            Self::Done => "done",
        }
    }

    /// How far a report is that has come to this stage.
    pub fn progress(self) -> Progress {
        let (percent, message) = match self {
            Self::Queued => (0, "Waiting for a worker"),
            Self::Gather => (10, "Asking the sources of evidence"),
            Self::Assess => (40, "Having the evidence assessed"),
            Self::Render => (80, "Writing the report"),
            Self::Publish => (90, "Storing the report"),
            Self::Done => (100, "The report is ready"),
        };
        Progress { stage: self, percent, message: message.to_owned() }
    }
}

/// How far a report is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The stage it is at.
    pub stage: Stage,
    /// From 0 to 100.
    #[cfg_attr(feature = "openapi", schema(maximum = 100))]
    pub percent: u8,
    /// The same in words.
    pub message: String,
}

/// What was spent on the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens sent to the model.
    pub input_tokens: u64,
    /// Tokens written by the model.
    pub output_tokens: u64,
    /// What they cost, in US dollars.
    pub cost_usd: f64,
    /// Calls that were answered.
    pub model_calls: u32,
}

impl Usage {
    /// This usage and `other` together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens + other.input_tokens,
            output_tokens: self.output_tokens + other.output_tokens,
            cost_usd: micro_dollars(self.cost_usd + other.cost_usd),
            model_calls: self.model_calls + other.model_calls,
        }
    }
}

/// An amount in US dollars, rounded to a millionth: what is beyond is noise of binary fractions.
pub fn micro_dollars(amount: f64) -> f64 {
    (amount * 1e6).round() / 1e6
}

/// Why a report failed, or why it is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportError {
    /// What, for programs.
    #[cfg_attr(feature = "openapi", schema(example = "model_refused"))]
    pub code: String,
    /// What happened and what to do, for people.
    pub message: String,
    /// Whether asking again, by `resubmit`, can help.
    pub retryable: bool,
}

/// How long reports are kept.
pub const RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);

impl Report {
    /// A report that was just submitted.
    pub fn submitted(
        tenant: Tenant,
        id: ReportId,
        request: ReportRequest,
        lifecycle: Lifecycle,
        submission: Uuid,
        now: UtcTime,
    ) -> Self {
        let request_sha256 = request.fingerprint();
        Self {
            tenant,
            id,
            lifecycle,
            revision: 1,
            request,
            request_sha256,
            submission,
            progress: Stage::Queued.progress(),
            outcome: None,
            sources: Vec::new(),
            usage: Usage::default(),
            error: None,
            callback: None,
            created_at: now,
            resubmitted_at: None,
            started_at: None,
            began: StagesBegan::default(),
            ended_at: None,
            // The table counts its time to live in whole seconds.
            expires_at: UtcTime::from_epoch_millis(now.plus(RETENTION).epoch_seconds() * 1000),
        }
    }

    /// Returns the time from the last submission or resubmission to the end, or `None` before the end.
    pub fn turnaround(&self) -> Option<Duration> {
        Some(self.ended_at?.since(self.resubmitted_at.unwrap_or(self.created_at)))
    }
}
