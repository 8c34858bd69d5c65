//! A report as an item of the table: names and units of its attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{dynamodb::DYNAMODB, error::AwsError};
use domain::{
    evidence::SourceOutcome,
    identity::{ReportId, Tenant},
    lifecycle::{Lease, Lifecycle, Status},
    report::{Outcome, Progress, Report, ReportError, Stage, StagesBegan, Usage},
    request::ReportRequest,
    time::UtcTime,
    webhook::{DeliveryAttempt, Webhook, WebhookState},
};

/// Names of attributes that expressions, indexes and the provisioning speak of.
pub mod attribute {
    #![expect(missing_docs, reason = "each is the name of the item's field of the same name")]

    pub const PK: &str = "pk";
    pub const TENANT: &str = "tenant";
    pub const CREATED_KEY: &str = "created_key";
    pub const STATUS: &str = "status";
    pub const ATTEMPT: &str = "attempt";
    pub const ATTEMPTS_ALLOWED: &str = "attempts_allowed";
    pub const LEASE_HOLDER: &str = "lease_holder";
    pub const LEASE_EXPIRES_AT: &str = "lease_expires_at";
    pub const CANCEL_REQUESTED: &str = "cancel_requested";
    pub const DUE_SHARD: &str = "due_shard";
    pub const DUE_AT: &str = "due_at";
    pub const REVISION: &str = "revision";
    pub const REQUEST: &str = "request";
    pub const PROGRESS: &str = "progress";
    pub const MESSAGE: &str = "message";
    pub const SOURCES: &str = "sources";
    pub const USAGE: &str = "usage";
    pub const OUTCOME: &str = "outcome";
    pub const ERROR: &str = "error";
    pub const CALLBACK_STATE: &str = "callback_state";
    pub const CALLBACK_ROUND: &str = "callback_round";
    pub const CALLBACK_ATTEMPTS: &str = "callback_attempts";
    pub const RESUBMITTED_AT: &str = "resubmitted_at";
    pub const LEASED_TENANT: &str = "leased_tenant";
    pub const GATHER_BEGAN_AT: &str = "gather_began_at";
    pub const ASSESS_BEGAN_AT: &str = "assess_began_at";
    pub const RENDER_BEGAN_AT: &str = "render_began_at";
    pub const PUBLISH_BEGAN_AT: &str = "publish_began_at";
    pub const STARTED_AT: &str = "started_at";
    pub const ENDED_AT: &str = "ended_at";
    pub const EXPIRES_AT: &str = "expires_at";
}

/// Partitions of the sparse index: enough that the sweepers' reads and the submissions' writes do
/// not meet the limit of one partition (1,000 writes per second: "Best practices for designing and
/// using partition keys effectively").
pub const DUE_SHARDS: u8 = 8;

/// A report as the table holds it. Times that expressions compare are numbers: milliseconds since
/// the epoch, and seconds for `expires_at`, as DynamoDB's time to live wants.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Item {
    pk: String,
    tenant: Tenant,
    report_id: ReportId,
    created_key: String,
    status: Status,
    attempt: u32,
    attempts_allowed: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_holder: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_expires_at: Option<i64>,
    cancel_requested: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_shard: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<i64>,
    revision: u64,
    request: ReportRequest,
    request_sha256: String,
    #[serde(default)]
    submission: Uuid,
    progress: Progress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(default)]
    sources: Vec<SourceOutcome>,
    usage: Usage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ReportError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    callback_state: Option<WebhookState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    callback_round: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    callback_attempts: Option<Vec<DeliveryAttempt>>,
    created_at: UtcTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resubmitted_at: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leased_tenant: Option<Tenant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started_at: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gather_began_at: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assess_began_at: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    render_began_at: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    publish_began_at: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<UtcTime>,
    expires_at: i64,
}

/// The partition key of a report.
pub(super) fn key(tenant: &Tenant, id: ReportId) -> String {
    format!("R#{tenant}#{id}")
}

/// The sort key of a report in the index by tenant.
pub(super) fn created_key(created_at: UtcTime, id: ReportId) -> String {
    format!("{created_at}#{id}")
}

/// The partition of a report in the sparse index.
pub(super) fn due_shard(id: ReportId) -> String {
    // The last byte of every kind of id is random or a hash.
    let last = id.to_string().chars().last().and_then(|c| c.to_digit(16)).unwrap_or_default();
    shard_name(u8::try_from(last).unwrap_or_default() % DUE_SHARDS)
}

