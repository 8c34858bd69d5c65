//! A report as it is stored in the table.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use super::stage::{Progress, Stage, StagesBegan};
use super::{
    artifact::{
        ArtifactKind, StoredArtifact, artifact_key, folders, held_key, long_kept_key, of_known_kinds,
        work_folder,
    },
    attempt::Attempt,
    evidence::SourceOutcome,
    identity::{ReportId, Tenant},
    labels::Labels,
    legal_hold::LegalHold,
    lifecycle::Lifecycle,
    request::ReportRequest,
    risk::RiskLevel,
    time::UtcTime,
    unsettled::UnsettledCall,
    usage::micro_dollars,
    webhook::Webhook,
};

/// A report, from its submission to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The tenant that it belongs to.
    pub tenant: Tenant,
    /// The id, unique within the tenant.
    pub id: ReportId,
    /// The part that decides which transitions are allowed.
    pub lifecycle: Lifecycle,
    /// Incremented by every change that is visible through the API, which names states of the report by it in
    /// entity tags and event ids. It begins with the time of submission in milliseconds: a later report with the
    /// same id, as its Idempotency-Key gives it after this one has expired, has greater revisions only.
    pub revision: u64,
    /// The request.
    pub request: ReportRequest,
    /// What the client stores with the report for itself.
    pub labels: Labels,
    /// The [`ReportRequest::fingerprint`] of the request.
    pub request_sha256: String,
    /// Unique for every submission, and part of the keys of its files, so that no file of a deleted report
    /// with the same id is ever used. A resubmission keeps it while the stored evidence may be used; if it
    /// may not, the worker replaces it. After a lost answer, it tells a repeated write whether the existing
    /// report is its own.
    pub submission: Uuid,
    /// The progress shown to clients.
    pub progress: Progress,
    /// The result, once COMPLETED.
    pub outcome: Option<Outcome>,
    /// The outcome of each source, once gathered.
    pub sources: Vec<SourceOutcome>,
    /// The model usage so far, of all submissions and attempts.
    pub usage: Usage,
    /// The part of the usage whose answers are not used any more, because their evidence became too old.
    pub earlier_usage: Usage,
    /// The model calls that are under way, or that ended without a known result. As a rule there is at most one for
    /// each attempt.
    pub unsettled_calls: Vec<UnsettledCall>,
    /// Why it failed, or why it is being retried.
    pub error: Option<ReportError>,
    /// The webhook, once the report has ended, if the request has a `callbackUrl`.
    pub webhook: Option<Webhook>,
    /// When it was submitted.
    pub created_at: UtcTime,
    /// When it was last resubmitted.
    pub resubmitted_at: Option<UtcTime>,
    /// When a worker first claimed it.
    pub started_at: Option<UtcTime>,
    /// When each stage last began.
    pub began: StagesBegan,
    /// The attempts that ended and that another one follows or will follow, oldest first. [`Report::attempts`] returns
    /// all.
    pub ended_attempts: Vec<Attempt>,
    /// When it reached a terminal state.
    pub ended_at: Option<UtcTime>,
    /// When it is deleted, unless it is under legal hold.
    pub expires_at: UtcTime,
    /// Set if its tenant had a retention period of its own when it was submitted: a worker then erases it at its end.
    pub own_retention: Option<OwnRetention>,
    /// The legal hold, under which it is kept for as long as an administrator wants.
    pub legal_hold: Option<LegalHold>,
    /// When a person asked for its erasure. From then on it exists for nobody but the worker that erases its files.
    pub erasure_requested_at: Option<UtcTime>,
}

/// How the retention period of a report's tenant compared to the default when the report was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnRetention {
    /// It was the default or less.
    #[serde(rename = "shorter")]
    WithinDefault,
    /// It was longer than the default: the files are where another lifecycle rule of the bucket applies.
    #[serde(rename = "longer")]
    BeyondDefault,
}

/// The result of a COMPLETED report, with the locations of its artifacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The risk level.
    pub risk_level: RiskLevel,
    /// The risk score from 0 to 100, computed by the rules alone.
    pub risk_score: u8,
    /// The summary.
    pub summary: String,
    /// Whether a person must review the report, and why.
    pub review: Review,
    /// The stored files.
    #[serde(deserialize_with = "of_known_kinds")]
    pub artifacts: BTreeMap<ArtifactKind, StoredArtifact>,
}

/// Whether a person must review a report, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Review {
    /// Whether a review is required.
    pub required: bool,
    /// The reasons.
    pub reasons: Vec<String>,
}

