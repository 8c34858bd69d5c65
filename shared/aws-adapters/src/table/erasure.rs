//! The erasure of reports: requested once, hidden from everybody from then on, and carried out by a worker.
//!
//! The bucket and the table are not changed together, so the item stays until the last file is gone. It is the
//! promise to go on: the sweeper finds it in the index of due reports.

use std::time::Duration;

use aws_sdk_dynamodb::{operation::delete_item::DeleteItemError, types::AttributeValue};

use super::{
    reports::Table,
    schema::{attribute, due_shard, key},
};
use crate::{
    dynamodb::{conditional, number},
    error::{AwsError, DYNAMODB},
    request::instrumented,
    retention::exists,
};
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::Status,
    report::Report,
    time::UtcTime,
};

/// How long the item of a report that is being erased is kept at least, so that its time to live does not end before
/// its files are gone.
pub(super) const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

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
    /// There is no such report.
    Missing,
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
        let request = self
            .update(tenant, id)
            .update_expression(
                "SET #requested = :now, #due = :due, #shard = :shard, #expires = :kept REMOVE #webhook",
            )
            .condition_expression(
                "#status IN (:completed, :failed, :cancelled) AND #expires > :seconds \
                 AND attribute_not_exists(#requested) AND attribute_not_exists(#hold)",
            )
            .expression_attribute_names("#hold", attribute::LEGAL_HOLD)
            .expression_attribute_names("#requested", attribute::ERASURE_REQUESTED_AT)
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_names("#shard", attribute::DUE_SHARD)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_names("#webhook", attribute::CALLBACK_STATE)
            .expression_attribute_names("#status", attribute::STATUS)
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":due", number(now.epoch_millis()))
            .expression_attribute_values(":shard", AttributeValue::S(due_shard(id)))
            .expression_attribute_values(":kept", number(now.plus(KEPT).epoch_seconds()))
            .expression_attribute_values(":seconds", number(now.epoch_seconds()))
            .expression_attribute_values(":completed", status(Status::Completed))
            .expression_attribute_values(":failed", status(Status::Failed))
            .expression_attribute_values(":cancelled", status(Status::Cancelled));
        let current = match conditional(request).await? {
            Ok(_) => return Ok(ErasureRequest::Accepted),
            Err(item) if item.is_empty() => return Ok(ErasureRequest::Missing),
            Err(item) => self.decode_any("UpdateItem", item)?,
        };
        if current.erasure_requested_at == Some(now) {
            // Recorded by an earlier try whose answer was lost.
            return Ok(ErasureRequest::Accepted);
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
        const OPERATION: &str = "DeleteItem";
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key(attribute::PK, AttributeValue::S(key(tenant, id)))
            .condition_expression("attribute_exists(#requested)")
            .expression_attribute_names("#requested", attribute::ERASURE_REQUESTED_AT);
        match instrumented(DYNAMODB, OPERATION, request.send()).await {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(DeleteItemError::ConditionalCheckFailedException(_))
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(AwsError::from_sdk(DYNAMODB, OPERATION, &error)),
        }
    }
}
