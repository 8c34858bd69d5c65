//! Recording many new reports at once.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures::{StreamExt, stream};
use tokio::time::sleep;

use super::{DYNAMODB, Table, attribute, item::Item};
use crate::{
    aws::{call::call, error::AwsError},
    domain::{identity::ReportId, report::Report},
};

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
        self.create_batch(batch).await.unwrap_or_else(|error| {
            tracing::error!(error = %error, reports = batch.len(), "reports of a batch were not recorded");
            batch.iter().map(|report| report.id).collect()
        })
    }

    async fn create_batch(&self, reports: &[Report]) -> Result<Vec<ReportId>, AwsError> {
        const OPERATION: &str = "BatchWriteItem";
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
            let answer = call(DYNAMODB, OPERATION, request.send()).await?;
            left = answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            if left.is_empty() {
                return Ok(Vec::new());
            }
            sleep(Duration::from_millis(50 << tries)).await;
        }
        let key = |write: &WriteRequest| {
            let put = write.put_request()?;
            put.item().get(attribute::PK).and_then(|key: &AttributeValue| key.as_s().ok()).cloned()
        };
        let keys: Vec<String> = left.iter().filter_map(key).collect();
        let recorded = |report: &&Report| keys.contains(&super::item::key(&report.tenant, report.id));
        Ok(reports.iter().filter(recorded).map(|report| report.id).collect())
    }
}
