//! Records many new reports at once.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures::{StreamExt, stream};
use tokio::time::sleep;

use super::{
    item::Item,
    reports::Table,
    schema::{self, attribute},
};
use crate::{
    error::{AwsError, DYNAMODB},
    request::send,
};
use domain::{identity::ReportId, report::Report};

/// Maximum number of items of one BatchWriteItem ("BatchWriteItem" in the Amazon DynamoDB API Reference).
const BATCH_MAX: usize = 25;

/// Maximum number of concurrent requests.
const CONCURRENCY: usize = 8;

/// Maximum number of requests for a batch, of which the table may process only a part at a time.
const TRIES_MAX: u32 = 5;

impl Table {
    /// Records new reports and returns the ids of those that could not be recorded.
    ///
    /// It uses BatchWriteItem, 25 reports per request, which has no conditions: the ids must be new and
    /// unique to the caller. Repeating it is harmless unless a report was changed in the meantime.
    pub async fn create_all(&self, reports: &[Report]) -> Vec<ReportId> {
        let batches: Vec<_> =
            reports.chunks(BATCH_MAX).map(|batch| self.create_or_return_ids(batch)).collect();
        stream::iter(batches).buffer_unordered(CONCURRENCY).concat().await
    }

    async fn create_or_return_ids(&self, batch: &[Report]) -> Vec<ReportId> {
        let mut unrecorded = Vec::new();
        match self.create_batch(batch, &mut unrecorded).await {
            Ok(()) => Vec::new(),
            Err(error) => {
                tracing::error!(error = %error, reports = unrecorded.len(), "could not record reports of a batch");
                unrecorded
            }
        }
    }

    /// Records up to 25 reports. If it fails, `unrecorded` contains the ids of the reports that are not
    /// recorded for certain.
    async fn create_batch(&self, reports: &[Report], unrecorded: &mut Vec<ReportId>) -> Result<(), AwsError> {
        const OPERATION: &str = "BatchWriteItem";
        unrecorded.extend(reports.iter().map(|report| report.id));
        let write = |report: &Report| {
            let item = serde_dynamo::to_item(Item::from_report(report))
                .map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?;
            let put = PutRequest::builder().set_item(Some(item)).build();
            let put = put.map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        let mut remaining: Vec<WriteRequest> = reports.iter().map(write).collect::<Result<_, AwsError>>()?;
        for attempt in 0..TRIES_MAX {
            let request = self.client.batch_write_item();
            let request = request.set_request_items(Some(HashMap::from([(self.name.clone(), remaining)])));
            let answer = send(DYNAMODB, OPERATION, request.send()).await?;
            remaining = answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            let keys: Vec<String> = remaining.iter().filter_map(key).collect();
            let is_remaining = |report: &&Report| keys.contains(&schema::key(&report.tenant, report.id));
            *unrecorded = reports.iter().filter(is_remaining).map(|report| report.id).collect();
            if remaining.is_empty() {
                return Ok(());
            }
            sleep(Duration::from_millis(50 << attempt)).await;
        }
        Err(AwsError::unusable(DYNAMODB, OPERATION, "the table did not process all items"))
    }
}

fn key(write: &WriteRequest) -> Option<String> {
    let put = write.put_request()?;
    put.item().get(attribute::PK).and_then(|key: &AttributeValue| key.as_s().ok()).cloned()
}
