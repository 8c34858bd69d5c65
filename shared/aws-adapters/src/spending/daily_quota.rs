//! The reports that a tenant may submit on one day, counted in the item of the day.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::{identity::Tenant, usage::Day};

use super::{Spending, attribute, day_key, expires_at, sum};
use crate::{
    dynamodb::{conditional, conditional_once, number},
    error::AwsError,
};

impl Spending {
    /// Takes up to `requested` new reports of `tenant` out of the quota of `day`, which is `max`. Returns how many
    /// were taken. If an answer is lost, reports may be counted twice against the quota, but none is left
    /// uncounted.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain how many were taken.
    pub async fn take_daily_quota(
        &self,
        tenant: &Tenant,
        day: Day,
        requested: u64,
        max: u64,
    ) -> Result<u64, AwsError> {
        let mut count = requested.min(max);
        while count > 0 {
            let request = self
                .add_admitted(tenant, day, count)
                .condition_expression("attribute_not_exists(#admitted) OR #admitted <= :room")
                .expression_attribute_values(":room", number(max - count));
            match conditional(request).await? {
                Ok(_) => return Ok(count),
                // Other processes admit reports concurrently. Each try requests fewer, so the loop ends.
                Err(item) => count = (count - 1).min(max.saturating_sub(sum(&item, attribute::ADMITTED))),
            }
        }
        Ok(0)
    }

    /// Returns `unused` of the [taken](Self::take_daily_quota) reports to the quota of the day.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that they were subtracted.
    pub async fn return_daily_quota(&self, tenant: &Tenant, day: Day, unused: u64) -> Result<(), AwsError> {
        let request = self
            .add_admitted(tenant, day, -i128::from(unused))
            .condition_expression("attribute_exists(#admitted)");
        // No retries: applied twice, the write would admit too many reports; not applied, it only
        // costs the tenant the unused ones.
        conditional_once(request).await.map(drop)
    }

    fn add_admitted(&self, tenant: &Tenant, day: Day, change: impl ToString) -> UpdateItemFluentBuilder {
        self.update(day_key(tenant, day))
            .update_expression("SET #expires = :expires ADD #admitted :change")
            .expression_attribute_names("#admitted", attribute::ADMITTED)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_values(":change", number(change))
            .expression_attribute_values(":expires", expires_at(day))
    }
}
