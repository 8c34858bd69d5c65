//! What workers read of the sparse indexes: reports whose time has come, and those in progress.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use serde::Deserialize;

use super::{DUE, DYNAMODB, LEASES, Table, item};
use crate::{error::AwsError, request::send};
use domain::{
    identity::{ReportId, Tenant},
    time::UtcTime,
};

/// A report that is due, as the sparse index knows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DueReport {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub report_id: ReportId,
    /// Since when it is due, epoch milliseconds.
    due_at: i64,
}

impl DueReport {
    /// How long it has been due at `now`.
    pub fn overdue(&self, now: UtcTime) -> Duration {
        now.since(UtcTime::from_epoch_millis(self.due_at))
    }
}

impl Table {
    /// How many reports of `tenant` workers hold at `now`, counted up to `most`. A lease that has
    /// run out does not count, so nothing can leak. The index is eventually consistent.
    ///
    /// # Errors
    /// [`AwsError`] when the index cannot be read.
    pub async fn in_progress(&self, tenant: &Tenant, now: UtcTime, most: usize) -> Result<usize, AwsError> {
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(LEASES)
            .select(Select::Count)
            .key_condition_expression("#tenant = :tenant AND #until >= :now")
            .expression_attribute_names("#tenant", item::attribute::LEASED_TENANT)
            .expression_attribute_names("#until", item::attribute::LEASE_EXPIRES_AT)
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
            .expression_attribute_values(":now", AttributeValue::N(now.epoch_millis().to_string()))
            .limit(i32::try_from(most.max(1)).unwrap_or(i32::MAX));
        let answer = send(DYNAMODB, "Query", request.send()).await?;
        Ok(usize::try_from(answer.count).unwrap_or_default())
    }

    /// Up to `most` reports of the partition `shard` (below [`DUE_SHARDS`](super::DUE_SHARDS))
    /// that are due at `now`, longest due first. The index is eventually consistent: the write
    /// that follows must check again. An entry that is no report is logged and left out: it must
    /// not hide the reports behind it.
    ///
    /// # Errors
    /// [`AwsError`] when the index cannot be read.
    pub async fn due(&self, shard: u8, now: UtcTime, most: usize) -> Result<Vec<DueReport>, AwsError> {
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(DUE)
            .key_condition_expression("#shard = :shard AND #due <= :now")
            .expression_attribute_names("#shard", item::attribute::DUE_SHARD)
            .expression_attribute_names("#due", item::attribute::DUE_AT)
            .expression_attribute_values(":shard", AttributeValue::S(item::shard_name(shard)))
            .expression_attribute_values(":now", AttributeValue::N(now.epoch_millis().to_string()))
            .limit(i32::try_from(most).unwrap_or(i32::MAX));
        let answer = send(DYNAMODB, "Query", request.send()).await?;
        Ok(answer.items.unwrap_or_default().into_iter().filter_map(|item| due_report(shard, item)).collect())
    }
}

fn due_report(shard: u8, item: HashMap<String, AttributeValue>) -> Option<DueReport> {
    let read = serde_dynamo::from_item(item);
    read.inspect_err(
        |error| tracing::error!(shard, error = %error, "an entry of the index of due reports cannot be read"),
    )
    .ok()
}
