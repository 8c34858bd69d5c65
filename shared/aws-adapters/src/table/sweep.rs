//! The sparse indexes that workers read: reports that are due, and reports in progress.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

use super::{
    reports::{Lookup, Table},
    schema::{self, DUE, IN_PROGRESS, attribute},
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
    /// The partition key: of the report, of its hold task, or of the expiry task of its tenant.
    pk: String,
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

/// A page of the reports of a tenant that workers hold.
struct HeldPage {
    ids: Vec<(Tenant, ReportId)>,
    /// Where the next page begins; `None` after the last page.
    next: Option<HashMap<String, AttributeValue>>,
}

impl DueReport {
    /// Returns whether a legal hold was placed on the report or released, and a worker has to copy or delete files for it.
    pub fn is_hold_task(&self) -> bool {
        self.pk.starts_with(schema::HOLD_TASK)
    }

    /// Returns whether this is no report, but the task to erase the expired reports of its tenant.
    pub fn is_expiry_task(&self) -> bool {
        self.pk.starts_with(schema::EXPIRY_TASK)
    }

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
    /// Counts the reports of `tenant` that workers hold at `now`, up to `max`. Expired leases do not count, so a crashed
    /// worker does not occupy a slot for ever. The index is eventually consistent and does not tell when leases
    /// expire, so the reports themselves are read if it contains as many as `max`.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the index or the reports cannot be read.
    pub async fn in_progress(&self, tenant: &Tenant, now: UtcTime, max: usize) -> Result<usize, AwsError> {
        let (mut count, mut after) = (0, None);
        loop {
            let page = self.held(tenant, max, after.take()).await?;
            if count == 0 && page.ids.len() < max {
                return Ok(page.ids.len());
            }
            let reports = self.get_all(&page.ids).await?.into_iter().filter_map(Lookup::found);
            let leases = reports.filter_map(|report| report.lifecycle.lease);
            count += leases.filter(|lease| lease.expires_at >= now).count();
            after = page.next;
            if count >= max || after.is_none() {
                return Ok(count.min(max));
            }
        }
    }

    /// Returns up to `max` reports of `tenant` in the index of those that workers hold, beginning after the page that
    /// `after` ended.
    async fn held(
        &self,
        tenant: &Tenant,
        max: usize,
        after: Option<HashMap<String, AttributeValue>>,
    ) -> Result<HeldPage, AwsError> {
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(IN_PROGRESS)
            .key_condition_expression("#tenant = :tenant")
            .expression_attribute_names("#tenant", attribute::LEASED_TENANT)
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
            .limit(i32::try_from(max.max(1)).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after);
        let answer = send(DYNAMODB, "Query", request.send()).await?;
        let keys =
            answer.items.unwrap_or_default().into_iter().filter_map(|mut item| item.remove(attribute::PK));
        let ids = keys.filter_map(|key| schema::id_of(key.as_s().ok()?));
        let ids = ids.map(|id| (tenant.clone(), id)).collect();
        Ok(HeldPage { ids, next: answer.last_evaluated_key.filter(|key| !key.is_empty()) })
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
