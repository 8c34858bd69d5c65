//! Recording many new reports at once.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures::{StreamExt, stream};
use tokio::time::sleep;

use super::{DYNAMODB, Table, attribute, item::Item};
use crate::{error::AwsError, request::send};
use domain::{identity::ReportId, report::Report};

/// Items of one BatchWriteItem, at most ("BatchWriteItem" in the Amazon DynamoDB API Reference).
const BATCH: usize = 25;

/// Requests of one batch that are under way together.
const AT_A_TIME: usize = 8;

/// Tries for what a table has no room for at once.
const TRIES: u32 = 5;

impl Table {
    /// Records new reports whose ids nobody else can have: 25 with each BatchWriteItem, which knows no
    /// condition. Done again, it changes nothing that was not changed since. Gives the ids that were not recorded.
    pub async fn create_all(&self, reports: &[Report]) -> Vec<ReportId> {
        let batches: Vec<_> = reports.chunks(BATCH).map(|batch| self.create_or_name(batch)).collect();
        stream::iter(batches).buffer_unordered(AT_A_TIME).concat().await
    }

    async fn create_or_name(&self, batch: &[Report]) -> Vec<ReportId> {
        let mut left = Vec::new();
        match self.create_batch(batch, &mut left).await {
            Ok(()) => Vec::new(),
            Err(error) => {
                tracing::error!(error = %error, reports = left.len(), "reports of a batch were not recorded");
                left
            }
        }
    }

    /// `unrecorded` are those that are not known to be recorded when this fails.
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
        let mut left: Vec<WriteRequest> = reports.iter().map(write).collect::<Result<_, AwsError>>()?;
        for tries in 0..TRIES {
            let request = self.client.batch_write_item();
            let request = request.set_request_items(Some(HashMap::from([(self.name.clone(), left)])));
            let answer = send(DYNAMODB, OPERATION, request.send()).await?;
            left = answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            let keys: Vec<String> = left.iter().filter_map(key).collect();
            let is_left = |report: &&Report| keys.contains(&super::item::key(&report.tenant, report.id));
            *unrecorded = reports.iter().filter(is_left).map(|report| report.id).collect();
            if left.is_empty() {
                return Ok(());
            }
            sleep(Duration::from_millis(50 << tries)).await;
        }
        Err(AwsError::unusable(DYNAMODB, OPERATION, "the table has no room for all of them"))
    }
}

fn key(write: &WriteRequest) -> Option<String> {
    let put = write.put_request()?;
    put.item().get(attribute::PK).and_then(|key: &AttributeValue| key.as_s().ok()).cloned()
}
