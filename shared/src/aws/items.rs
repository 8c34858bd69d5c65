//! Conditional updates of items that are no reports: sums of money and counts of quota.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{call::observed, error::AwsError};

/// The service, as AWS names it.
pub(super) const DYNAMODB: &str = "DynamoDB";

/// An item's attributes by their names.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A number as an attribute.
pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Sends `request`: the item after the write; or, where its condition did not hold, the item as it is.
///
/// # Errors
/// [`AwsError`] when it is not known which.
pub(super) async fn conditional(request: UpdateItemFluentBuilder) -> Result<Result<Item, Item>, AwsError> {
    const OPERATION: &str = "UpdateItem";
    let request = request
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let error = match observed(DYNAMODB, OPERATION, request.send()).await {
        Ok(answer) => return Ok(Ok(answer.attributes.unwrap_or_default())),
        Err(error) => error,
    };
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
            Ok(Err(refusal.item().cloned().unwrap_or_default()))
        }
        _ => Err(AwsError::from_sdk(DYNAMODB, OPERATION, &error)),
    }
}
