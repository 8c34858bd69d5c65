//! Writes new items, those that are written at the same time with one request.
//!
//! The writes have no condition, because BatchWriteItem has none. So none is repeated whose outcome is unknown: in the
//! meantime, somebody may have changed the item that the first one wrote.

use std::{collections::HashMap, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    config::{Builder as ConfigBuilder, retry::RetryConfig},
    types::{AttributeValue, PutRequest, WriteRequest},
};
use futures::FutureExt as _;

use super::{
    item::Item,
    schema::{self, attribute},
};
use crate::{
    batcher::{Batcher, Lost},
    error::{AwsError, DYNAMODB, ErrorClass},
    request::send,
};
use domain::report::Report;

/// Maximum number of items of one BatchWriteItem ("BatchWriteItem" in the Amazon DynamoDB API Reference).
const BATCH_MAX: usize = 25;

/// The operation that writes a single item.
const PUT: &str = "PutItem";

/// A new item. Clones share its attributes, since all items of a large batch are kept until they are written.
#[derive(Clone, Debug)]
pub(super) struct NewItem {
    key: String,
    attributes: Arc<HashMap<String, AttributeValue>>,
}

impl NewItem {
    /// Returns the item of a new report.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the report cannot be converted to an item.
    pub(super) fn of(report: &Report) -> Result<Self, AwsError> {
        let attributes = serde_dynamo::to_item(Item::of_submitted(report))
            .map_err(|error| AwsError::unusable(DYNAMODB, PUT, error))?;
        Ok(Self { key: schema::key(&report.tenant, report.id), attributes: Arc::new(attributes) })
    }
}

/// Writes new items, those that are written at the same time with one request.
#[derive(Clone, Debug)]
pub(super) struct NewItems {
    /// Items that are written one at a time. They do not wait behind the many of a batch of reports.
    single: Batcher<NewItem, Result<(), AwsError>>,
    many: Batcher<NewItem, Result<(), AwsError>>,
}

impl NewItems {
    /// Returns the writes to the table `name`.
    pub(super) fn new(client: &Client, name: &str) -> Self {
        let batcher = || {
            let table = To { client: client.clone(), name: name.to_owned() };
            Batcher::new(BATCH_MAX, move |items| table.clone().write(items).boxed())
        };
        Self { single: batcher(), many: batcher() }
    }

    /// Writes one item.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the item is written. The table has not written it if the error
    /// is not [`ErrorClass::Transient`].
    pub(super) async fn write(&self, item: NewItem) -> Result<(), AwsError> {
        answer(self.single.call(item, is_refused).await)
    }

    /// Writes many items, and returns the result of each as [`Self::write`] does.
    pub(super) async fn write_all(&self, items: Vec<NewItem>) -> Vec<Result<(), AwsError>> {
        self.many.call_all(items, is_refused).await.into_iter().map(answer).collect()
    }
}

/// Returns whether the table has not written the item, because it was too busy.
fn is_refused(result: &Result<(), AwsError>) -> bool {
    matches!(result, Err(error) if error.class == ErrorClass::Throttled)
}

/// Returns the result of a write, which has none if its request was lost.
fn answer(result: Result<Result<(), AwsError>, Lost>) -> Result<(), AwsError> {
    result.unwrap_or_else(|Lost| Err(AwsError::without_answer(DYNAMODB, PUT)))
}

/// Where requests go.
#[derive(Clone, Debug)]
struct To {
    client: Client,
    name: String,
}

impl To {
    async fn write(self, items: Vec<NewItem>) -> Vec<Result<(), AwsError>> {
        let count = items.len();
        let outcome = match <[NewItem; 1]>::try_from(items) {
            Ok([item]) => {
                let request = self
                    .client
                    .put_item()
                    .table_name(self.name)
                    .set_item(Some(Arc::unwrap_or_clone(item.attributes)));
                let request = request.customize().config_override(once());
                send(DYNAMODB, PUT, request.send()).await.map(|_| vec![Ok(())])
            }
            Err(items) => self.write_batch(items).await,
        };
        outcome.unwrap_or_else(|error| vec![Err(error); count])
    }

    async fn write_batch(self, items: Vec<NewItem>) -> Result<Vec<Result<(), AwsError>>, AwsError> {
        const OPERATION: &str = "BatchWriteItem";
        let keys: Vec<String> = items.iter().map(|item| item.key.clone()).collect();
        let write = |item: NewItem| {
            let put = PutRequest::builder().set_item(Some(Arc::unwrap_or_clone(item.attributes))).build();
            let put = put.map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        let writes = items.into_iter().map(write).collect::<Result<Vec<_>, AwsError>>()?;
        let request = self.client.batch_write_item();
        let request = request.set_request_items(Some(HashMap::from([(self.name, writes)])));
        let answer = send(DYNAMODB, OPERATION, request.customize().config_override(once()).send()).await?;
        let unprocessed = answer.unprocessed_items.unwrap_or_default();
        let unprocessed: Vec<String> =
            unprocessed.into_values().flatten().filter_map(|write| key(&write)).collect();
        let result = |key: String| match unprocessed.contains(&key) {
            true => Err(AwsError::unprocessed(DYNAMODB, OPERATION)),
            false => Ok(()),
        };
        Ok(keys.into_iter().map(result).collect())
    }
}

/// Returns the configuration of a request that the SDK does not repeat.
fn once() -> ConfigBuilder {
    ConfigBuilder::new().retry_config(RetryConfig::disabled())
}

fn key(write: &WriteRequest) -> Option<String> {
    let put = write.put_request()?;
    put.item().get(attribute::PK).and_then(|key: &AttributeValue| key.as_s().ok()).cloned()
}
