//! How long reports and their files are kept. One period covers all of it: the service records when an item
//! expires, and the lifecycle rules of the bucket delete objects after the same number of days.

use std::time::Duration;

use domain::{lifecycle::Status, report::Report, time::UtcTime};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The retention period.
///
/// S3 counts the days of an object from its creation and rounds up to the next midnight in UTC ("Lifecycle
/// configuration elements"). A report therefore counts from the last write before its files are stored: its
/// submission, a claim, or the record of a model call. Its files outlive it by at most a day and the time that
/// the last call and the last stages take, and never the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention(Duration);

impl Retention {
    /// Returns a period of `days`.
    pub fn from_days(days: u32) -> Self {
        Self(DAY * days)
    }

    /// Returns when a report expires that was worked on at `now`. DynamoDB's time to live has a resolution of
    /// one second.
    pub fn end(self, now: UtcTime) -> UtcTime {
        UtcTime::from_epoch_millis(now.plus(self.0).epoch_seconds() * 1000)
    }

    /// Returns when `report`, whose item states a time of expiry, expires. If the period was shortened since
    /// it ended, that is earlier than stated: the bucket applies the new period to existing files.
    pub(crate) fn applied_to(self, report: &Report) -> UtcTime {
        let last_work = match report.lifecycle.status {
            Status::Completed => report.began.render.or(report.ended_at),
            Status::Failed | Status::Cancelled => report.ended_at,
            Status::Pending | Status::Processing | Status::Unknown(_) => None,
        };
        last_work.map_or(report.expires_at, |at| report.expires_at.min(self.end(at)))
    }
}

/// Returns whether `report` exists for readers and writers at `now`: it has not expired, and nobody asked for its
/// erasure. DynamoDB deletes expired items some days later ("Using time to live (TTL) in DynamoDB"); until then they
/// are treated as deleted. A report that has not ended does not expire, nor does one under legal hold.
pub(crate) fn exists(report: &Report, now: UtcTime) -> bool {
    let has_expired =
        report.lifecycle.status.is_terminal() && report.expires_at <= now && report.legal_hold.is_none();
    !has_expired && report.erasure_requested_at.is_none()
}
