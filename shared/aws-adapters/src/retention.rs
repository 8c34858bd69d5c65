//! How long reports and their files are kept. One period covers all of it. By default the service records when an item
//! expires, and the lifecycle rules of the bucket delete objects after the same number of days; of tenants with a period
//! of their own, workers erase both.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    identity::Tenant,
    lifecycle::Status,
    report::{OwnRetention, Report},
    time::UtcTime,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The retention periods: the default, and those of tenants with their own.
///
/// S3 counts the days of an object from its creation and rounds up to the next midnight in UTC ("Lifecycle
/// configuration elements"). A report therefore counts from the last write before its files are stored: its
/// submission, a claim, or the record of a model call. Its files outlive it by at most a day and the time that
/// the last call and the last stages take, and never the other way round.
///
/// Lifecycle rules know no tenants. A worker erases the reports of a tenant with a period of its own at their end, and
/// the rules are the upper limit: that of the default period, or a longer one for files that are kept for longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    default: Duration,
    tenants: Arc<BTreeMap<Tenant, Duration>>,
}

/// The time to live of reports that workers erase, in seconds: a hundred years.
pub(crate) const ERASED_BY_WORKERS: i64 = 36_500 * 24 * 3600;

impl Retention {
    /// Returns a period of `days` for all tenants.
    pub fn from_days(days: u32) -> Self {
        Self { default: DAY * days, tenants: Arc::default() }
    }

    /// Returns these periods, with those of `tenants` in days.
    #[must_use]
    pub fn with_tenants(self, tenants: BTreeMap<Tenant, u32>) -> Self {
        let tenants = tenants.into_iter().map(|(tenant, days)| (tenant, DAY * days)).collect();
        Self { tenants: Arc::new(tenants), ..self }
    }

    /// Returns the tenants with a period of their own.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.keys()
    }

    /// Returns the period of `tenant`.
    pub(crate) fn of(&self, tenant: &Tenant) -> Duration {
        self.tenants.get(tenant).copied().unwrap_or(self.default)
    }

    /// Returns how the period of `tenant` compares to the default, or `None` if it has none of its own.
    pub fn own(&self, tenant: &Tenant) -> Option<OwnRetention> {
        self.tenants.get(tenant).map(|period| match *period > self.default {
            true => OwnRetention::BeyondDefault,
            false => OwnRetention::WithinDefault,
        })
    }

    /// Returns when a report of `tenant` expires that was worked on at `now`. DynamoDB's time to live has a resolution
    /// of one second.
    pub fn end(&self, tenant: &Tenant, now: UtcTime) -> UtcTime {
        end(self.of(tenant), now)
    }

    /// Returns the time to live, in seconds from the last work, of a report without a period of its own.
    pub(crate) fn default_seconds(&self) -> i64 {
        i64::try_from(self.default.as_secs()).unwrap_or(i64::MAX)
    }

    /// Returns when `report`, whose item states a time of expiry, expires by the present periods. If the period was
    /// shortened since it ended, that is earlier than stated: the bucket applies the new period to existing files.
    pub(crate) fn applied_to(&self, report: &Report) -> UtcTime {
        // Its files are where the rule of the default period applies, unless it was submitted for longer.
        let period = match report.own_retention {
            Some(OwnRetention::BeyondDefault) => self.of(&report.tenant),
            Some(OwnRetention::WithinDefault) | None => self.of(&report.tenant).min(self.default),
        };
        let last_work = match report.lifecycle.status {
            Status::Completed => report.began.render.or(report.ended_at),
            Status::Failed | Status::Cancelled => report.ended_at,
            Status::Pending | Status::Processing | Status::Unknown(_) => None,
        };
        match (report.own_retention, last_work) {
            // The item states no time: a worker erases it.
            (Some(_), last_work) => {
                end(period, last_work.or(report.resubmitted_at).unwrap_or(report.created_at))
            }
            (None, Some(at)) => report.expires_at.min(end(period, at)),
            (None, None) => report.expires_at,
        }
    }
}

fn end(period: Duration, now: UtcTime) -> UtcTime {
    UtcTime::from_epoch_millis(now.plus(period).epoch_seconds() * 1000)
}

/// Returns whether `report` exists for readers and writers at `now`: it has not expired, and nobody asked for its
/// erasure. DynamoDB deletes expired items some days later ("Using time to live (TTL) in DynamoDB"); until then they
/// are treated as deleted. A report that has not ended does not expire, nor does one under legal hold.
pub(crate) fn exists(report: &Report, now: UtcTime) -> bool {
    let has_expired =
        report.lifecycle.status.is_terminal() && report.expires_at <= now && report.legal_hold.is_none();
    !has_expired && report.erasure_requested_at.is_none()
}
