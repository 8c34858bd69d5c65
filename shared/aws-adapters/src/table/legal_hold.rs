//! Legal holds: placed and released by one conditional write of the report's item, and carried out by a worker, which
//! copies or deletes files.
//!
//! The bucket and the table are not changed together. Each change of a hold writes a second item in the same transaction:
//! the hold task. It is the promise that a worker makes the bucket agree with the report, and the sweeper finds it in the
//! index of due reports.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue};

use super::{
    erasure::mark_for_erasure,
    reports::Table,
    schema::{DuePartition, attribute, hold_task_key},
};
use crate::{
    dynamodb::{conditional, conditional_delete, conditional_with, number},
    error::{AwsError, DYNAMODB},
    retention::exists,
};
use domain::{
    identity::{ReportId, Tenant},
    legal_hold::LegalHold,
    lifecycle::Status,
    report::Report,
    time::UtcTime,
};

const OPERATION: &str = "UpdateItem";

/// The time to live of a report under legal hold: the end of the year 9999, in seconds since the epoch.
const NEVER: i64 = 253_402_300_799;

/// How long after one worker has begun a hold task another one may begin it as well.
const TURN: Duration = Duration::from_secs(300);

/// The outcome of [`Table::place_hold`].
#[derive(Clone, Debug)]
pub enum HoldRequest {
    /// The report is under this hold. A repetition with the same reason changes nothing.
    Placed(Box<Report>),
    /// The report is under a hold with another reason.
    Other(Box<LegalHold>),
    /// The report has not ended, and has this status.
    NotEnded(Status),
    /// There is no such report.
    Missing,
}

/// The turn of a worker at a hold task.
#[derive(Clone, Debug)]
pub struct HoldTurn {
    /// How often the hold of the report had changed when the turn began.
    changes: AttributeValue,
}

impl HoldTurn {
    /// Time for which no other worker begins the same task.
    pub const LENGTH: Duration = TURN;
}

