//! The erasure of reports: requested once, hidden from everybody from then on, and carried out by a worker.
//!
//! The bucket and the table are not changed together, so the item stays until the last file is gone. It is the
//! promise to go on: the sweeper finds it in the index of due reports.

use std::time::Duration;

use aws_sdk_dynamodb::{operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue};

use super::{
    reports::Table,
    schema::{DuePartition, attribute, key},
};
use crate::{
    dynamodb::{conditional, conditional_delete, number},
    error::AwsError,
    retention::exists,
};
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::Status,
    report::Report,
    time::UtcTime,
};

/// The time to live of the item of a report that is being erased: time enough to erase its files. After that, DynamoDB may
/// delete the item whether they are erased or not.
const ERASING_ITEM_TTL: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long after one worker has begun to erase a report another one may begin as well.
const TURN: Duration = Duration::from_secs(300);

/// The outcome of [`Table::request_erasure`].
#[derive(Clone, Debug)]
pub enum ErasureRequest {
    /// The report exists for nobody any more, and a worker will erase it.
    Accepted,
    /// The report has not ended; this is its present state.
    NotEnded(Box<Report>),
    /// The report is under legal hold.
    Held,
    /// There is no such report, or it has expired.
    Missing,
}

/// Adds to the conditional update of a report that it is erased from `now` on: it exists for nobody any more, is due for a
/// worker, and has neither a webhook nor a legal hold. The condition of `request` may use `#requested`, `#revision` and
/// `#hold`.
pub(super) fn mark_for_erasure(request: UpdateItemFluentBuilder, now: UtcTime) -> UpdateItemFluentBuilder {
    request
        .update_expression(
            "SET #requested = :now, #due = :due, #shard = :shard, #expires = :end, #revision = #revision + :one \
             REMOVE #webhook, #hold, #after",
        )
        .expression_attribute_names("#requested", attribute::ERASURE_REQUESTED_AT)
        .expression_attribute_names("#due", attribute::DUE_AT)
        .expression_attribute_names("#shard", attribute::DUE_SHARD)
        .expression_attribute_names("#expires", attribute::EXPIRES_AT)
        .expression_attribute_names("#revision", attribute::REVISION)
        .expression_attribute_names("#webhook", attribute::CALLBACK_STATE)
        .expression_attribute_names("#hold", attribute::LEGAL_HOLD)
        .expression_attribute_names("#after", attribute::EXPIRES_AFTER_HOLD)
        .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
        .expression_attribute_values(":due", number(now.epoch_millis()))
        .expression_attribute_values(":shard", AttributeValue::S(DuePartition::Erasures.to_string()))
        .expression_attribute_values(":end", number(now.plus(ERASING_ITEM_TTL).epoch_seconds()))
        .expression_attribute_values(":one", number(1))
}

impl Table {
    /// Hides a report that has ended from all readers and writers, and makes it due for its erasure. A webhook that
    /// is still to be delivered is not delivered any more.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the request is recorded.
    pub async fn request_erasure(
        &self,
        tenant: &Tenant,
        id: ReportId,
        now: UtcTime,
    ) -> Result<ErasureRequest, AwsError> {
        let status = |status: Status| AttributeValue::S(status.to_string());
        let request = mark_for_erasure(self.update(tenant, id), now)
            .condition_expression(
                "#status IN (:completed, :failed, :cancelled) AND #expires > :seconds \
                 AND attribute_not_exists(#requested) AND attribute_not_exists(#hold)",
            )
            .expression_attribute_names("#status", attribute::STATUS)
            .expression_attribute_values(":seconds", number(now.epoch_seconds()))
            .expression_attribute_values(":completed", status(Status::Completed))
            .expression_attribute_values(":failed", status(Status::Failed))
            .expression_attribute_values(":cancelled", status(Status::Cancelled));
        let written = conditional(request).await?;
        let current = match written {
            Err(item) if item.is_empty() => return Ok(ErasureRequest::Missing),
            Ok(item) | Err(item) => self.decode_any("UpdateItem", item)?,
        };
        // Recorded now, or by an earlier try whose answer was lost.
        if current.erasure_requested_at == Some(now) {
            // The table cannot tell when a report with a retention period of its own expires. If it has, a worker would
            // soon have marked it as well, but for its reader it did not exist any more.
            return Ok(match current.expires_at > now {
                true => ErasureRequest::Accepted,
                false => ErasureRequest::Missing,
            });
        }
        Ok(if !current.lifecycle.status.is_terminal() {
            ErasureRequest::NotEnded(Box::new(current))
        } else if current.legal_hold.is_some() {
            ErasureRequest::Held
        } else {
            ErasureRequest::Missing
        })
    }

    /// Reads a report with a consistent read, also one that is being erased. Returns `None` if it does not exist or
    /// has expired.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the report cannot be read.
    pub async fn get_or_erasing(&self, tenant: &Tenant, id: ReportId) -> Result<Option<Report>, AwsError> {
        let item = self.item(tenant, id).await?;
        let report = item.map(|item| self.decode_any("GetItem", item)).transpose()?;
        let now = self.clock.now();
        Ok(report.filter(|report| report.erasure_requested_at.is_some() || exists(report, now)))
    }

    /// Takes the turn to erase a report that is due at `now`. Returns `true` for the first caller only, until some
    /// minutes have passed and the report still has files.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the turn was taken.
    pub async fn claim_erasure(&self, tenant: &Tenant, id: ReportId, now: UtcTime) -> Result<bool, AwsError> {
        let request = self
            .update(tenant, id)
            .update_expression("SET #due = :until")
            .condition_expression("attribute_exists(#requested) AND #due <= :now")
            .expression_attribute_names("#requested", attribute::ERASURE_REQUESTED_AT)
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_values(":until", number(now.plus(TURN).epoch_millis()))
            .expression_attribute_values(":now", number(now.epoch_millis()));
        Ok(conditional(request).await?.is_ok())
    }

    /// Deletes the item of a report whose files are erased, and with it the report's entries in the indexes. Does
    /// nothing if the item is gone already, or belongs to a report that is not being erased.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the item is deleted.
    pub async fn finish_erasure(&self, tenant: &Tenant, id: ReportId) -> Result<(), AwsError> {
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key(attribute::PK, AttributeValue::S(key(tenant, id)))
            .condition_expression("attribute_exists(#requested)")
            .expression_attribute_names("#requested", attribute::ERASURE_REQUESTED_AT);
        conditional_delete(request).await.map(drop)
    }
}
