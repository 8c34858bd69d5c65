//! The webhooks of reports that have ended: claimed by one process at a time, with every delivery attempt
//! recorded.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    reports::Table,
    schema::{DuePartition, attribute},
};
use crate::{
    dynamodb::{conditional, number},
    error::{AwsError, DYNAMODB},
};
use domain::{
    identity::{ReportId, Tenant},
    report::Report,
    time::UtcTime,
    webhook::{DeliveryAttempt, WEBHOOK_GRACE, WebhookState},
};

const OPERATION: &str = "UpdateItem";

impl Table {
    /// Claims a webhook that is due at `now` by postponing it until `until`. Returns `true` for the first
    /// caller only.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the webhook was claimed.
    pub async fn claim_webhook(
        &self,
        tenant: &Tenant,
        id: ReportId,
        now: UtcTime,
        until: UtcTime,
    ) -> Result<bool, AwsError> {
        let request = self
            .update(tenant, id)
            .update_expression("SET #due = :until")
            .condition_expression("attribute_exists(#state) AND #due <= :now")
            .expression_attribute_names("#state", attribute::CALLBACK_STATE)
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_values(":until", number(until.epoch_millis()))
            .expression_attribute_values(":now", number(now.epoch_millis()));
        Ok(conditional(request).await?.is_ok())
    }

    /// Records a delivery attempt and the resulting state. `next` is when the sweeper queues the webhook
    /// again. Returns `false`, and changes nothing, if the webhook differs from `report`: another process
    /// recorded an attempt in the meantime, or the report was resubmitted.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the attempt is recorded.
    pub async fn record_attempt(
        &self,
        report: &Report,
        attempt: &DeliveryAttempt,
        state: WebhookState,
        next: Option<UtcTime>,
    ) -> Result<bool, AwsError> {
        let attempts_read = report.webhook.as_ref().map_or(0, |webhook| webhook.attempts.len());
        let unusable = |error| AwsError::unusable(DYNAMODB, OPERATION, error);
        let attempt_value = serde_dynamo::to_attribute_value(attempt).map_err(unusable)?;
        let state = serde_dynamo::to_attribute_value(state).map_err(unusable)?;
        let pending = serde_dynamo::to_attribute_value(WebhookState::Pending).map_err(unusable)?;
        let appended = "#state = :state, #attempts = list_append(#attempts, :attempt)";
        let request = self
            .update(&report.tenant, report.id)
            .condition_expression(
                "#ended = :ended AND #round = :round AND #state = :pending AND size(#attempts) = :seen",
            )
            .expression_attribute_names("#state", attribute::CALLBACK_STATE)
            .expression_attribute_names("#attempts", attribute::CALLBACK_ATTEMPTS)
            .expression_attribute_names("#round", attribute::CALLBACK_ROUND)
            .expression_attribute_names("#ended", attribute::ENDED_AT)
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_values(":attempt", AttributeValue::L(vec![attempt_value]))
            .expression_attribute_values(":state", state)
            .expression_attribute_values(":pending", pending)
            .expression_attribute_values(":seen", number(attempts_read))
            .expression_attribute_values(":round", number(attempt.round))
            .expression_attribute_values(
                ":ended",
                AttributeValue::S(report.ended_at.map(|at| at.to_string()).unwrap_or_default()),
            );
        let request = match next {
            Some(next) => request
                .update_expression(format!("SET {appended}, #due = :due"))
                .expression_attribute_values(":due", number(next.epoch_millis())),
            None => request
                .update_expression(format!("SET {appended} REMOVE #due, #shard"))
                .expression_attribute_names("#shard", attribute::DUE_SHARD),
        };
        match conditional(request).await? {
            Ok(_) => Ok(true),
            // An earlier try may have recorded the attempt although its answer was lost.
            Err(item) => Ok(self.decode(OPERATION, item)?.is_some_and(|current| {
                current.webhook.is_some_and(|webhook| webhook.attempts.last() == Some(attempt))
            })),
        }
    }

    /// Begins a new delivery round for the webhook of a report that has ended. Returns `None` if the report
    /// has no webhook.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the round has begun.
    pub async fn resend_webhook(
        &self,
        tenant: &Tenant,
        id: ReportId,
        now: UtcTime,
    ) -> Result<Option<Report>, AwsError> {
        let state = serde_dynamo::to_attribute_value(WebhookState::Pending);
        let request = self
            .update(tenant, id)
            .update_expression("SET #state = :state, #round = #round + :one, #due = :due, #shard = :shard")
            .condition_expression("attribute_exists(#state)")
            .expression_attribute_names("#state", attribute::CALLBACK_STATE)
            .expression_attribute_names("#round", attribute::CALLBACK_ROUND)
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_names("#shard", attribute::DUE_SHARD)
            .expression_attribute_values(
                ":state",
                state.map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?,
            )
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":due", number(now.plus(WEBHOOK_GRACE).epoch_millis()))
            .expression_attribute_values(":shard", AttributeValue::S(DuePartition::of(id).to_string()));
        match conditional(request).await? {
            Ok(item) => self.decode(OPERATION, item),
            Err(_) => Ok(None),
        }
    }
}
