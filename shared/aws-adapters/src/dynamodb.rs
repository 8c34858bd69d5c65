//! Helpers that all adapters of the table share.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::{http::HttpResponse, retry::RetryConfig},
    error::SdkError,
    operation::{
        delete_item::{DeleteItemError, builders::DeleteItemFluentBuilder},
        transact_write_items::TransactWriteItemsError,
        update_item::{UpdateItemError, UpdateItemOutput, builders::UpdateItemFluentBuilder},
    },
    types::{
        AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update,
    },
};
use tokio::time::sleep;

use crate::{
    error::{AwsError, DYNAMODB},
    request::{instrumented, send},
};

/// The attributes of an item, by name.
pub(super) type Item = HashMap<String, AttributeValue>;

const UPDATE_ITEM: &str = "UpdateItem";

/// Maximum number of keys of one BatchGetItem ("BatchGetItem" in the Amazon DynamoDB API Reference).
const GET_MAX: usize = 100;

/// Delay before unprocessed keys are requested again.
const UNPROCESSED_DELAY: Duration = Duration::from_millis(50);

/// Reads the items with the partition keys `keys`, using consistent reads, a hundred per BatchGetItem.
/// Returns them by their keys, without the missing ones.
///
/// # Errors
/// Returns [`AwsError`] if one of the items cannot be read.
pub(super) async fn get_all(
    client: &Client,
    table: &str,
    keys: Vec<String>,
) -> Result<HashMap<String, Item>, AwsError> {
    const OPERATION: &str = "BatchGetItem";
    const PK: &str = "pk";
    let mut items = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(GET_MAX) {
        let keys = keys.iter().map(|key| Item::from([(PK.to_owned(), AttributeValue::S(key.clone()))]));
        let request = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true);
        let request = request.build().map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?;
        let mut remaining = HashMap::from([(table.to_owned(), request)]);
        while !remaining.is_empty() {
            let request = client.batch_get_item().set_request_items(Some(remaining));
            let answer = send(DYNAMODB, OPERATION, request.send()).await?;
            let found = answer.responses.unwrap_or_default().into_values().flatten();
            items.extend(found.filter_map(|item| Some((item.get(PK)?.as_s().ok()?.clone(), item))));
            remaining = answer.unprocessed_keys.unwrap_or_default();
            if !remaining.is_empty() {
                sleep(UNPROCESSED_DELAY).await;
            }
        }
    }
    Ok(items)
}

/// Returns `value` as an attribute of type number.
pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Sends a conditional write. Returns the item after the write as `Ok`, or, if the condition did not hold,
/// the unchanged item as `Err`.
///
/// # Errors
/// Returns [`AwsError`] if it is not certain whether the write was applied.
pub(super) async fn conditional(request: UpdateItemFluentBuilder) -> Result<Result<Item, Item>, AwsError> {
    outcome(instrumented(DYNAMODB, UPDATE_ITEM, returning_items(request).send()).await)
}

/// Sends a conditional write without retries, for writes that must not be applied twice. Returns the
/// same as [`conditional`].
///
/// # Errors
/// Returns [`AwsError`] if it is not certain whether the write was applied.
pub(super) async fn conditional_once(
    request: UpdateItemFluentBuilder,
) -> Result<Result<Item, Item>, AwsError> {
    let once = aws_sdk_dynamodb::config::Builder::new().retry_config(RetryConfig::disabled());
    let request = returning_items(request).customize().config_override(once);
    outcome(instrumented(DYNAMODB, UPDATE_ITEM, request.send()).await)
}

/// Sends a conditional deletion. Returns whether the condition held.
///
/// # Errors
/// Returns [`AwsError`] if it is not certain whether the item was deleted.
pub(super) async fn conditional_delete(request: DeleteItemFluentBuilder) -> Result<bool, AwsError> {
    const OPERATION: &str = "DeleteItem";
    let Err(error) = instrumented(DYNAMODB, OPERATION, request.send()).await else { return Ok(true) };
    match error.as_service_error() {
        Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
        _ => Err(AwsError::from_sdk(DYNAMODB, OPERATION, &error)),
    }
}

/// Sends a conditional write in one transaction with `other`, a write without a condition: both are applied, or neither.
/// Returns `Err` with the unchanged item if the condition did not hold. A repetition of the SDK is not applied again
/// ("TransactWriteItems", Amazon DynamoDB API Reference).
///
/// # Errors
/// Returns [`AwsError`] if it is not certain whether the writes were applied.
pub(super) async fn conditional_with(
    client: &Client,
    request: UpdateItemFluentBuilder,
    other: UpdateItemFluentBuilder,
) -> Result<Result<(), Item>, AwsError> {
    const OPERATION: &str = "TransactWriteItems";
    let mut transaction = client.transact_write_items();
    for request in [request, other] {
        let input = request.as_input();
        let update = Update::builder()
            .set_table_name(input.get_table_name().clone())
            .set_key(input.get_key().clone())
            .set_update_expression(input.get_update_expression().clone())
            .set_condition_expression(input.get_condition_expression().clone())
            .set_expression_attribute_names(input.get_expression_attribute_names().clone())
            .set_expression_attribute_values(input.get_expression_attribute_values().clone())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?;
        transaction = transaction.transact_items(TransactWriteItem::builder().update(update).build());
    }
    let error = match instrumented(DYNAMODB, OPERATION, transaction.send()).await {
        Ok(_) => return Ok(Ok(())),
        Err(error) => error,
    };
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
        && let Some(reason) = cancelled.cancellation_reasons().first()
        && reason.code() == Some("ConditionalCheckFailed")
    {
        return Ok(Err(reason.item().cloned().unwrap_or_default()));
    }
    Err(AwsError::from_sdk(DYNAMODB, OPERATION, &error))
}

fn returning_items(request: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
    request
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
}

fn outcome(
    answer: Result<UpdateItemOutput, SdkError<UpdateItemError, HttpResponse>>,
) -> Result<Result<Item, Item>, AwsError> {
    let error = match answer {
        Ok(answer) => return Ok(Ok(answer.attributes.unwrap_or_default())),
        Err(error) => error,
    };
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
            Ok(Err(failure.item().cloned().unwrap_or_default()))
        }
        _ => Err(AwsError::from_sdk(DYNAMODB, UPDATE_ITEM, &error)),
    }
}