impl Review {
    /// Returns a review that is required if there is at least one reason.
    pub fn because(reasons: Vec<String>) -> Self {
        Self { required: !reasons.is_empty(), reasons }
    }
}

/// The model usage of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens sent to the model.
    pub input_tokens: u64,
    /// Tokens generated by the model.
    pub output_tokens: u64,
    /// The cost, in US dollars.
    pub cost_usd: f64,
    /// Model calls that were answered.
    pub model_calls: u32,
}

impl Usage {
    /// Returns the sum of both.
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

/// Why a report failed, or why it is being retried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportError {
    /// The error code, for programs.
    #[cfg_attr(feature = "openapi", schema(example = "model_refused"))]
    pub code: String,
    /// What happened and what to do next, for people.
    pub message: String,
    /// Whether a `resubmit` can succeed.
    pub retryable: bool,
}

impl Report {
    /// Returns a report that is submitted at `now` and kept until `expires_at`.
    pub fn submitted(
        tenant: Tenant,
        id: ReportId,
        request: ReportRequest,
        lifecycle: Lifecycle,
        submission: Uuid,
        now: UtcTime,
        expires_at: UtcTime,
    ) -> Self {
        let request_sha256 = request.fingerprint();
        Self {
            tenant,
            id,
            lifecycle,
            revision: u64::try_from(now.epoch_millis()).unwrap_or(1),
            request,
            labels: Labels::default(),
            request_sha256,
            submission,
            progress: Stage::Queued.progress(),
            outcome: None,
            sources: Vec::new(),
            usage: Usage::default(),
            earlier_usage: Usage::default(),
            unsettled_calls: Vec::new(),
            error: None,
            webhook: None,
            created_at: now,
            resubmitted_at: None,
            started_at: None,
            began: StagesBegan::default(),
            ended_attempts: Vec::new(),
            ended_at: None,
            expires_at,
            own_retention: None,
            legal_hold: None,
            erasure_requested_at: None,
        }
    }

    /// Returns the id of the event that the report has ended, or `None` before the end. The id is the same
    /// for every delivery of its webhook, so that receivers can discard duplicates.
    pub fn event_id(&self) -> Option<String> {
        Some(format!("evt_{}_{}", self.id.simple(), self.ended_at?.epoch_millis()))
    }

    /// Returns whether there are files of the report, as there are once it is completed.
    pub fn has_files(&self) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| !outcome.artifacts.is_empty())
    }

    /// Returns the key of a file of this kind that the given attempt of the current submission stores.
    pub fn artifact_key(&self, attempt: u32, kind: ArtifactKind) -> String {
        self.key(artifact_key(&self.tenant, self.id, self.submission, attempt, kind))
    }

    /// Returns the folder of the work files of the current submission, which all its attempts share.
    pub fn work_folder(&self) -> String {
        self.key(work_folder(&self.tenant, self.id, self.submission))
    }

    fn key(&self, key: String) -> String {
        match self.own_retention {
            Some(OwnRetention::BeyondDefault) => long_kept_key(&key),
            Some(OwnRetention::WithinDefault) | None => key,
        }
    }

    /// Returns the folders that can hold files and work files of the report, of any of its submissions and attempts, apart
    /// from the copies of a legal hold.
    pub fn folders(&self) -> Vec<String> {
        let [files, work] = folders(&self.tenant, self.id);
        match self.own_retention {
            // An expired report with the same id may have left files where the default period applies.
            Some(OwnRetention::BeyondDefault) => {
                vec![long_kept_key(&files), long_kept_key(&work), files, work]
            }
            Some(OwnRetention::WithinDefault) | None => vec![files, work],
        }
    }

    /// Returns the kinds of its files, each with its key in the bucket.
    pub fn files(&self) -> Vec<(ArtifactKind, String)> {
        let artifacts = self.outcome.iter().flat_map(|outcome| &outcome.artifacts);
        artifacts.map(|(kind, artifact)| (*kind, self.file_key(artifact))).collect()
    }

    /// Returns where `artifact` can be read: under a legal hold, its copy outlives the original.
    pub fn file_key(&self, artifact: &StoredArtifact) -> String {
        match &self.legal_hold {
            Some(LegalHold { files_secured_at: Some(_), .. }) => held_key(&artifact.key),
            _ => artifact.key.clone(),
        }
    }

    /// Returns the time from the last submission or resubmission to the end, or `None` before the end.
    pub fn turnaround(&self) -> Option<Duration> {
        Some(self.ended_at?.since(self.resubmitted_at.unwrap_or(self.created_at)))
    }
}
