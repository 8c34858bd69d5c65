//! The limit on reports per day of each tenant, shared by all API tasks.

use aws_adapters::{error::AwsError, spending::Spending};
use domain::{identity::Tenant, usage::Day};
use service_runtime::clock::Clock;

use crate::problem::{Kind, Problem};

/// The number of reports that each tenant may submit in a day (UTC), counted in the table.
#[derive(Debug)]
pub(crate) struct DailyQuota {
    reports_per_day: Option<u64>,
    spending: Spending,
    clock: Clock,
}

/// A part of a tenant's daily quota, reserved before reports are recorded.
///
/// The reports of a reservation that is dropped without a [commit](Self::commit) stay counted.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    quota: &'a DailyQuota,
    tenant: Tenant,
    day: Day,
    granted: u64,
}

impl DailyQuota {
    /// Creates a quota of `reports_per_day` for each tenant, unlimited if `None`.
    pub(crate) fn new(reports_per_day: Option<u64>, spending: Spending, clock: Clock) -> Self {
        Self { reports_per_day, spending, clock }
    }

    /// Returns whether there is a limit.
    pub(crate) fn is_limited(&self) -> bool {
        self.reports_per_day.is_some()
    }

    /// Reserves up to `requested` reports of `tenant`, or all of them if there is no limit.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the reservation cannot be made in the table.
    pub(crate) async fn reserve(&self, tenant: &Tenant, requested: u64) -> Result<Reservation<'_>, AwsError> {
        let day = Day::of(self.clock.now());
        let granted = match self.reports_per_day {
            None => requested,
            Some(limit) => self.spending.take_daily_quota(tenant, day, requested, limit).await?,
        };
        Ok(Reservation { quota: self, tenant: tenant.clone(), day, granted })
    }
}

impl Reservation<'_> {
    /// Returns the number of reports that are reserved.
    pub(crate) fn granted(&self) -> u64 {
        self.granted
    }

    /// Keeps `used` of the reserved reports and releases the rest. If the release fails, the rest stays
    /// counted for that day.
    pub(crate) async fn commit(self, used: u64) {
        let unused = self.granted.saturating_sub(used);
        if self.quota.reports_per_day.is_none() || unused == 0 {
            return;
        }
        if let Err(error) = self.quota.spending.return_daily_quota(&self.tenant, self.day, unused).await {
            tracing::warn!(error = %error, tenant = %self.tenant, unused, "unused reports of the daily quota could not be released");
        }
    }

    /// Returns the problem to answer with for a report beyond the quota.
    pub(crate) fn exceeded(&self) -> Problem {
        let limit = self.quota.reports_per_day.unwrap_or_default();
        let until_tomorrow = self.day.next().start().since(self.quota.clock.now());
        let detail = format!(
            "your tenant has used its quota of {limit} reports for {} (UTC): retry tomorrow, or ask your operator for a \
             higher quota",
            self.day
        );
        Problem::new(Kind::DailyLimit, detail).retry_after(until_tomorrow)
    }
}