impl Table {
    /// Puts a report that has ended under legal hold: it neither expires nor can be resubmitted or erased.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the hold is recorded.
    pub async fn place_hold(
        &self,
        tenant: &Tenant,
        id: ReportId,
        hold: &LegalHold,
        now: UtcTime,
    ) -> Result<HoldRequest, AwsError> {
        let status = |status: Status| AttributeValue::S(status.to_string());
        let hold_value = serde_dynamo::to_attribute_value(hold)
            .map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?;
        let request = self
            .update(tenant, id)
            .update_expression(
                "SET #hold = :hold, #after = #expires, #expires = :never, #revision = #revision + :one",
            )
            .condition_expression(
                "#status IN (:completed, :failed, :cancelled) AND #expires > :seconds \
                 AND attribute_not_exists(#requested) AND attribute_not_exists(#hold)",
            )
            .expression_attribute_names("#hold", attribute::LEGAL_HOLD)
            .expression_attribute_names("#after", attribute::EXPIRES_AFTER_HOLD)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_names("#revision", attribute::REVISION)
            .expression_attribute_names("#status", attribute::STATUS)
            .expression_attribute_names("#requested", attribute::ERASURE_REQUESTED_AT)
            .expression_attribute_values(":hold", hold_value)
            .expression_attribute_values(":never", number(NEVER))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":seconds", number(now.epoch_seconds()))
            .expression_attribute_values(":completed", status(Status::Completed))
            .expression_attribute_values(":failed", status(Status::Failed))
            .expression_attribute_values(":cancelled", status(Status::Cancelled));
        let current = match conditional_with(&self.client, request, self.hold_task(tenant, id, now)).await? {
            Ok(()) => {
                let report = self.get_or_erasing(tenant, id).await?;
                return Ok(
                    report.map_or(HoldRequest::Missing, |report| HoldRequest::Placed(Box::new(report)))
                );
            }
            Err(item) if item.is_empty() => return Ok(HoldRequest::Missing),
            Err(item) => self.decode_any(OPERATION, item)?,
        };
        Ok(match &current.legal_hold {
            Some(present) if present.reason == hold.reason => HoldRequest::Placed(Box::new(current)),
            Some(present) => HoldRequest::Other(Box::new(present.clone())),
            None if !exists(&current, now) || current.lifecycle.status.is_terminal() => HoldRequest::Missing,
            None => HoldRequest::NotEnded(current.lifecycle.status),
        })
    }

    /// Releases `report` from its legal hold. If its retention has ended in the meantime, it is erased; otherwise it
    /// expires as if there had been no hold. Does nothing if the report is under no hold. Returns `false` if there is
    /// no such report any more.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the hold is released.
    pub async fn release_hold(&self, report: &Report, now: UtcTime) -> Result<bool, AwsError> {
        let Report { tenant, id, .. } = report;
        let request = self.update(tenant, *id).condition_expression("attribute_exists(#hold)");
        let request = if report.expires_at > now {
            request
                .update_expression("SET #expires = #after, #revision = #revision + :one REMOVE #hold, #after")
                .expression_attribute_names("#hold", attribute::LEGAL_HOLD)
                .expression_attribute_names("#after", attribute::EXPIRES_AFTER_HOLD)
                .expression_attribute_names("#expires", attribute::EXPIRES_AT)
                .expression_attribute_names("#revision", attribute::REVISION)
                .expression_attribute_values(":one", number(1))
        } else {
            mark_for_erasure(request, now)
        };
        // If the condition does not hold, somebody has released it already, or an earlier try whose answer was lost.
        Ok(match conditional_with(&self.client, request, self.hold_task(tenant, *id, now)).await? {
            Ok(()) => true,
            Err(item) => !item.is_empty(),
        })
    }

    /// Records that every file of a report is copied because of `hold`. Returns `false`, and changes nothing, if the
    /// report is not under this hold any more, or if that is recorded already.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether this is recorded.
    pub async fn record_files_secured(
        &self,
        tenant: &Tenant,
        id: ReportId,
        hold: &LegalHold,
        now: UtcTime,
    ) -> Result<bool, AwsError> {
        let request = self
            .update(tenant, id)
            .update_expression("SET #hold.#secured = :now, #revision = #revision + :one")
            .condition_expression("#hold.#placed = :placed AND attribute_not_exists(#hold.#secured)")
            .expression_attribute_names("#hold", attribute::LEGAL_HOLD)
            .expression_attribute_names("#secured", attribute::FILES_SECURED_AT)
            .expression_attribute_names("#placed", attribute::PLACED_AT)
            .expression_attribute_names("#revision", attribute::REVISION)
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":placed", AttributeValue::S(hold.placed_at.to_string()))
            .expression_attribute_values(":one", number(1));
        match conditional(request).await? {
            Ok(_) => Ok(true),
            Err(item) if item.is_empty() => Ok(false),
            // An earlier try may have recorded it although its answer was lost.
            Err(item) => {
                let current = self.decode_any(OPERATION, item)?.legal_hold;
                Ok(current.is_some_and(|current| current.files_secured_at == Some(now)))
            }
        }
    }

    /// Returns the write that records that a worker has to make the bucket agree with the hold of a report. If a worker is
    /// doing so, the next turn comes when it has finished, or when its turn is over.
    fn hold_task(&self, tenant: &Tenant, id: ReportId, now: UtcTime) -> UpdateItemFluentBuilder {
        self.update_hold_task(tenant, id)
            .update_expression(
                "SET #shard = :shard, #due = if_not_exists(#due, :now), \
                 #changes = if_not_exists(#changes, :zero) + :one",
            )
            .expression_attribute_names("#shard", attribute::DUE_SHARD)
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_names("#changes", attribute::CHANGES)
            .expression_attribute_values(":shard", AttributeValue::S(DuePartition::of(id).to_string()))
            .expression_attribute_values(":now", number(now.epoch_millis()))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
    }

    /// Takes the turn at a hold task that is due at `now`. Returns `None` if another worker has it, or if there is
    /// none.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the turn was taken.
    pub async fn claim_hold_task(
        &self,
        tenant: &Tenant,
        id: ReportId,
        now: UtcTime,
    ) -> Result<Option<HoldTurn>, AwsError> {
        let request = self
            .update_hold_task(tenant, id)
            .update_expression("SET #due = :until")
            .condition_expression("#due <= :now")
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_values(":until", number(now.plus(TURN).epoch_millis()))
            .expression_attribute_values(":now", number(now.epoch_millis()));
        let claimed: Result<HashMap<_, _>, _> = conditional(request).await?;
        Ok(claimed
            .ok()
            .and_then(|mut item| item.remove(attribute::CHANGES))
            .map(|changes| HoldTurn { changes }))
    }

    /// Deletes a hold task that is carried out. If the hold has changed since `turn` began, the task is due at `now`
    /// instead.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the task is deleted or due.
    pub async fn finish_hold_task(
        &self,
        tenant: &Tenant,
        id: ReportId,
        turn: HoldTurn,
        now: UtcTime,
    ) -> Result<(), AwsError> {
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key(attribute::PK, AttributeValue::S(hold_task_key(tenant, id)))
            .condition_expression("#changes = :changes")
            .expression_attribute_names("#changes", attribute::CHANGES)
            .expression_attribute_values(":changes", turn.changes);
        if conditional_delete(request).await? {
            return Ok(());
        }
        let request = self
            .update_hold_task(tenant, id)
            .update_expression("SET #due = :now")
            .condition_expression("attribute_exists(#due)")
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_values(":now", number(now.epoch_millis()));
        conditional(request).await.map(drop)
    }

    fn update_hold_task(&self, tenant: &Tenant, id: ReportId) -> UpdateItemFluentBuilder {
        let key = AttributeValue::S(hold_task_key(tenant, id));
        self.client.update_item().table_name(&self.name).key(attribute::PK, key)
    }
}
