//! The schema of the table: attribute names, indexes and keys.

use std::fmt;

use domain::{
    identity::{ReportId, Tenant},
    time::UtcTime,
};

/// The index of a tenant's reports by age. It projects only what filters compare, so that it is written when a report
/// is created and when its status changes, and not by heartbeats and progress.
pub const BY_AGE: &str = "by_age";

/// The index of a tenant's reports on the company with one registration number, by age. It is written when a report is
/// created, and never again.
pub const BY_NUMBER: &str = "by_number";

/// The sparse index of reports that the sweeper handles when they are due.
pub const DUE: &str = "due";

/// The sparse index of a tenant's reports that workers hold. It is written when a report is claimed and when it is
/// released, and not by the heartbeats between.
pub const IN_PROGRESS: &str = "in_progress";

/// Attributes that [`BY_AGE`] projects in addition to the keys.
pub const BY_AGE_PROJECTION: [&str; 5] = [
    attribute::STATUS,
    attribute::COUNTRY,
    attribute::RISK_LEVEL,
    attribute::NAME_KEY,
    attribute::REVIEW_REQUIRED,
];

/// Names of the attributes that expressions, indexes and provisioning use.
pub mod attribute {
    #![expect(missing_docs, reason = "each constant is the name of the item's field")]

    pub const PK: &str = "pk";
    pub const TENANT: &str = "tenant";
    pub const CREATED_KEY: &str = "created_key";
    pub const STATUS: &str = "status";
    pub const COUNTRY: &str = "country";
    pub const RISK_LEVEL: &str = "risk_level";
    pub const REVIEW_REQUIRED: &str = "review_required";
    pub const NAME_KEY: &str = "name_key";
    pub const COMPANY_KEY: &str = "company_key";
    pub const ATTEMPT: &str = "attempt";
    pub const ATTEMPTS_ALLOWED: &str = "attempts_allowed";
    pub const RETRIES: &str = "retries";
    pub const NOT_BEFORE: &str = "not_before";
    pub const QUEUED_AT: &str = "queued_at";
    pub const CREATED_AT: &str = "created_at";
    pub const LEASE_HOLDER: &str = "lease_holder";
    pub const LEASE_EXPIRES_AT: &str = "lease_expires_at";
    pub const CANCEL_REQUESTED: &str = "cancel_requested";
    pub const DUE_SHARD: &str = "due_shard";
    pub const DUE_AT: &str = "due_at";
    pub const REVISION: &str = "revision";
    pub const REQUEST: &str = "request";
    pub const SUBMISSION: &str = "submission";
    pub const PROGRESS: &str = "progress";
    pub const MESSAGE: &str = "message";
    pub const SOURCES: &str = "sources";
    pub const USAGE: &str = "usage";
    pub const EARLIER_USAGE: &str = "earlier_usage";
    pub const UNSETTLED_CALLS: &str = "unsettled_calls";
    pub const OUTCOME: &str = "outcome";
    pub const ERROR: &str = "error";
    pub const CALLBACK_STATE: &str = "callback_state";
    pub const CALLBACK_ROUND: &str = "callback_round";
    pub const CALLBACK_ATTEMPTS: &str = "callback_attempts";
    pub const RESUBMITTED_AT: &str = "resubmitted_at";
    pub const LEASED_TENANT: &str = "leased_tenant";
    pub const GATHER_BEGAN_AT: &str = "gather_began_at";
    pub const ASSESS_BEGAN_AT: &str = "assess_began_at";
    pub const RENDER_BEGAN_AT: &str = "render_began_at";
    pub const PUBLISH_BEGAN_AT: &str = "publish_began_at";
    pub const ENDED_ATTEMPTS: &str = "ended_attempts";
    pub const STARTED_AT: &str = "started_at";
    pub const ENDED_AT: &str = "ended_at";
    pub const EXPIRES_AT: &str = "expires_at";
    pub const EXPIRES_AFTER_HOLD: &str = "expires_after_hold";
    pub const TTL_SECONDS: &str = "ttl_seconds";
    pub const LEGAL_HOLD: &str = "legal_hold";
    pub const PLACED_AT: &str = "placed_at";
    pub const FILES_SECURED_AT: &str = "files_secured_at";
    pub const REPORT_ID: &str = "report_id";
    pub const CHANGES: &str = "changes";
    pub const ERASURE_REQUESTED_AT: &str = "erasure_requested_at";
}

