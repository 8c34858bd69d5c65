//! The expiry of reports whose tenant has a retention period of its own.
//!
//! An item for each such tenant, the expiry task, is due once an hour. The worker that takes it reads the oldest reports of
//! the tenant, and marks those that have expired for their erasure.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue};

use super::{
    erasure::mark_for_erasure,
    reports::Table,
    schema::{BY_AGE, DuePartition, attribute, expiry_task_key, id_of, key},
};
use crate::{
    dynamodb::{conditional, get_all, number},
    error::{AwsError, DYNAMODB},
    request::send,
    retention::exists,
};
use domain::{identity::Tenant, report::Report, time::UtcTime};

/// Time between two turns at the expiry task of a tenant.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Time after which the next turn comes if a turn did not find all reports that have expired.
const NEXT: Duration = Duration::from_secs(60);

/// Number of reports that are read at a time.
const PAGE: i32 = 100;

/// Some reports of a tenant that have expired.
#[derive(Clone, Debug)]
pub struct ExpiryPage {
    /// The reports.
    pub expired: Vec<Report>,
    /// The number of further ones that are marked for their erasure, and not erased yet.
    pub marked: usize,
    /// Where the next page begins; `None` after the last page.
    pub next: Option<HashMap<String, AttributeValue>>,
}

impl Table {
    /// Records that workers have to erase the expired reports of every tenant with a retention period of its own, where that
    /// is not recorded yet.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that this is recorded.
    pub async fn promise_expiry(&self, now: UtcTime) -> Result<(), AwsError> {
        let keys: Vec<String> = self.retention.tenants().map(expiry_task_key).collect();
        let recorded = get_all(&self.client, &self.name, keys).await?;
        for tenant in self.retention.tenants() {
            if recorded.contains_key(&expiry_task_key(tenant)) {
                continue;
            }
            let shard = DuePartition::of_tenant(tenant).to_string();
            let request = self
                .update_expiry_task(tenant)
                .update_expression("SET #shard = :shard, #due = if_not_exists(#due, :now)")
                .expression_attribute_names("#shard", attribute::DUE_SHARD)
                .expression_attribute_names("#due", attribute::DUE_AT)
                .expression_attribute_values(":shard", AttributeValue::S(shard))
                .expression_attribute_values(":now", number(now.epoch_millis()));
            send(DYNAMODB, "UpdateItem", request.send()).await?;
        }
        Ok(())
    }

    /// Takes the turn at the expiry task of `tenant` that is due at `now`. Returns `true` for the first caller only, until
    /// an hour has passed.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the turn was taken.
    pub async fn claim_expiry(&self, tenant: &Tenant, now: UtcTime) -> Result<bool, AwsError> {
        let request = self
            .update_expiry_task(tenant)
            .update_expression("SET #due = :until")
            .condition_expression("#due <= :now")
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_values(":until", number(now.plus(INTERVAL).epoch_millis()))
            .expression_attribute_values(":now", number(now.epoch_millis()));
        Ok(conditional(request).await?.is_ok())
    }

    /// Lets the next turn at the expiry task of `tenant` come soon.
    ///
    /// # Errors
    /// Returns [`AwsError`] if that may not be recorded.
    pub async fn continue_expiry(&self, tenant: &Tenant, now: UtcTime) -> Result<(), AwsError> {
        let request = self
            .update_expiry_task(tenant)
            .update_expression("SET #due = :soon")
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_values(":soon", number(now.plus(NEXT).epoch_millis()));
        send(DYNAMODB, "UpdateItem", request.send()).await.map(drop)
    }

    /// Returns a page of the oldest reports of `tenant` that have expired at `now`, beginning after the page that `after`
    /// ended. A report expires no earlier than the period after its submission.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the index or the reports cannot be read.
    pub async fn expired(
        &self,
        tenant: &Tenant,
        now: UtcTime,
        after: Option<HashMap<String, AttributeValue>>,
    ) -> Result<ExpiryPage, AwsError> {
        let oldest = now.minus(self.retention.of(tenant));
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(BY_AGE)
            .key_condition_expression("#tenant = :tenant AND #created < :oldest")
            .expression_attribute_names("#tenant", attribute::TENANT)
            .expression_attribute_names("#created", attribute::CREATED_KEY)
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
            .expression_attribute_values(":oldest", AttributeValue::S(oldest.to_string()))
            .limit(PAGE)
            .set_exclusive_start_key(after);
        let answer = send(DYNAMODB, "Query", request.send()).await?;
        let keys = answer.items.unwrap_or_default().into_iter().filter_map(|mut item| {
            let id = id_of(item.remove(attribute::PK)?.as_s().ok()?)?;
            Some(key(tenant, id))
        });
        let items = get_all(&self.client, &self.name, keys.collect()).await?;
        let (mut expired, mut marked) = (Vec::new(), 0);
        for item in items.into_values() {
            // What a later version wrote, its workers erase.
            match self.decode_any("BatchGetItem", item) {
                Ok(report) if report.erasure_requested_at.is_some() => marked += 1,
                Ok(report) if !exists(&report, now) => expired.push(report),
                Ok(_) => {}
                Err(error) => tracing::error!(error = %error, "skipped a report whose item cannot be read"),
            }
        }
        Ok(ExpiryPage { expired, marked, next: answer.last_evaluated_key.filter(|key| !key.is_empty()) })
    }

    /// Marks a report that has expired for its erasure, unless it has changed since it was read. Returns whether it is
    /// marked by this call.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the report is marked.
    pub async fn expire(&self, report: &Report, now: UtcTime) -> Result<bool, AwsError> {
        let request = mark_for_erasure(self.update(&report.tenant, report.id), now)
            .condition_expression(
                "#revision = :revision AND #submission = :submission \
                 AND attribute_not_exists(#requested) AND attribute_not_exists(#hold)",
            )
            .expression_attribute_names("#submission", attribute::SUBMISSION)
            .expression_attribute_values(":revision", number(report.revision))
            .expression_attribute_values(":submission", AttributeValue::S(report.submission.to_string()));
        Ok(conditional(request).await?.is_ok())
    }

    fn update_expiry_task(&self, tenant: &Tenant) -> UpdateItemFluentBuilder {
        let key = AttributeValue::S(expiry_task_key(tenant));
        self.client.update_item().table_name(&self.name).key(attribute::PK, key)
    }
}
