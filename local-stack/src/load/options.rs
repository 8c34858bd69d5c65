//! Options of a load test: how submissions arrive, how many, and at which API.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::arrivals::Arrivals;
use crate::stack::Options as StackOptions;

/// Options of a load test.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) pace: Pace,
    pub(crate) limit: Limit,
    /// Whether to measure only the acceptance: no worker runs, and no report is followed.
    pub(crate) accept_only: bool,
    pub(crate) target: Target,
    /// Where the result is written as JSON, in addition to the tables.
    pub(crate) json: Option<JsonOutput>,
}

/// How submissions arrive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// Open loop: at scheduled times, whether or not earlier ones were answered.
    Open(Arrivals),
    /// Closed loop: each of the clients submits when its last submission was answered.
    Closed {
        /// Number of clients.
        clients: u16,
        /// Time over which the clients start, evenly distributed.
        ramp: Duration,
    },
}

/// When the submissions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// After this number of submissions.
    Reports(u64),
    /// After this time.
    Time(Duration),
}

impl Limit {
    /// Returns whether the submission `number`, counted from zero, is not made any more at the time `elapsed`
    /// after the start.
    pub(super) fn is_reached(self, number: u64, elapsed: Duration) -> bool {
        match self {
            Self::Reports(reports) => number >= reports,
            Self::Time(time) => elapsed >= time,
        }
    }

    /// Returns the number of submissions if it is known in advance.
    pub(super) fn reports(self) -> Option<u64> {
        match self {
            Self::Reports(reports) => Some(reports),
            Self::Time(_) => None,
        }
    }
}

/// The API that is loaded.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A local stack whose services are processes of their own.
    LocalStack(Box<LocalStackOptions>),
    /// Any deployment.
    Deployment {
        /// Base URL of its API.
        api: Url,
        /// File with one API key a line, each of which stands for one tenant.
        key_file: PathBuf,
    },
}

/// Options of a load test on a local stack.
#[derive(Debug, Clone)]
pub(crate) struct LocalStackOptions {
    /// Seed, faults and settings. [`StackOptions::slots`] is the number of reports that each worker processes
    /// at a time.
    pub(crate) stack: StackOptions,
    /// Number of tenants, which submit in turn.
    pub(crate) tenants: u16,
    /// Number of API processes, which receive the submissions in turn.
    pub(crate) api_processes: u16,
    /// Number of worker processes.
    pub(crate) worker_processes: u16,
    /// Time after the first submission at which one worker process is killed; `None` kills none.
    pub(crate) kill_worker_after: Option<Duration>,
}

/// Where the JSON goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JsonOutput {
    /// Standard output; everything else then goes to standard error.
    Stdout,
    /// A file, which is replaced.
    File(PathBuf),
}
