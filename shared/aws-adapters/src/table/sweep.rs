//! The sparse indexes that workers read: reports that are due, and reports in progress.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use serde::Deserialize;

use super::{
    reports::Table,
    schema::{self, DUE, LEASES, attribute},
};
use crate::{
    error::{AwsError, DYNAMODB},
    request::send,
};
use domain::{
    identity::{ReportId, Tenant},
    time::UtcTime,
};

/// A due report, as stored in the sparse index.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DueReport {
    /// The tenant of the report.
    pub tenant: Tenant,
    /// The id of the report.
    pub report_id: ReportId,
    /// The time at which it becomes due, in milliseconds since the epoch.
    due_at: i64,
}

/// A page of due reports.
#[derive(Clone, Debug)]
pub struct DuePage {
    /// The reports, most overdue first.
    pub reports: Vec<DueReport>,
    /// Where the next page begins; `None` after the last page.
    pub next: Option<DueCursor>,
}

/// The end of a page of due reports.
#[derive(Clone, Debug)]
pub struct DueCursor(HashMap<String, AttributeValue>);

impl DueReport {
    /// Returns when the report becomes due.
    pub fn due_at(&self) -> UtcTime {
        UtcTime::from_epoch_millis(self.due_at)
    }

    /// Returns for how long the report has been due at `now`.
    pub fn overdue(&self, now: UtcTime) -> Duration {
        now.since(self.due_at())
    }
}

impl Table {
    /// Counts the reports of `tenant` that workers hold at `now`, up to `max`. Expired leases do not count,
    /// so a crashed worker does not occupy a slot for ever. The index is eventually consistent.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the index cannot be read.
    pub async fn in_progress(&self, tenant: &Tenant, now: UtcTime, max: usize) -> Result<usize, AwsError> {
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(LEASES)
            .select(Select::Count)
            .key_condition_expression("#tenant = :tenant AND #until >= :now")
            .expression_attribute_names("#tenant", attribute::LEASED_TENANT)
            .expression_attribute_names("#until", attribute::LEASE_EXPIRES_AT)
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
            .expression_attribute_values(":now", AttributeValue::N(now.epoch_millis().to_string()))
            .limit(i32::try_from(max.max(1)).unwrap_or(i32::MAX));
        let answer = send(DYNAMODB, "Query", request.send()).await?;
        Ok(usize::try_from(answer.count).unwrap_or_default())
    }

    /// Returns up to `max` reports of the partition `shard` that are due at `now`, most overdue first, beginning
    /// after the page that `after` ended. `shard` is less than [`DUE_SHARDS`](super::DUE_SHARDS). The index is
    /// eventually consistent, so the write that follows must check again. Entries that cannot be read are
    /// logged and skipped, so that they do not hide the reports behind them.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the index cannot be read.
    pub async fn due(
        &self,
        shard: u8,
        now: UtcTime,
        max: usize,
        after: Option<DueCursor>,
    ) -> Result<DuePage, AwsError> {
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(DUE)
            .key_condition_expression("#shard = :shard AND #due <= :now")
            .expression_attribute_names("#shard", attribute::DUE_SHARD)
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_values(":shard", AttributeValue::S(schema::shard_name(shard)))
            .expression_attribute_values(":now", AttributeValue::N(now.epoch_millis().to_string()))
            .limit(i32::try_from(max).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|cursor| cursor.0));
        let answer = send(DYNAMODB, "Query", request.send()).await?;
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty()).map(DueCursor);
        let items = answer.items.unwrap_or_default().into_iter();
        Ok(DuePage { reports: items.filter_map(|item| due_report(shard, item)).collect(), next })
    }
}

fn due_report(shard: u8, item: HashMap<String, AttributeValue>) -> Option<DueReport> {
    let read = serde_dynamo::from_item(item);
    read.inspect_err(
        |error| tracing::error!(shard, error = %error, "skipped an entry of the index of due reports that cannot be read"),
    )
    .ok()
}
