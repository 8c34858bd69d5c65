//! The sparse index of reports in progress.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    reports::{Lookup, Table},
    schema::{self, IN_PROGRESS, attribute},
};
use crate::{
    error::{AwsError, DYNAMODB},
    request::send,
};
use domain::{
    identity::{ReportId, Tenant},
    time::UtcTime,
};

/// A page of the reports of a tenant that workers hold.
struct HeldPage {
    ids: Vec<(Tenant, ReportId)>,
    /// Where the next page begins; `None` after the last page.
    next: Option<HashMap<String, AttributeValue>>,
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
}
