//! The stages of a report, and the times at which they began.

use serde::{Deserialize, Serialize};

use super::{
    time::UtcTime,
    unknown::{UnknownName, serialized_by_name},
};

/// A stage of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Waits for a worker.
    Queued,
    /// Queries the sources of evidence.
    Gather,
    /// Has the model assess the evidence, and checks its answer.
    Assess,
    /// Renders the report in each format.
    Render,
    /// Stores the artifacts.
    Publish,
    /// The report has ended.
    Done,
    /// A stage that only a later version knows.
    Unknown(UnknownName),
}

serialized_by_name!(Stage, "A stage of a report.");

impl Stage {
    /// Every stage of this version, in order.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Gather, Self::Assess, Self::Render, Self::Publish, Self::Done];

    /// Returns the name used in the API, traces and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Gather => "gather",
            Self::Assess => "assess",
            Self::Render => "render",
            Self::Publish => "publish",
            Self::Done => "done",
            Self::Unknown(name) => name.as_str(),
        }
    }

    /// Returns the progress of a report that has reached this stage.
    pub fn progress(self) -> Progress {
        let (percent, message) = match self {
            Self::Queued => (0, "Waiting for a worker"),
            Self::Gather => (10, "Querying the sources of evidence"),
            Self::Assess => (40, "Assessing the evidence"),
            Self::Render => (80, "Writing the report"),
            Self::Publish => (90, "Storing the report"),
            Self::Done => (100, "The report is ready"),
            Self::Unknown(_) => (0, "Being processed by a later version"),
        };
        Progress { stage: self, percent, message: message.to_owned() }
    }
}

/// The progress of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The current stage.
    pub stage: Stage,
    /// The progress in percent, from 0 to 100.
    #[cfg_attr(feature = "openapi", schema(maximum = 100))]
    pub percent: u8,
    /// A description of the current stage.
    pub message: String,
}

/// When each stage that a worker carries out last began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is named after its stage")]
pub struct StagesBegan {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gather: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assess: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub render: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish: Option<UtcTime>,
}

impl StagesBegan {
    /// Returns these times, and those of `earlier` for stages without one.
    #[must_use]
    pub fn or(self, earlier: Self) -> Self {
        Self {
            gather: self.gather.or(earlier.gather),
            assess: self.assess.or(earlier.assess),
            render: self.render.or(earlier.render),
            publish: self.publish.or(earlier.publish),
        }
    }

    /// Returns these times with `time` as the beginning of `stage`. Stages in which no worker works have no such
    /// time.
    #[must_use]
    pub fn with(self, stage: Stage, time: UtcTime) -> Self {
        let time = Some(time);
        match stage {
            Stage::Gather => Self { gather: time, ..self },
            Stage::Assess => Self { assess: time, ..self },
            Stage::Render => Self { render: time, ..self },
            Stage::Publish => Self { publish: time, ..self },
            Stage::Queued | Stage::Done | Stage::Unknown(_) => self,
        }
    }
}