/// The name of the `index`-th partition of the sparse index.
pub(super) fn shard_name(index: u8) -> String {
    format!("s{index}")
}

/// The attribute that tells when a report came to `stage`; none for the two whose times have names of their own.
pub(super) fn began(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Gather => Some(attribute::GATHER_BEGAN_AT),
        Stage::Assess => Some(attribute::ASSESS_BEGAN_AT),
        Stage::Render => Some(attribute::RENDER_BEGAN_AT),
        Stage::Publish => Some(attribute::PUBLISH_BEGAN_AT),
        Stage::Queued | Stage::Done => None,
    }
}

/// Reads an item that `operation` brought.
pub(super) fn report(
    operation: &'static str,
    item: HashMap<String, AttributeValue>,
) -> Result<Report, AwsError> {
    let item: Item =
        serde_dynamo::from_item(item).map_err(|error| AwsError::unusable(DYNAMODB, operation, error))?;
    Ok(item.into_report())
}

impl Item {
    pub(super) fn from_report(report: &Report) -> Self {
        let Report { tenant, id, lifecycle, .. } = report.clone();
        let due_at = lifecycle.due_at.map(UtcTime::epoch_millis);
        Self {
            pk: key(&tenant, id),
            leased_tenant: lifecycle.lease.as_ref().map(|_| tenant.clone()),
            tenant,
            report_id: id,
            created_key: created_key(report.created_at, id),
            status: lifecycle.status,
            attempt: lifecycle.attempt,
            attempts_allowed: lifecycle.attempts_allowed,
            lease_expires_at: lifecycle.lease.as_ref().map(|lease| lease.expires_at.epoch_millis()),
            lease_holder: lifecycle.lease.map(|lease| lease.holder),
            cancel_requested: lifecycle.cancel_requested,
            due_shard: due_at.map(|_| due_shard(id)),
            due_at,
            revision: report.revision,
            request: report.request.clone(),
            request_sha256: report.request_sha256.clone(),
            submission: report.submission,
            progress: report.progress.clone(),
            outcome: report.outcome.clone(),
            sources: report.sources.clone(),
            usage: report.usage,
            error: report.error.clone(),
            callback_state: report.callback.as_ref().map(|callback| callback.state),
            callback_round: report.callback.as_ref().map(|callback| callback.round),
            callback_attempts: report.callback.as_ref().map(|callback| callback.attempts.clone()),
            created_at: report.created_at,
            resubmitted_at: report.resubmitted_at,
            started_at: report.started_at,
            gather_began_at: report.began.gather,
            assess_began_at: report.began.assess,
            render_began_at: report.began.render,
            publish_began_at: report.began.publish,
            ended_at: report.ended_at,
            expires_at: report.expires_at.epoch_seconds(),
        }
    }

    fn into_report(self) -> Report {
        let expires_at = self.lease_expires_at.map(UtcTime::from_epoch_millis);
        let lease =
            self.lease_holder.zip(expires_at).map(|(holder, expires_at)| Lease { holder, expires_at });
        // One attribute is the key of the index of what is due: of an open report it is the lifecycle's, of one that has
        // ended its call-back's.
        let due_at = self.due_at.map(UtcTime::from_epoch_millis);
        let (due_at, callback_due_at) =
            if self.status.is_terminal() { (None, due_at) } else { (due_at, None) };
        let callback = self.callback_state.map(|state| Webhook {
            state,
            round: self.callback_round.unwrap_or(1),
            attempts: self.callback_attempts.unwrap_or_default(),
            due_at: callback_due_at,
        });
        Report {
            tenant: self.tenant,
            id: self.report_id,
            lifecycle: Lifecycle {
                status: self.status,
                attempt: self.attempt,
                attempts_allowed: self.attempts_allowed,
                lease,
                cancel_requested: self.cancel_requested,
                due_at,
            },
            revision: self.revision,
            request: self.request,
            request_sha256: self.request_sha256,
            submission: self.submission,
            progress: self.progress,
            outcome: self.outcome,
            sources: self.sources,
            usage: self.usage,
            error: self.error,
            callback,
            created_at: self.created_at,
            resubmitted_at: self.resubmitted_at,
            started_at: self.started_at,
            began: StagesBegan {
                gather: self.gather_began_at,
                assess: self.assess_began_at,
                render: self.render_began_at,
                publish: self.publish_began_at,
            },
            ended_at: self.ended_at,
            expires_at: UtcTime::from_epoch_millis(self.expires_at.saturating_mul(1000)),
        }
    }
}
