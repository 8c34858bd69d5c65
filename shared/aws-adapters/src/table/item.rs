//! A report as an item of the table: the encoding of its attributes.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::schema::{DuePartition, company_key, created_key, key};
use crate::{
    error::{AwsError, DYNAMODB},
    retention::ERASED_BY_WORKERS,
};
use domain::{
    attempt::Attempt,
    evidence::SourceOutcome,
    identity::{ReportId, Tenant},
    labels::Labels,
    legal_hold::LegalHold,
    lifecycle::{Lease, Lifecycle, Status},
    lookup::{name_key, number_key},
    report::{Outcome, OwnRetention, Progress, Report, ReportError, StagesBegan, Usage},
    request::ReportRequest,
    risk::RiskLevel,
    time::UtcTime,
    unsettled::UnsettledCall,
    webhook::{DeliveryAttempt, Webhook, WebhookState},
};

/// Number of attempts that tasks of versions up to 0.2 find left in `attempts_allowed`, while a deployment
/// rolls. They fail a report when none is left; this version retries it until its deadline.
pub(super) const ATTEMPTS_LEFT_FOR_OLDER_TASKS: u32 = 3;

/// The item of a report. Times that expressions compare are numbers: milliseconds since the epoch, or seconds
/// for `expires_at`, which DynamoDB's time to live requires. Other times are RFC 3339.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Item {
    pk: String,
    tenant: Tenant,
    report_id: ReportId,
    created_key: String,
    /// The key of the index by number. Items of versions up to 0.2 lack this and the following attributes that filters
    /// compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    company_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    risk_level: Option<RiskLevel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    review_required: Option<bool>,
    status: Status,
    attempt: u32,
    /// Read only by tasks of versions up to 0.2.
    #[serde(default)]
    attempts_allowed: u32,
    #[serde(default)]
    retries: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queued_at: Option<i64>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custom_id: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
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
    earlier_usage: Option<Usage>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unsettled_calls: Vec<UnsettledCall>,
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ended_attempts: Vec<Attempt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<UtcTime>,
    /// The time to live. While the report is under legal hold, it does not end.
    expires_at: i64,
    /// When a report under legal hold expires once it is released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_after_hold: Option<i64>,
    /// The time to live in seconds from the last work, if it is not the default: that of a report whose retention is beyond
    /// the default. Updates cannot compute it from `own_retention`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl_seconds: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    own_retention: Option<OwnRetention>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    legal_hold: Option<LegalHold>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    erasure_requested_at: Option<UtcTime>,
}

/// Decodes an item that `operation` returned.
///
/// # Errors
/// Returns [`AwsError`] if the item is not a report that this version can read.
pub(super) fn report(
    operation: &'static str,
    item: HashMap<String, AttributeValue>,
) -> Result<Report, AwsError> {
    let item: Item = serde_dynamo::from_item(item)
        .map_err(|error| AwsError::unreadable_item(DYNAMODB, operation, error))?;
    Ok(item.into_report())
}

