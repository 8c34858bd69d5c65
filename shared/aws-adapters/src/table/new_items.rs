//! Writes new items, those that are written at the same time with one request.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use futures::FutureExt as _;
use tokio::time::sleep;

use super::{
    item::Item,
    schema::{self, attribute},
};
use crate::{
    batcher::{Batcher, Lost},
    error::{AwsError, DYNAMODB},
    request::send,
};
use domain::report::Report;

/// Maximum number of items of one BatchWriteItem ("BatchWriteItem" in the Amazon DynamoDB API Reference).
const BATCH_MAX: usize = 25;

/// Maximum number of requests for a batch, of which the table may process only a part at a time.
const TRIES_MAX: u32 = 5;

/// The operation that writes a single item.
const PUT: &str = "PutItem";

/// A new item.
#[derive(Clone, Debug)]
pub(super) struct NewItem {
    key: String,
    attributes: HashMap<String, AttributeValue>,
}

impl NewItem {
    /// Returns the item of a new report.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the report cannot be converted to an item.
    pub(super) fn of(report: &Report) -> Result<Self, AwsError> {
        let attributes = serde_dynamo::to_item(Item::from_report(report))
            .map_err(|error| AwsError::unusable(DYNAMODB, PUT, error))?;
        Ok(Self { key: schema::key(&report.tenant, report.id), attributes })
    }
}

/// Writes new items, those that are written at the same time with one request.
#[derive(Clone, Debug)]
pub(super) struct NewItems(Batcher<NewItem, Result<(), AwsError>>);

impl NewItems {
    /// Returns the writes to the table `name`.
    pub(super) fn new(client: &Client, name: &str) -> Self {
        let table = To { client: client.clone(), name: name.to_owned() };
        Self(Batcher::new(BATCH_MAX, move |items| table.clone().write(items).boxed()))
    }

    /// Writes one item.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the item is written.
    pub(super) async fn write(&self, item: NewItem) -> Result<(), AwsError> {
        answer(self.0.call(item).await)
    }

    /// Writes many items, and returns the result of each as [`Self::write`] does.
    pub(super) async fn write_all(&self, items: Vec<NewItem>) -> Vec<Result<(), AwsError>> {
        self.0.call_all(items).await.into_iter().map(answer).collect()
    }
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
                let request = self.client.put_item().table_name(self.name).set_item(Some(item.attributes));
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
            let put = PutRequest::builder().set_item(Some(item.attributes)).build();
            let put = put.map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        let mut remaining: Vec<WriteRequest> =
            items.into_iter().map(write).collect::<Result<_, AwsError>>()?;
        // What an earlier request has recorded stays recorded if a later one fails.
        let (mut unrecorded, mut error) = (keys.clone(), AwsError::unprocessed(DYNAMODB, OPERATION));
        for attempt in 0..TRIES_MAX {
            let request = self.client.batch_write_item();
            let request = request.set_request_items(Some(HashMap::from([(self.name.clone(), remaining)])));
            match send(DYNAMODB, OPERATION, request.send()).await {
                Ok(answer) => {
                    remaining =
                        answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
                    unrecorded = remaining.iter().filter_map(key).collect();
                }
                Err(failure) => {
                    error = failure;
                    break;
                }
            }
            if remaining.is_empty() {
                break;
            }
            sleep(Duration::from_millis(50 << attempt)).await;
        }
        let result = |key: String| if unrecorded.contains(&key) { Err(error.clone()) } else { Ok(()) };
        Ok(keys.into_iter().map(result).collect())
    }
}

fn key(write: &WriteRequest) -> Option<String> {
    let put = write.put_request()?;
    put.item().get(attribute::PK).and_then(|key: &AttributeValue| key.as_s().ok()).cloned()
}