/// What the partition keys of reports begin with.
pub(super) const REPORT: &str = "R#";

/// Returns the partition key of a report.
pub(super) fn key(tenant: &Tenant, id: ReportId) -> String {
    format!("{REPORT}{tenant}#{id}")
}

/// What the partition keys of hold tasks begin with: the work that a worker has to do because a legal hold was placed or
/// released.
pub(super) const HOLD_TASK: &str = "H#";

/// Returns the partition key of the hold task of a report.
pub(super) fn hold_task_key(tenant: &Tenant, id: ReportId) -> String {
    format!("{HOLD_TASK}{tenant}#{id}")
}

/// What the partition keys of expiry tasks begin with: the work of erasing the expired reports of a tenant.
pub(super) const EXPIRY_TASK: &str = "E#";

/// Returns the partition key of the expiry task of a tenant.
pub(super) fn expiry_task_key(tenant: &Tenant) -> String {
    format!("{EXPIRY_TASK}{tenant}")
}

/// Returns the tenant and the id of the report in the key of an item that begins with `kind`, or `None` if the item is of
/// another kind.
pub(super) fn report_in(kind: &str, key: &str) -> Option<(Tenant, ReportId)> {
    let (tenant, id) = key.strip_prefix(kind)?.split_once('#')?;
    Some((tenant.parse().ok()?, id.parse().ok()?))
}

/// Returns the id of the report with the partition key `key`, or `None` if it is no report's.
pub(super) fn id_of(key: &str) -> Option<ReportId> {
    report_in(REPORT, key).map(|(_, id)| id)
}

/// Returns the partition key of a report in the index [`BY_NUMBER`].
pub(super) fn company_key(tenant: &Tenant, number_key: &str) -> String {
    format!("{tenant}#{number_key}")
}

/// Returns the sort key of a report in the indexes [`BY_AGE`], [`BY_NUMBER`] and [`IN_PROGRESS`].
pub(super) fn created_key(created_at: UtcTime, id: ReportId) -> String {
    format!("{created_at}#{id}")
}

/// Number of partitions of the index [`DUE`] for reports that workers process. With this many, the writes of submissions
/// and the reads of sweepers stay below the limit of one partition (1,000 write units a second: "Best practices for
/// designing and using partition keys effectively").
const REPORT_PARTITIONS: u8 = 8;

/// A partition of the sparse index [`DUE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuePartition {
    /// One of the partitions of reports that workers process, of webhooks and of tasks.
    Reports(u8),
    /// Reports that are erased. Very many may expire at the same time, and must not stand before reports that wait.
    Erasures,
}

impl DuePartition {
    /// Returns all partitions. That of erasures is the last one.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..REPORT_PARTITIONS).map(Self::Reports).chain([Self::Erasures])
    }

    /// Returns the partition of a report that workers process, or of a task for it.
    pub(super) fn of(id: ReportId) -> Self {
        // The last digit of every kind of id is random or part of a hash.
        let last = id.to_string().chars().last().and_then(|c| c.to_digit(16)).unwrap_or_default();
        Self::Reports(u8::try_from(last).unwrap_or_default() % REPORT_PARTITIONS)
    }

    /// Returns the partition of the expiry task of a tenant.
    pub(super) fn of_tenant(tenant: &Tenant) -> Self {
        let sum = tenant.to_string().bytes().fold(0, u8::wrapping_add);
        Self::Reports(sum % REPORT_PARTITIONS)
    }
}

/// The value of the partition key.
impl fmt::Display for DuePartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reports(number) => write!(f, "s{number}"),
            Self::Erasures => f.write_str("erasures"),
        }
    }
}
