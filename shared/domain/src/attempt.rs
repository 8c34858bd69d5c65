//! An attempt to write a report: when each of its stages began, and how it ended.

use serde::{Deserialize, Serialize};

use super::{
    stage::StagesBegan,
    time::UtcTime,
    unknown::{UnknownName, serialized_by_name},
};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It has not ended.
    Running,
    /// It completed the report.
    Completed,
    /// It met a transient error, and the report waited for the next attempt.
    Retried,
    /// Its worker drained, or left the report to a worker of a later version.
    Released,
    /// Its worker vanished: the lease expired without an end.
    Lost,
    /// The report failed with it.
    Failed,
    /// The report was cancelled during it.
    Cancelled,
    /// An outcome that only a later version knows.
    Unknown(UnknownName),
}

serialized_by_name!(AttemptOutcome, "How an attempt ended.");

impl AttemptOutcome {
    /// Every outcome of this version.
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::Completed,
        Self::Retried,
        Self::Released,
        Self::Lost,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Returns the name used in the API and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Retried => "retried",
            Self::Released => "released",
            Self::Lost => "lost",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown(name) => name.as_str(),
        }
    }
}

/// An attempt to write a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Its number, counted from 1.
    pub attempt: u32,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// When its stages began.
    pub began: StagesBegan,
    /// When it ended; `None` while it runs. A worker that vanished ended it when its lease expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<UtcTime>,
    /// The code of the error that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}
