//! The reports of a load test, as the deployment records them.

use std::time::Duration;

use domain::lifecycle::Status;
use domain::time::UtcTime;

use crate::inspect::ReportItem;

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReportState {
    pub(super) id: String,
    pub(super) status: Status,
    /// Number of its last attempt.
    pub(super) attempt: u32,
    /// Number of model calls that were answered.
    pub(super) model_calls: u32,
    /// Code of the error that it failed with or is retried for.
    pub(super) error: Option<String>,
    pub(super) created_at: UtcTime,
    /// When a worker first claimed it.
    pub(super) started_at: Option<UtcTime>,
    pub(super) ended_at: Option<UtcTime>,
}

impl From<ReportItem> for ReportState {
    fn from(item: ReportItem) -> Self {
        Self {
            id: item.report_id,
            status: item.status,
            attempt: item.attempt,
            model_calls: item.usage.model_calls,
            error: item.error.map(|error| error.code),
            created_at: item.created_at,
            started_at: item.started_at,
            ended_at: item.ended_at,
        }
    }
}

/// The latency that the stand-ins add to a report, which is not Dossier's own.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct KnownLatency {
    /// Latency of each model call.
    pub(super) model: Duration,
    /// Latency of all sources together for one report. They are queried at the same time, each with one request
    /// after the other, so it is that of the source with the most requests.
    pub(super) sources: Duration,
}

impl KnownLatency {
    /// Returns the known latency of `report`.
    pub(super) fn of(self, report: &ReportState) -> Duration {
        self.model * report.model_calls + self.sources
    }
}
