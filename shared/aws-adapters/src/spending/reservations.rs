//! Reservations that workers of version 0.2.0 and earlier keep in the item of the day: one attribute for each call
//! that is under way, or whose outcome is unknown. This version writes none. It reads them and settles them,
//! because such workers run while a deployment rolls, and it continues their reports.

use domain::{
    identity::{ReportId, Tenant},
    unsettled::Unsettled,
    usage::{Day, MicroUsd, TenantUsage},
};

use super::{Spending, attribute, day_key, sum};
use crate::{
    dynamodb::{conditional, number},
    error::AwsError,
};

/// A model call of an earlier version, which reserved its amount in the item of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedCall {
    /// The tenant whose budget is used.
    pub tenant: Tenant,
    /// The report.
    pub report: ReportId,
    /// The attempt of the report.
    pub attempt: u32,
    /// The number of the call within the attempt, from 1.
    pub number: u32,
    /// The day whose budget is used.
    pub day: Day,
}

impl ReservedCall {
    /// Returns the name of the reservation's attribute.
    fn attribute(&self) -> String {
        format!("{}{}.{}", prefix(self.report), self.attempt, self.number)
    }
}

/// Returns the common prefix of the reservations of a report.
fn prefix(report: ReportId) -> String {
    format!("call.{report}.")
}

impl Spending {
    /// Replaces the reservation of `call` by what was `spent`. Idempotent.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the call is settled.
    pub async fn settle_reservation(
        &self,
        call: &ReservedCall,
        reserved: MicroUsd,
        spent: TenantUsage,
    ) -> Result<(), AwsError> {
        let difference = i128::from(spent.cost.millionths()) - i128::from(reserved.millionths());
        let request = self
            .update(day_key(&call.tenant, call.day))
            .update_expression(
                "REMOVE #call ADD #committed :difference, #cost :cost, #input :input, #output :output, \
                 #calls :calls, #reports :reports",
            )
            .condition_expression("attribute_exists(#call)")
            .expression_attribute_names("#call", call.attribute())
            .expression_attribute_names("#committed", attribute::COMMITTED)
            .expression_attribute_values(":difference", number(difference));
        conditional(attribute::with_usage(request, spent)).await.map(drop)
    }

    /// Returns the calls of `report` that an earlier version made on `day` and whose outcome is unknown.
    ///
    /// # Errors
    /// Returns [`AwsError`] if they cannot be read.
    pub async fn reserved(&self, tenant: &Tenant, report: ReportId, day: Day) -> Result<Unsettled, AwsError> {
        let item = self.item(day_key(tenant, day)).await?;
        let of_report = prefix(report);
        let names = item.keys().filter(|name| name.starts_with(&of_report));
        Ok(names.map(|name| MicroUsd::new(sum(&item, name))).collect())
    }
}