impl Item {
    /// Encodes a report that was submitted. Legal holds and erasures are written by updates of the item.
    pub(super) fn of_submitted(report: &Report) -> Self {
        let Report { tenant, id, lifecycle, .. } = report.clone();
        let ttl_seconds =
            (report.own_retention == Some(OwnRetention::BeyondDefault)).then_some(ERASED_BY_WORKERS);
        let due_at = lifecycle.due_at.map(UtcTime::epoch_millis);
        Self {
            pk: key(&tenant, id),
            // Without a number, the report is not in the index by number.
            company_key: report
                .request
                .corporate_number
                .as_deref()
                .map(|number| company_key(&tenant, &number_key(number))),
            country: Some(report.request.country.code().to_owned()),
            name_key: Some(name_key(&report.request.company_name)),
            risk_level: report.outcome.as_ref().map(|outcome| outcome.risk_level),
            review_required: None,
            leased_tenant: lifecycle.lease.as_ref().map(|_| tenant.clone()),
            tenant,
            report_id: id,
            created_key: created_key(report.created_at, id),
            status: lifecycle.status,
            attempt: lifecycle.attempt,
            attempts_allowed: lifecycle.attempt + ATTEMPTS_LEFT_FOR_OLDER_TASKS,
            retries: lifecycle.retries,
            not_before: lifecycle.not_before.map(UtcTime::epoch_millis),
            queued_at: lifecycle.queued_at.map(UtcTime::epoch_millis),
            lease_expires_at: lifecycle.lease.as_ref().map(|lease| lease.expires_at.epoch_millis()),
            lease_holder: lifecycle.lease.map(|lease| lease.holder),
            cancel_requested: lifecycle.cancel_requested,
            due_shard: due_at.map(|_| DuePartition::of(id).to_string()),
            due_at,
            revision: report.revision,
            request: report.request.clone(),
            custom_id: report.labels.custom_id.clone(),
            metadata: report.labels.metadata.clone(),
            request_sha256: report.request_sha256.clone(),
            submission: report.submission,
            progress: report.progress.clone(),
            outcome: report.outcome.clone(),
            sources: report.sources.clone(),
            usage: report.usage,
            earlier_usage: None,
            unsettled_calls: report.unsettled_calls.clone(),
            error: report.error.clone(),
            callback_state: report.webhook.as_ref().map(|webhook| webhook.state),
            callback_round: report.webhook.as_ref().map(|webhook| webhook.round),
            callback_attempts: report.webhook.as_ref().map(|webhook| webhook.attempts.clone()),
            created_at: report.created_at,
            resubmitted_at: report.resubmitted_at,
            started_at: report.started_at,
            gather_began_at: report.began.gather,
            assess_began_at: report.began.assess,
            render_began_at: report.began.render,
            publish_began_at: report.began.publish,
            ended_attempts: report.ended_attempts.clone(),
            ended_at: report.ended_at,
            // DynamoDB deletes no report that workers erase after a period beyond the default. Any other has an upper limit:
            // its own period, and the default from its first claim on, before which it has no files.
            expires_at: match ttl_seconds {
                Some(seconds) => report.created_at.epoch_seconds().saturating_add(seconds),
                None => report.expires_at.epoch_seconds(),
            },
            ttl_seconds,
            own_retention: report.own_retention,
            expires_after_hold: None,
            legal_hold: None,
            erasure_requested_at: None,
        }
    }

    fn into_report(self) -> Report {
        let expires_at = self.lease_expires_at.map(UtcTime::from_epoch_millis);
        let lease =
            self.lease_holder.zip(expires_at).map(|(holder, expires_at)| Lease { holder, expires_at });
        // `due_at` is one attribute, the key of the sparse index. For an open report it belongs to the
        // lifecycle, for a report that has ended to its webhook.
        let due_at = self.due_at.map(UtcTime::from_epoch_millis);
        let (due_at, webhook_due_at) =
            if self.status.is_terminal() { (None, due_at) } else { (due_at, None) };
        let submitted_at = self.resubmitted_at.unwrap_or(self.created_at);
        // An item of an earlier version has neither attribute. Its report has a message in the queue, because
        // only reports with `not_before` wait outside it.
        let queued_at = match (self.queued_at, self.not_before) {
            (None, None) if !self.status.is_terminal() => Some(submitted_at),
            (queued_at, _) => queued_at.map(UtcTime::from_epoch_millis),
        };
        let webhook = self.callback_state.map(|state| Webhook {
            state,
            round: self.callback_round.unwrap_or(1),
            attempts: self.callback_attempts.unwrap_or_default(),
            due_at: webhook_due_at,
        });
        Report {
            tenant: self.tenant,
            id: self.report_id,
            lifecycle: Lifecycle {
                status: self.status,
                attempt: self.attempt,
                submitted_at,
                retries: self.retries,
                not_before: self.not_before.map(UtcTime::from_epoch_millis),
                queued_at,
                lease,
                cancel_requested: self.cancel_requested,
                due_at,
            },
            revision: self.revision,
            request: self.request,
            labels: Labels { custom_id: self.custom_id, metadata: self.metadata },
            request_sha256: self.request_sha256,
            submission: self.submission,
            progress: self.progress,
            outcome: self.outcome,
            sources: self.sources,
            usage: self.usage,
            earlier_usage: self.earlier_usage.unwrap_or_default(),
            unsettled_calls: self.unsettled_calls,
            error: self.error,
            webhook,
            created_at: self.created_at,
            resubmitted_at: self.resubmitted_at,
            started_at: self.started_at,
            began: StagesBegan {
                gather: self.gather_began_at,
                assess: self.assess_began_at,
                render: self.render_began_at,
                publish: self.publish_began_at,
            },
            ended_attempts: self.ended_attempts,
            ended_at: self.ended_at,
            expires_at: UtcTime::from_epoch_millis(
                self.expires_after_hold.unwrap_or(self.expires_at).saturating_mul(1000),
            ),
            own_retention: self.own_retention,
            legal_hold: self.legal_hold,
            erasure_requested_at: self.erasure_requested_at,
        }
    }
}
