//! Call-backs of reports that have ended: held by one process at a time, and what became of each attempt.

use aws_sdk_dynamodb::{operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue};

use super::{
    Table,
    item::{self, attribute},
};
use crate::{
    dynamodb::{DYNAMODB, conditional, number},
    error::AwsError,
};
use domain::{
    identity::{ReportId, Tenant},
    report::Report,
    time::UtcTime,
    webhook::{DeliveryAttempt, WEBHOOK_GRACE, WebhookState},
};

const OPERATION: &str = "UpdateItem";

impl Table {
    /// Puts off what is due at `now` for a call-back until `until`: true for the one who does it first.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known whether it was put off.
    pub async fn hold_webhook(
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

    /// Records an attempt at the call-back of `report`, as it was read, and where the call-back now stands; `next` is when
    /// the sweeper is to look after it. False, and nothing changed, where the call-back is not as it was read: another process
    /// has attempted it meanwhile, or the report was resubmitted.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known whether it is recorded.
    pub async fn record_attempt(
        &self,
        report: &Report,
        attempt: &DeliveryAttempt,
        state: WebhookState,
        next: Option<UtcTime>,
    ) -> Result<bool, AwsError> {
        let seen = report.callback.as_ref().map_or(0, |callback| callback.attempts.len());
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
            .expression_attribute_values(":seen", number(seen))
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
            // Its own first try, whose answer was lost.
            Err(item) => Ok(item::report(OPERATION, item)
                .is_ok_and(|now| now.callback.is_some_and(|now| now.attempts.last() == Some(attempt)))),
        }
    }

    /// Begins a new sending of the call-back of a report that has ended: the report, or none where it has no call-back.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known to be begun.
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
            .expression_attribute_values(":shard", AttributeValue::S(item::due_shard(id)));
        match conditional(request).await? {
            Ok(item) => item::report(OPERATION, item).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn update(&self, tenant: &Tenant, id: ReportId) -> UpdateItemFluentBuilder {
        let key = AttributeValue::S(item::key(tenant, id));
        self.client.update_item().table_name(&self.name).key(attribute::PK, key)
    }
}
