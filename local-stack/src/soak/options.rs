//! Options of a soak: what it runs, and how.

use std::path::PathBuf;
use std::time::Duration;

use super::schedule::KillInterval;
use crate::stack::Options as StackOptions;

/// Fault rules of a soak if none are given (`--wire-fault`).
pub(crate) const DEFAULT_RULES: [&str; 2] = ["all=0.05", "Sqs.ReceiveMessage=repeat:0.1"];

/// Options of a soak.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Seed, faults and settings of the infrastructure. Without a fault proxy, the soak adds one with
    /// [`DEFAULT_RULES`].
    pub(crate) stack: StackOptions,
    /// Number of reports to submit.
    pub(crate) reports: u32,
    /// Number of API processes.
    pub(crate) apis: u16,
    /// Number of worker processes. [`StackOptions::slots`] is the number of reports that each one processes at
    /// a time.
    pub(crate) workers: u16,
    /// Maximum number of open reports. The clients submit no more until some have ended.
    pub(crate) backlog: u32,
    /// Time after which reports that are still open count as stuck.
    pub(crate) within: Duration,
    /// Lifetime of each process before it is killed.
    pub(crate) kill_every: KillInterval,
    /// Directory for the logs of the processes. Without one, the logs are kept only if an invariant is
    /// violated.
    pub(crate) logs: Option<PathBuf>,
}
