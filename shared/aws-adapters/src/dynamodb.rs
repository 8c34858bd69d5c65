//! What the adapters share that work on items of the table.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::{http::HttpResponse, retry::RetryConfig},
    error::SdkError,
    operation::update_item::{UpdateItemError, UpdateItemOutput, builders::UpdateItemFluentBuilder},
    types::{AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use tokio::time::sleep;

use super::{
    error::AwsError,
    request::{instrumented, send},
};

/// The service, as AWS names it.
pub(super) const DYNAMODB: &str = "DynamoDB";

/// An item's attributes by their names.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Keys of one BatchGetItem, at most ("BatchGetItem" in the Amazon DynamoDB API Reference).
pub(super) const GET_MAX: usize = 100;

/// How long what one answer had no room for waits before it is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// The items with these partition keys, by consistent reads, a hundred with each BatchGetItem; what is not there is left
/// out.
///
/// # Errors
/// [`AwsError`] when one of them cannot be read.
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
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true);
        let wanted = wanted.build().map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?;
        let mut left = HashMap::from([(table.to_owned(), wanted)]);
        while !left.is_empty() {
            let request = client.batch_get_item().set_request_items(Some(left));
            let answer = send(DYNAMODB, OPERATION, request.send()).await?;
            let found = answer.responses.unwrap_or_default().into_values().flatten();
            items.extend(found.filter_map(|item| Some((item.get(PK)?.as_s().ok()?.clone(), item))));
            left = answer.unprocessed_keys.unwrap_or_default();
            if !left.is_empty() {
                sleep(ASK_AGAIN).await;
            }
        }
    }
    Ok(items)
}

/// A number as an attribute.
pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Sends `request`: the item after the write; or, where its condition did not hold, the item as it is.
///
/// # Errors
/// [`AwsError`] when it is not known which.
pub(super) async fn conditional(request: UpdateItemFluentBuilder) -> Result<Result<Item, Item>, AwsError> {
    outcome(answering(request).send()).await
}

/// [`conditional`] that is sent once, for what must not be done twice.
///
/// # Errors
/// [`AwsError`] when it is not known whether it was done.
pub(super) async fn conditional_once(
    request: UpdateItemFluentBuilder,
) -> Result<Result<Item, Item>, AwsError> {
    let once = aws_sdk_dynamodb::config::Builder::new().retry_config(RetryConfig::disabled());
    outcome(answering(request).customize().config_override(once).send()).await
}

fn answering(request: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
    request
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
}

async fn outcome(
    sent: impl Future<Output = Result<UpdateItemOutput, SdkError<UpdateItemError, HttpResponse>>>,
) -> Result<Result<Item, Item>, AwsError> {
    const OPERATION: &str = "UpdateItem";
    let error = match instrumented(DYNAMODB, OPERATION, sent).await {
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
